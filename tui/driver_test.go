package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// testNow is when all tests of the screen take place.
var testNow = time.Date(2026, 11, 21, 21, 14, 7, 0, time.UTC)

// A driver runs an App by hand: keys and polls go through Update, and commands
// are carried out at once, before the next key.
type driver struct {
	t       testing.TB
	app     *App
	engine  *fakeEngine
	quit    bool
	cleared int
	raw     []string // what went to the terminal beside the frames

	suspended bool
	poll      func(time.Time) tea.Msg // the next poll, which the test sets off
	after     time.Duration
	laters    []laterOn // what else was put off, oldest first
}

func path(t testing.TB, s string) session.Path {
	t.Helper()
	p, err := session.ParsePath(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newDriver opens the screen on ~/Films and nas-attic:/pool/films.
func newDriver(t testing.TB, w, h int, change ...func(*fakeEngine, *Options)) *driver {
	t.Helper()
	e := newFakeEngine()
	e.now = func() time.Time { return testNow }
	opts := Options{
		Left:  Location{Dir: path(t, "home/Films")},
		Right: &Location{Place: 1, Dir: path(t, "pool/films")},
		Home:  path(t, "home"),
	}
	for _, f := range change {
		f(e, &opts)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	d := &driver{t: t, engine: e, app: newApp(ctx, e, opts)}
	d.app.now = e.now
	d.app.tick = func(after time.Duration, f func(time.Time) tea.Msg) tea.Cmd {
		d.poll, d.after = f, after
		return nil
	}
	d.app.later = d.putOff
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.run(d.app.start())
	d.app.View()
	return d
}

// send hands over a message and carries out what comes of it.
func (d *driver) send(msg tea.Msg) {
	_, cmd := d.app.Update(msg)
	d.run(cmd)
	d.app.View()
}

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	case tea.QuitMsg:
		d.quit = true
	case tea.SuspendMsg:
		d.suspended = true
	case tea.RawMsg:
		d.raw = append(d.raw, fmt.Sprint(msg.Msg))
	default:
		if msg == tea.ClearScreen() {
			d.cleared++
			return
		}
		d.send(msg)
	}
}

// press presses keys by the names of the key table.
func (d *driver) press(keys ...string) {
	for _, k := range keys {
		d.send(keyMsg(k))
	}
}

// write types text.
func (d *driver) write(text string) {
	for _, r := range text {
		d.send(tea.KeyPressMsg{Text: string(r), Code: r})
	}
}

// tick lets the transfers move on and the screen look at them.
func (d *driver) tick(bytes int64) {
	d.engine.step(bytes)
	d.look()
}

// wait lets time go by.
func (d *driver) wait(by time.Duration) {
	now := d.engine.now().Add(by)
	d.engine.now = func() time.Time { return now }
	d.app.now = d.engine.now
	d.look()
}

func (d *driver) look() { d.send(d.poll(testNow)) }

// screen returns the rows as they stand there.
func (d *driver) screen() []string {
	d.app.View()
	return d.app.grid.Plain()
}

func (d *driver) shows(text string) bool {
	return slices.ContainsFunc(d.screen(), func(row string) bool { return strings.Contains(row, text) })
}

func (d *driver) wantShown(texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if !d.shows(text) {
			d.t.Errorf("the screen does not show %q:\n%s", text, strings.Join(d.screen(), "\n"))
		}
	}
}

func (d *driver) wantCalls(want ...string) {
	d.t.Helper()
	d.engine.mu.Lock()
	defer d.engine.mu.Unlock()
	if !slices.Equal(d.engine.calls, want) {
		d.t.Errorf("the engine was asked %q, want %q", d.engine.calls, want)
	}
}

// cursorName is the name under the cursor of the pane that has the keys.
func (d *driver) cursorName() string {
	r, ok := d.app.pane().at(d.app.pane().cursor)
	switch {
	case !ok:
		return ""
	case r.parent:
		return ".."
	}
	return r.entry.Name
}

// names are the entries shown in a pane, ghosts included.
func (d *driver) names(side int) []string {
	p := &d.app.panes[side]
	var out []string
	for i := range p.len() {
		if r, _ := p.at(i); !r.parent {
			out = append(out, r.entry.Name)
		}
	}
	return out
}

// tagged are the tagged names of a pane, in the order of their arrival.
func (d *driver) tagged(side int) []string {
	p := &d.app.panes[side]
	var out []string
	for id := range p.tags.All() {
		out = append(out, p.store.Name(id))
	}
	return out
}

// fill puts entries into a pane as if they had been read.
func fill(p *pane, entries ...session.Entry) {
	in := newIntake()
	for _, e := range entries {
		in.add(e)
	}
	in.end(nil)
	p.store = new(listing.Store)
	p.take(sorted(in, &listing.Sorter{}))
	p.rows, _ = listing.Plain(&p.store.Snapshot, p.base, p.view)
}

// lateMsg is a part of what a pane is reading now.
func lateMsg(p *pane, name string) listedMsg {
	in := newIntake()
	in.add(session.Entry{Name: name})
	in.end(nil)
	return listedMsg{side: p.side, gen: p.load.gen, part: sorted(in, &listing.Sorter{})}
}
