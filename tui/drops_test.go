package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/charmbracelet/x/ansi"
)

// Drop implements session.Box.
func (t *fakeTree) Drop(_ context.Context, p session.Path) (session.BoxedDrop, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name, _, _ := strings.Cut(p.Raw(), "/")
	for _, d := range t.drops {
		if p.IsRoot() && d.Ours || d.Name == strings.TrimSuffix(name, ".txt") {
			return d, nil
		}
	}
	return session.BoxedDrop{}, &session.Error{Kind: session.NotFound, Path: p, Err: errors.New("there is no such drop")}
}

// asBox makes a drop box of the place in the right pane.
func asBox(e *fakeEngine, o *Options) {
	p, box := &e.places[1], newFakeTree()
	p.Name, p.Target, p.Key, p.Choice.Lanes, p.Pinned, p.Box = "drops://relay.example:6768", "drops://relay.example:6768", "", 0, true, true
	box.drops = []session.BoxedDrop{
		{
			Name: "film.mkv 3f9ac210", Ours: true, Stored: testNow.AddDate(0, 0, -1), Expires: testNow.AddDate(0, 0, 6), Downloads: 2,
			Tags: []string{"films", "for anna"}, Ticket: "bgticket_" + strings.Repeat("abcdefgh", 22), Link: "https://relay.example/#" + strings.Repeat("k", 43),
		},
		{Name: "from anna, report.pdf 77d0e1b4", Stored: testNow.AddDate(0, 0, -3), Expires: testNow.AddDate(0, 0, 4), Downloads: -1, From: "anna"},
	}
	for _, d := range box.drops {
		box.put("", session.Entry{Name: d.Name, Kind: session.Directory, Mode: 0o700, Modified: d.Stored})
		if d.Ours {
			box.put("", session.Entry{Name: d.Name + ".txt", Size: 201, Mode: 0o600, Modified: d.Stored})
		}
	}
	e.trees[1], o.Right, o.Store = box, &Location{Place: 1}, fakeStoreDesk{"anna", "nas"}
}

// A fakeStoreDesk knows spans as Go writes them, and these receivers.
type fakeStoreDesk []string

func (fakeStoreDesk) KeepFor(typed string) (time.Duration, error) {
	if typed == usualKeep {
		return 7 * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(typed)
	if err != nil {
		err = errors.New("is neither a span of time nor a date")
	}
	return d, err
}

func (d fakeStoreDesk) Receivers() []string { return slices.Clone(d) }

func init() {
	away := &session.Error{Kind: session.Unreachable, Side: session.Relay, Err: errors.New("no relay there")}
	scenes = append(scenes,
		scene{"store", asBox, func(d *driver) { d.press("down", "c") }},
		scene{"store-wrong", asBox, func(d *driver) { d.press("down", "c", "tab"); d.write("1001"); d.press("tab", "right", "enter") }},
		scene{"drop-ticket", asBox, func(d *driver) { d.press("tab", "W") }},
		scene{"drop-for-us", asBox, func(d *driver) { d.press("tab", "down", "W") }},
		scene{"drop-revoke", asBox, func(d *driver) { d.press("tab", "U") }},
		scene{"box-away", func(e *fakeEngine, o *Options) {
			asBox(e, o)
			e.trees[1].fail = map[string]error{"": away}
			e.trees[1].holds("", nil)
		}, func(d *driver) { d.press("tab") }},
	)
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes B": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.wantShown("no relay was added here")
			d.engine.known = append(d.engine.known, session.KnownPeer{Name: "drops://relay.example", Box: true})
			d.press(key...)
			d.wantCalls("connect drops://relay.example ")
		},
		"panes W": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.wantShown("no pane shows a drop box: B opens one")
		},
		"panes U": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.wantShown("no pane shows a drop box: B opens one")
		},
	})
}

