package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// memoryReach dials a server in this process.
type memoryReach struct{ server *session.Server }

func (r memoryReach) Dial(context.Context, string, string) (transport.Link, error) {
	near, far := transport.Pipe()
	go func() {
		r.server.ServeLink(context.Background(), far)
		far.Close("over")
	}()
	return near, nil
}

func (r memoryReach) Known() []session.KnownPeer               { return nil }
func (r memoryReach) Pin(transport.Link, string, string) error { return nil }

// A live screen is an App on a real engine, driven by hand: the test polls.
type live struct {
	*testing.T
	app         *App
	engine      *session.Engine
	here, there string
	worst       time.Duration // from a key or a poll to the frame
}

func newLive(t *testing.T, w, h int) *live {
	l := &live{T: t, here: t.TempDir(), there: t.TempDir()}
	dir, err := session.OpenDir(l.there)
	if err != nil {
		t.Fatal(err)
	}
	l.engine = session.NewEngine(session.EngineConfig{Reach: memoryReach{session.NewServer(session.ServerConfig{Tree: dir})}})
	t.Cleanup(func() { l.engine.Close(); dir.Close() })
	peer, err := l.engine.Connect(t.Context(), "peer", "")
	if err != nil {
		t.Fatal(err)
	}
	at, err := session.NewHost().PathOf(l.here)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	l.app = newApp(ctx, l.engine, Options{Left: Location{Dir: at}, Right: &Location{Place: peer}})
	l.app.tick = func(time.Duration, func(time.Time) tea.Msg) tea.Cmd { return nil }
	l.app.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return l
}

// send hands over a message, and carries out what comes of it.
func (l *live) send(msg tea.Msg) {
	begun := time.Now()
	_, cmd := l.app.Update(msg)
	l.app.View()
	l.worst = max(l.worst, time.Since(begun))
	l.do(cmd)
}

func (l *live) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			l.do(c)
		}
	default:
		l.send(msg)
	}
}

func (l *live) press(keys ...string) {
	for _, k := range keys {
		l.send(keyMsg(k))
	}
}

// until polls until something is so.
func (l *live) until(what string, so func() bool) {
	l.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !so(); {
		if time.Now().After(deadline) {
			l.Fatalf("%s: not in time\n%+v", what, l.app.queue.sum)
		}
		begun := time.Now()
		l.do(l.app.pollNow())
		<-time.After(time.Since(begun)) // the test takes half of a core at the most
	}
}

// TestTenThousandConflicts: they hold nothing up, and three keys answer them.
func TestTenThousandConflicts(t *testing.T) {
	if testing.Short() {
		t.Skip("makes twenty thousand files")
	}
	const taken, free = 10_000, 200
	l := newLive(t, 100, 30)
	put := func(dir, name, content string, at time.Time) {
		full := filepath.Join(dir, "many", name)
		os.MkdirAll(filepath.Dir(full), 0o755)
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Chtimes(full, at, at)
	}
	for i := range taken {
		put(l.here, fmt.Sprintf("f%05d", i), fmt.Sprintf("new %d", i), testNow)
		put(l.there, fmt.Sprintf("f%05d", i), "old", testNow.Add(-time.Hour))
	}
	for i := range free {
		put(l.here, fmt.Sprintf("g%05d", i), fmt.Sprintf("free %d", i), testNow)
	}
	l.do(l.app.start())
	l.press("down", "c", "enter")
	q := &l.app.queue
	l.until("all conflicts are parked, all other files over", func() bool {
		return len(q.live) == 1 && q.live[0].Asking == taken && q.live[0].FilesDone == free
	})
	for i := range free {
		l.holds(fmt.Sprintf("g%05d", i), fmt.Sprintf("free %d", i))
	}
	l.holds("f00000", "old")

	l.press("3", "a", "o") // the three keys

	for _, key := range []string{"l", "h", "i", "esc", "down", "up", "enter", "esc"} {
		l.press(key) // and meanwhile the screen goes on
	}
	l.until("everything is over", func() bool { return len(q.ended) == 1 })
	if tr := q.ended[0]; tr.State != session.StateDone || tr.Failures > 0 || tr.FilesDone != taken+free {
		t.Errorf("it ended as %v with %d failures and %d files", tr.State, tr.Failures, tr.FilesDone)
	}
	for i := range taken {
		l.holds(fmt.Sprintf("f%05d", i), fmt.Sprintf("new %d", i))
	}
	if names, _ := os.ReadDir(filepath.Join(l.there, "many")); len(names) != taken+free {
		t.Errorf("%d files are there, want %d", len(names), taken+free)
	}
	t.Logf("the slowest frame took %v", l.worst)
	if l.worst > 10*time.Second { // other tests run beside it
		t.Errorf("the slowest frame took %v", l.worst)
	}
}

func (l *live) holds(name, content string) {
	l.Helper()
	if got, err := os.ReadFile(filepath.Join(l.there, "many", name)); err != nil || string(got) != content {
		l.Errorf("%s: %q, %v; want %q", name, got, err, content)
	}
}

// TestHistoryIsFound: what somebody types is found by a real engine.
func TestHistoryIsFound(t *testing.T) {
	l := newLive(t, 100, 30)
	for _, name := range []string{"alpha[1].mkv", "beta.txt"} {
		full := filepath.Join(l.here, name)
		if err := os.WriteFile(full, []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l.do(l.app.start())
	l.press("c", "enter", "down", "c", "enter")
	q := &l.app.queue
	l.until("both are over", func() bool { return len(q.ended) == 2 })
	l.press("3", "/")
	dir := filepath.Base(l.here)
	for _, c := range []struct {
		typed string
		found int
	}{
		{"alpha", 1}, {"*.txt", 1}, {"[1]", 1}, {"done", 2}, {"failed", 0}, {"gamma", 0}, {dir + "/beta", 1}, {"@peer", 2}, {"@other", 0}, {"1999-01", 0},
	} {
		l.do(searchHistory(c.typed).do(l.app))
		if n := len(q.past.rows); n != c.found {
			t.Errorf("%q finds %d, want %d", c.typed, n, c.found)
		}
	}
}
