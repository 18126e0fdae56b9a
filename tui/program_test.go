package tui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/charmbracelet/x/vt"
)

// TestMain starts the runtime's signal loop, which would else belong to the
// bubble of the first test that needs it and never end.
func TestMain(m *testing.M) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	signal.Stop(c)
	os.Exit(m.Run())
}

// A bed is a program on a terminal in memory, in a bubble of synctest. What the
// terminal answers to queries reaches the program as if it had been typed.
type bed struct {
	t      *testing.T
	app    *App
	model  watched
	engine *fakeEngine
	term   *memoryTerminal
	keys   *io.PipeWriter
	prog   *tea.Program
	cancel context.CancelFunc
	over   chan error
}

func newBed(t *testing.T, w, h int, change ...func(*Options)) *bed {
	t.Helper()
	b := &bed{t: t, engine: newFakeEngine(), term: newMemoryTerminal(w, h), over: make(chan error, 1)}
	input, keys := io.Pipe()
	b.keys = keys
	opts := Options{
		Left: Location{Dir: path(t, "home/Films")}, Right: &Location{Place: 1, Dir: path(t, "pool/films")},
		Home: path(t, "home"), Input: input, Output: b.term, Environ: []string{"TERM=xterm-256color"},
	}
	for _, f := range change {
		f(&opts)
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	out := newOutput(b.term)
	b.app = newApp(ctx, b.engine, opts)
	b.app.out = out
	b.model.App = b.app
	b.prog = tea.NewProgram(&b.model, append(programOptions(opts, out), tea.WithWindowSize(w, h))...)
	go io.Copy(keys, b.term.vt)
	go func() {
		_, err := b.prog.Run()
		cancel()
		out.Close()
		b.over <- err
	}()
	b.settle()
	return b
}

// watched is an App that a test may look at while it runs.
type watched struct {
	*App
	mu   sync.Mutex
	rows []string // as drawn last
}

func (w *watched) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, cmd := w.App.Update(msg)
	return w, cmd
}

func (w *watched) View() tea.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.App.View()
	w.rows = w.App.grid.Plain()
	return v
}

// look lets f look at the App while nothing else does.
func (w *watched) look(f func(*App)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.App)
}

func (w *watched) drawn() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.rows)
}

// settle waits until everything rests and all frames are out.
func (b *bed) settle() {
	synctest.Wait()
	<-time.After(100 * time.Millisecond)
	synctest.Wait()
}

func (b *bed) press(keys ...string) {
	raw := map[string]string{"down": "\x1b[B", "up": "\x1b[A", "enter": "\r", "tab": "\t", "esc": "\x1b", "space": " ", "pgdown": "\x1b[6~"}
	for _, k := range keys {
		s, ok := raw[k]
		if !ok {
			s = k
		}
		io.WriteString(b.keys, s)
		b.settle()
	}
}

// tick lets the transfers move on, and waits until the screen has looked.
func (b *bed) tick(n int64) {
	b.engine.step(n)
	<-time.After(time.Second)
	b.settle()
}

func (b *bed) resize(w, h int) {
	b.term.resize(w, h)
	b.prog.Send(tea.WindowSizeMsg{Width: w, Height: h})
}

// end quits and sees that nothing is left behind.
func (b *bed) end() {
	b.t.Helper()
	b.cancel()
	if err := <-b.over; err != nil {
		b.t.Errorf("the program ended with %v", err)
	}
	b.keys.Close()
	b.term.vt.Close()
	<-time.After(2 * idleInterval) // the last poll is still asleep
}

// wantPainted compares what the terminal shows with what was drawn. A poll may
// have drawn at this very moment, so that its frame is still to come: the
// renderer writes 60 in a second.
func (b *bed) wantPainted(when string, texts ...string) {
	b.t.Helper()
	if !slices.Equal(b.term.rows(), trimmed(b.model.drawn())) {
		<-time.After(time.Second / 60)
		synctest.Wait()
	}
	got, want := b.term.rows(), trimmed(b.model.drawn())
	if a, b2 := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b2 {
		b.t.Errorf("%s: the terminal shows\n%s\nbut drawn was\n%s", when, a, b2)
	}
	for _, text := range texts {
		if !strings.Contains(strings.Join(got, "\n"), text) {
			b.t.Errorf("%s: %q is not shown:\n%s", when, text, strings.Join(got, "\n"))
		}
	}
}

// trimmed drops the blanks at the ends of rows.
func trimmed(rows []string) []string {
	for y := range rows {
		rows[y] = strings.TrimRight(rows[y], " ")
	}
	return rows
}

// memoryTerminal is an emulator that counts bytes, and can stop reading.
type memoryTerminal struct {
	mu      sync.Mutex
	vt      *vt.Emulator
	written int
	gate    chan struct{} // while it is not nil, writing waits for it
}

func newMemoryTerminal(w, h int) *memoryTerminal { return &memoryTerminal{vt: vt.NewEmulator(w, h)} }

func (m *memoryTerminal) Write(p []byte) (int, error) {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		<-gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written += len(p)
	// Bubble Tea takes what is no tty for one that makes CR LF of LF.
	m.vt.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), nil
}

func (m *memoryTerminal) stall() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gate = make(chan struct{})
}

func (m *memoryTerminal) read() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.gate)
	m.gate = nil
}