// What is copied into a drop box is stored on the terms that were typed; without any they
// are those of the command line.
func TestStoreDialog(t *testing.T) {
	d := newDriver(t, 100, 30, asBox)
	d.press("down", "c")
	d.wantShown("Store at drops://relay.example:6768", "7d", "anybody who has the ticket")
	d.press("enter")
	terms := func() session.DropTerms {
		all := d.engine.Transfers()
		return all[len(all)-1].Job.Options.Drop
	}
	if got := terms(); got.TTL != 7*24*time.Hour || got.Downloads != 0 || got.To != "" || got.Tags != nil {
		t.Errorf("%+v", got)
	}
	d.press("c", "ctrl+u")
	d.write("soon")
	d.press("enter")
	d.wantShown("soon is neither a span of time nor a date")
	d.press("ctrl+u")
	d.write("12h")
	d.press("tab")
	d.write("3")
	d.press("tab", "right", "right", "tab")
	d.write("a, b,a,")
	d.press("enter")
	if got := terms(); got.TTL != 12*time.Hour || got.Downloads != 3 || got.To != "nas" || !slices.Equal(got.Tags, []string{"a", "b"}) {
		t.Errorf("%+v", got)
	}
	calls := len(d.engine.calls)
	d.press("c", "esc")
	d.press("m")
	d.wantShown("files are copied: c")
	d.press("tab", "enter", "tab", "c")
	d.wantShown("a drop stays as it is")
	if len(d.engine.calls) != calls {
		t.Errorf("%q", d.engine.calls[calls:])
	}
}

// The ticket is shown and handed to the clipboard, of the drop under the cursor or, from
// the other pane, of the last one; what is ours is revoked, after a question.
func TestDropTicket(t *testing.T) {
	d := newDriver(t, 100, 30, asBox)
	box := d.engine.trees[1]
	ours := box.drops[0]
	d.press("W")
	d.wantShown("film.mkv 3f9ac210", "2 more may take it", "films, for anna", "https://relay.example/#kkk")
	d.raw = nil
	d.press("y", "u")
	if want := []string{ansi.SetClipboard('c', ours.Ticket), ansi.SetClipboard('c', ours.Link)}; !slices.Equal(d.raw, want) {
		t.Errorf("%q", d.raw)
	}
	d.wantShown("the link was sent to the terminal's clipboard")
	d.press("esc", "U")
	d.wantShown("the cursor is on no drop")
	d.press("tab", "down", "W")
	d.wantShown("anna, whose key is known")
	if d.shows("bgticket_") {
		t.Error("a ticket of what is not ours")
	}
	d.press("esc", "U")
	d.wantShown("stored by somebody else")
	d.press("end", "U") // its ticket
	d.wantShown("Revoke film.mkv 3f9ac210?")
	d.press("enter", "y")
	if want := []string{"remove /film.mkv 3f9ac210 recursive=true"}; !slices.Equal(box.calls, want) {
		t.Errorf("%q", box.calls)
	}
}

// With several boxes one is chosen; the only one that is open is shown.
func TestOpenDropBox(t *testing.T) {
	d := newDriver(t, 100, 30, asBox)
	d.press("B")
	if d.app.panes[0].place != 1 {
		t.Error("the box is not shown")
	}
	d = newDriver(t, 100, 30)
	d.engine.known = append(d.engine.known, session.KnownPeer{Name: "drops://a", Address: "a", Box: true}, session.KnownPeer{Name: "drops://b", Address: "b", Box: true})
	d.press("B", "down", "enter")
	d.wantCalls("connect drops://b ")
}

// A pane whose directory could not be read for a reason that passes says so, keeps what
// it showed, and reads again by itself, less and less often; but not what somebody gave up.
func TestPaneTriesAgain(t *testing.T) {
	d := newDriver(t, 100, 30, asBox)
	box := d.engine.trees[1]
	lists := func() int {
		box.mu.Lock()
		defer box.mu.Unlock()
		return box.lists
	}
	box.mu.Lock()
	box.fail = map[string]error{"": &session.Error{Kind: session.Unreachable, Err: errors.New("no relay there")}}
	box.dirs, box.was = map[string][]session.Entry{"": nil}, box.dirs
	box.mu.Unlock()
	d.press("tab", "r")
	d.wantShown("stale, not reached", "from anna, report.pdf", "not reached: it is tried again")
	reads := lists()
	for range 20 {
		d.wait(time.Second)
	}
	if n := lists() - reads; n < 3 || n > 6 {
		t.Errorf("read %d times in 20 s", n)
	}
	box.mu.Lock()
	box.fail, box.dirs = nil, box.was
	box.mu.Unlock()
	d.wait(lastRetry)
	if d.shows("stale") || !d.shows("from anna, report.pdf") {
		t.Errorf("it does not come back:\n%s", strings.Join(d.screen(), "\n"))
	}
	d.wantShown("it answers again")
	p := d.app.pane()
	p.err, reads = errGivenUp, lists()
	d.wait(time.Minute)
	if lists() != reads {
		t.Error("what was given up is read again")
	}
}
