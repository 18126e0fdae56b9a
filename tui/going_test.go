package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes [": func(t *testing.T, d *driver, key []string) {
			d.press("enter", "down")
			d.press(key...)
			wantDir(t, d, 0, "home/Films")
			wantCursor(t, d, "Series")
		},
		"panes ]": func(t *testing.T, d *driver, key []string) {
			d.press("enter", "down", "[")
			d.press(key...)
			wantDir(t, d, 0, "home/Films/Series")
			wantCursor(t, d, "pilot.mkv")
		},
		"panes p": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.wantShown("Go to", "Series/")
			d.write("Ser")
			d.press("tab", "enter")
			wantDir(t, d, 0, "home/Films/Series")
		},
		"panes '": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.write("s")
			wantCursor(t, d, "Series") // where it is
			d.press("'", "'")
			wantCursor(t, d, "Stalker.1979.mkv")
			d.press("enter")
			if d.app.ask != nil {
				t.Error("Enter does not end it")
			}
		},
		"panes Y": func(t *testing.T, d *driver, key []string) {
			d.engine.trees[1].put("pool/films", session.Entry{Name: "Series", Kind: session.Directory})
			d.press(key...)
			d.wantShown(" sync ")
			d.press("enter")
			wantDir(t, d, 1, "pool/films/Series")
			d.press("backspace")
			wantDir(t, d, 1, "pool/films")
			d.press(key...)
			if d.press("enter"); d.shows(" sync ") {
				t.Error("it does not end")
			}
			wantDir(t, d, 1, "pool/films")
		},
		"panes w": func(t *testing.T, d *driver, key []string) {
			d.press("space")
			d.press(key...)
			wantDir(t, d, 0, "pool/films")
			wantDir(t, d, 1, "home/Films")
			wantFocus(t, d, onRight)
			if !d.app.panes[1].isTagged("Series") {
				t.Error("the tags stayed behind")
			}
			if d.press("c", "enter"); len(d.engine.calls) != 1 || !strings.HasSuffix(d.engine.calls[0], "/Series to 1:/pool/films") {
				t.Errorf("the engine was asked %q", d.engine.calls)
			}
		},
		"panes N": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.write("notes")
			d.press("enter")
			wantCursor(t, d, "notes")
			d.press(key...)
			d.write("notes")
			d.press("enter")
			d.wantShown("the name is taken")
		},
	})
	scenes = append(scenes,
		scene{name: "goto", play: func(d *driver) { d.press("p"); d.write("/home/Films/S") }},
		scene{name: "goto-missing", play: func(d *driver) { d.press("p"); d.write("/home/Films/1999/new"); d.press("enter") }},
		scene{name: "sync", play: func(d *driver) { d.press("Y", "enter") }},
	)
}

func wantDir(t *testing.T, d *driver, side int, dir string) {
	t.Helper()
	if got := d.app.panes[side].dir.Raw(); got != dir {
		t.Errorf("pane %d shows %q, want %q", side, got, dir)
	}
}

// Back and forward lead through places too, and show a long directory at the
// line where it was left.
func TestTrailRestoresPlaceAndLine(t *testing.T) {
	d := newDriver(t, 80, 24)
	var many []session.Entry
	for i := range 300 {
		many = append(many, session.Entry{Name: fmt.Sprintf("d%03d", i), Kind: session.Directory})
	}
	tree := d.engine.trees[session.Here]
	tree.put("home", session.Entry{Name: "many", Kind: session.Directory})
	tree.put("home/many", many...)
	d.press("p")
	d.write("/home/many")
	d.press("enter", "pgdown", "pgdown", "pgdown", "up", "up")
	p := &d.app.panes[0]
	name, line := d.cursorName(), p.cursor-p.top
	if line == 0 {
		t.Fatal("the cursor stands on the first line: the test shows nothing")
	}
	d.press("enter")
	d.press("p")
	d.write("nas")
	d.press("tab", "enter")
	if p.place != 1 {
		t.Fatalf("the pane shows place %d", p.place)
	}
	d.press("[", "[")
	wantDir(t, d, 0, "home/many")
	wantCursor(t, d, name)
	if got := p.cursor - p.top; got != line {
		t.Errorf("the cursor stands on line %d, it was on %d", got, line)
	}
	d.press("]", "]")
	if p.place != 1 {
		t.Errorf("forward leads to place %d", p.place)
	}
	d.press("]")
	d.wantShown("nothing to go forward to")
	d.press("[", "[", "enter", "]")
	d.wantShown("nothing to go forward to") // another way was taken
}