func (m *memoryTerminal) resize(w, h int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.vt.Resize(w, h)
}

func (m *memoryTerminal) bytes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.written
}

// rows is what the terminal shows, without blanks at the ends.
func (m *memoryTerminal) rows() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := make([]string, m.vt.Height())
	for y := range rows {
		var b strings.Builder
		for x := range m.vt.Width() {
			if c := m.vt.CellAt(x, y); c != nil && c.Width > 0 {
				b.WriteString(c.Content)
			} else if c == nil {
				b.WriteByte(' ')
			}
		}
		rows[y] = b.String()
	}
	return trimmed(rows)
}

func TestTerminalShowsTheStory(t *testing.T) {
	for _, size := range sizes[1:] {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, size[0], size[1])
				b.wantPainted("start", "~/Films", "Arrival")
				b.press("down", "space", "space", "space", "c")
				b.wantPainted("the question", "Copy 3 items")
				b.press("enter")
				b.tick(10 << 30)
				b.wantPainted("running", "24%")
				b.press("tab", "pgdown")
				b.wantPainted("the other pane", "Vertigo.1958.mkv")
				b.engine.conflict = "library.sqlite"
				b.tick(31<<30 + 1<<29)
				b.press("3")
				b.wantPainted("a conflict", "? ")
				b.press("x")
				b.wantPainted("another question", "Cancel")
				b.press("esc", "esc", "?")
				b.wantPainted("the help", "Keys")
				b.press("esc")
				b.engine.change("fail", 1, func(t *session.Transfer) {
					t.State, t.Streams, t.Active, t.Conflicts, t.Asking = session.StateFailed, nil, nil, nil, 0
					t.Err = session.NoSpace
				})
				b.tick(0)
				b.wantPainted("an error", "the disk is full")
				b.end()
			})
		})
	}
}

// TestResizeStorm holds F104.
func TestResizeStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 80, 24)
		b.press("down", "down", "c", "enter", "down", "down", "down", "down", "down", "down", "c", "enter")
		b.tick(5 << 30)
		rnd := rand.New(rand.NewPCG(9, 10))
		for round := range 8 {
			for range 10 {
				b.resize(30+rnd.IntN(150), 8+rnd.IntN(50))
				synctest.Wait()
				if rnd.IntN(3) == 0 {
					b.settle()
				}
			}
			b.settle()
			b.wantPainted(fmt.Sprintf("after storm %d", round))
		}
		b.end()
	})
}

// What the line to a slow terminal carries, at 80x24.
func TestBytesPerAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 80, 24)
		spent := func(f func()) int {
			before := b.term.bytes()
			f()
			b.settle()
			return b.term.bytes() - before
		}
		within := func(what string, n, budget int) {
			t.Logf("%s: %d bytes", what, n)
			if n > budget {
				t.Errorf("%s sends %d bytes, at most %d", what, n, budget)
			}
		}
		b.engine.tremble(true)
		within("a minute of rest", spent(func() { <-time.After(time.Minute) }), 0)
		b.engine.tremble(false)
		within("the cursor", spent(func() { b.press("down") }), 150)
		within("a tag", spent(func() { b.press("space") }), 250)
		b.press("c", "enter")
		within("the first second, looked at more often", spent(func() {
			for range freshFor / freshInterval {
				b.engine.step(30 << 20)
				<-time.After(freshInterval)
			}
		}), 4<<10)
		b.tick(1 << 28)
		ticks := 0
		for range 8 {
			ticks += spent(func() { b.tick(300 << 20) })
		}
		within("a second of progress", ticks/8, 600)
		within("a second without progress", spent(func() { <-time.After(time.Second) }), 0)
		b.end()
	})
}

func TestStalledTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 160, 48)
		b.term.stall()
		dropped := false
		for n := 0; n < 40 && !dropped; n++ {
			b.press("?", "q") // the help, which covers a good part of the screen, and away
			b.app.out.mu.Lock()
			held := len(b.app.out.backlog)
			dropped = dropped || b.app.out.dropping
			b.app.out.mu.Unlock()
			if held > maxBacklog {
				t.Fatalf("%d bytes are held for a terminal that does not read", held)
			}
		}
		if !dropped {
			t.Error("nothing was dropped: the test does not test")
		}
		b.press("c", "enter")
		b.tick(1 << 30)
		if n := len(b.engine.Transfers()); n != 1 {
			t.Errorf("%d transfers were started while the terminal stood still, want 1", n)
		}
		b.term.read()
		b.settle()
		b.settle()
		b.wantPainted("after the terminal reads again")
		b.end()
	})
}

func TestEndsWhileTheTerminalIsStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 80, 24)
		b.term.stall()
		b.press("down", "down")
		before := time.Now()
		b.end()
		if took := time.Since(before); took > 3*time.Second {
			t.Errorf("it took %v to end", took)
		}
		b.term.read()
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		input, keys := io.Pipe()
		over := make(chan error)
		go func() {
			over <- Run(ctx, newFakeEngine(), Options{Input: input, Output: io.Discard, Environ: []string{"TERM=dumb"}})
		}()
		synctest.Wait()
		cancel()
		if err := <-over; err != nil {
			t.Errorf("Run returned %v", err)
		}
		keys.Close()
		<-time.After(2 * idleInterval)
	})
}