func TestGotoReadsPathsAsPeopleWriteThem(t *testing.T) {
	places := []session.Place{{Name: "laptop"}, {ID: 1, Name: "nas-attic"}, {ID: 2, Name: "10.0.0.7:6768"}}
	base := Location{0, path(t, "home/Films")}
	for _, c := range []struct {
		text, dir, name string
		place           session.PlaceID
		lead            string
	}{
		{"", "home/Films", "", 0, ""},
		{"Se", "home/Films", "Se", 0, ""},
		{"Series/", "home/Films/Series", "", 0, "Series/"},
		{"~", "home", "", 0, "~/"},
		{"~/x/y", "home/x", "y", 0, "~/x/"},
		{"~x", "home/Films", "~x", 0, ""},
		{"/", "", "", 0, "/"},
		{"//etc//x", "etc", "x", 0, "//etc//"},
		{"..", "home", "", 0, "../"},
		{"../../../..", "", "", 0, "../../../../"},
		{"./a/../b", "home/Films", "b", 0, "./a/../"},
		{"nas-attic:pool/f", "pool", "f", 1, "nas-attic:pool/"},
		{"nas-attic:/", "", "", 1, "nas-attic:/"},
		{"nas-attic:~", "", "", 1, "nas-attic:~/"},
		{"laptop:/tmp", "", "tmp", 0, "laptop:/"},
		{"10.0.0.7:6768:/a/b", "a", "b", 2, "10.0.0.7:6768:/a/"},
		{"12:30", "home/Films", "12:30", 0, ""},
		{`a\x1b/b\\`, "home/Films/a\x1b", `b\`, 0, `a\x1b/`},
	} {
		got, err := takeApart(c.text, base, path(t, "home"), places)
		want := typedPath{Location{c.place, path(t, c.dir)}, c.lead, c.name}
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", c.text, got, err, want)
		}
	}
	if _, err := takeApart(`a\x00/b`, base, session.Path{}, nil); err == nil {
		t.Error("a NUL in a name was taken")
	}
}

func TestGotoCompletes(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.engine.trees[1].put("pool/films", session.Entry{Name: "Archive-old", Kind: session.Directory}, session.Entry{Name: "arch.txt"})
	d.press("p")
	g, _ := topmost[*gotoDialog](d.app)
	d.write("nas-attic:/po")
	d.press("tab")
	d.write("f")
	d.press("tab")
	d.write("arc")
	var got []string
	for _, f := range g.found {
		got = append(got, f.text)
	}
	if want := []string{"nas-attic:/pool/films/Archive/", "nas-attic:/pool/films/Archive-old/", "nas-attic:/pool/films/arch.txt"}; !slices.Equal(got, want) {
		t.Errorf("it offers %q, want %q", got, want)
	}
	d.press("backspace", "backspace", "backspace")
	d.write("Arc")
	d.press("tab", "tab", "enter") // the second one
	wantDir(t, d, 0, "pool/films/Archive-old")
	if d.app.panes[0].place != 1 || d.app.over() != nil {
		t.Error("it did not go to the other place")
	}
}

func TestGotoAFileAndWhatIsMissing(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("p")
	d.write("~/Films/subtitles.zip")
	d.press("enter")
	wantCursor(t, d, "subtitles.zip")
	d.press("p")
	d.write("/home/Films/1999/new")
	d.press("enter")
	d.wantShown("/home/Films/1999/new is not there", "/home/Films")
	d.press("enter")
	wantDir(t, d, 0, "home/Films")
	if d.app.over() != nil {
		t.Error("the nearest directory was not taken")
	}
}

// What an old directory had comes too late, and a directory that does not answer
// holds nothing up.
func TestGotoWhileAPeerIsSlow(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("p")
	g, _ := topmost[*gotoDialog](d.app)
	g.input.SetValue("nas-attic:/")
	slow := completion{g}.do(d.app)
	d.wantShown("reading…")
	d.press("ctrl+u")
	d.write("/home/Films/S")
	d.wantShown("/home/Films/Series/")
	d.run(slow)
	d.wantShown("/home/Films/Series/")
	if g.heard.of.Place != session.Here {
		t.Error("an old answer was taken")
	}
}

func TestGotoInADirectoryWithMoreNamesThanAreKept(t *testing.T) {
	e := newFakeEngine()
	entries := make([]session.Entry, maxHeard+10)
	for i := range entries {
		entries[i].Name = fmt.Sprintf("f%06d", i)
	}
	e.trees[0].dirs["home"] = entries
	at := Location{Dir: path(t, "home")}
	h := hear(context.Background(), e, at, "")
	if h.whole || len(h.names) != maxHeard || h.answers(at, "f1") || !h.answers(at, "") {
		t.Errorf("%d names, whole %v", len(h.names), h.whole)
	}
	h = hear(context.Background(), e, at, "f10000")
	if found, common := h.turns("", "f10000"); len(found) != 10 || common != "f10000" {
		t.Errorf("%d names, common %q", len(found), common)
	}
	if !h.answers(at, "f100003") || h.answers(at, "f2") {
		t.Error("it reads again what it has, or not what it has not")
	}
}

func TestJumpWrapsAndFolds(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("end", "'")
	d.write("SOL")
	wantCursor(t, d, "Solaris.1972.mkv")
	d.press("'")
	wantCursor(t, d, "Solaris.1972.mkv")
	d.write("x")
	d.wantShown("no name begins so")
	d.press("ctrl+u")
	d.write("東")
	wantCursor(t, d, "東京物語.1953.mkv")
	d.press("ctrl+u")
	d.write("s")
	d.press("up")
	wantCursor(t, d, "subtitles.zip")
}

func BenchmarkJump(b *testing.B) {
	p := pane{}
	entries := make([]session.Entry, 1_000_000)
	for i := range entries {
		entries[i].Name = fmt.Sprintf("file-%07d.dat", i)
	}
	fill(&p, entries...)
	for b.Loop() {
		if p.jump("file-x", 0) {
			b.Fatal("found")
		}
	}
}

func TestSyncBrowsePausesAndGoesOn(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.press("Y", "enter")
	wantDir(t, d, 1, "pool/films")
	d.wantShown("sync paused", "nas-attic has no Series: the other pane stays")
	d.press("backspace")
	d.wantShown(" sync ")
	d.press("backspace") // above where it began
	wantDir(t, d, 1, "pool")
	if r, _ := d.app.panes[1].at(d.app.panes[1].cursor); r.entry.Name != "films" {
		t.Error("the cursor of the other pane is not where it came from")
	}
	d.engine.trees[1].put("pool/films", session.Entry{Name: "Series", Kind: session.Directory})
	d.press("[", "p")
	d.write("Series")
	d.press("enter")
	wantDir(t, d, 1, "pool/films/Series")
	d.press("p")
	d.write("nas-attic:/")
	d.press("enter")
	d.wantShown("sync paused")
	wantDir(t, d, 1, "pool/films/Series")
}

func TestSyncBrowseDropsOldAnswers(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.engine.trees[1].put("pool/films", session.Entry{Name: "Series", Kind: session.Directory})
	d.press("Y")
	p := &d.app.panes[0]
	_ = d.app.open(p, Location{Dir: path(t, "home/Films/Series")}, "")
	slow := d.app.followed(p)
	_ = d.app.open(p, Location{Dir: path(t, "home/Films")}, "")
	d.run(d.app.followed(p))
	d.run(slow)
	wantDir(t, d, 1, "pool/films")
}

func TestSwapWhileReading(t *testing.T) {
	d := newDriver(t, 80, 24)
	hold := make(chan struct{})
	d.engine.trees[1].hold = hold
	defer close(hold)
	right := &d.app.panes[1]
	_ = d.app.reload(right)
	old := lateMsg(right, "late")
	swap := d.app.swapPanes()
	go func() { // the peer does not answer: its part waits until the test ends
		for _, c := range swap().(tea.BatchMsg) {
			go c()
		}
	}()
	d.send(old)
	if slices.Contains(d.names(1), "late") || len(d.names(1)) == 0 {
		t.Errorf("the right pane shows %q", d.names(1))
	}
}
