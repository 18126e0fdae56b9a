package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes v": func(t *testing.T, d *driver, key []string) {
			d.engine.trees[0].fill("home/Films/README.md", "# Films\nnothing else\n")
			d.press("'")
			d.write("README")
			d.press("enter")
			d.press(key...)
			d.wantShown(" README.md", "# Films", "nothing else", "UTF-8", "100%")
			d.press(key...)
			if d.shows("nothing else") {
				t.Error("the same key does not close it")
			}
		},
	})
	scenes = append(scenes,
		scene{name: "view-text", play: func(d *driver) { viewing(d, prose) }},
		scene{name: "view-hex", play: func(d *driver) { viewing(d, "\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 57)+prose) }},
		scene{name: "view-search", play: func(d *driver) {
			viewing(d, prose)
			d.press("#", "w", "/")
			d.write("water")
			d.press("enter")
		}},
		scene{name: "view-denied", play: func(d *driver) {
			viewing(d, "")
			d.press("esc")
			d.engine.trees[0].files = nil
			d.press("v")
		}},
	)
}

// prose is something to look at: long lines, wide letters, what cannot be shown.
var prose = "Stalker (1979)\r\n\r\n" +
	"In the Zone nothing goes straight: what looks like the shortest way is the longest, and nobody who went it came back to say so.\n" +
	"\tnuts\tribbons\twater\n" +
	"東京物語 and e\u0301, 👩‍🚀, and what would steer a terminal: \x1b[2J\x1b]0;owned\x07 \u202egnp.exe \xff\n" +
	strings.Repeat("The water is rising.\n", 60) + "The end."

// viewing opens a viewer on a file of this content.
func viewing(d *driver, content string) {
	d.engine.trees[0].fill("home/Films/aaa.txt", content)
	openAAA(d)
}

func openAAA(d *driver) {
	d.press("ctrl+r", "home", "down", "down", "v")
	if v, ok := topmost[*viewer](d.app); !ok || v.name != "aaa.txt" {
		d.t.Fatal("there is no viewer of aaa.txt")
	}
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return b.String()
}

func TestViewerScrolls(t *testing.T) {
	d := newDriver(t, 80, 24)
	viewing(d, lines(1000))
	d.wantShown("line 1 ", "line 22 ")
	for _, c := range []struct {
		keys  string
		first string
	}{
		{"down", "line 2"}, {"j", "line 3"}, {"up", "line 2"}, {"pgdown", "line 23"}, {"pgup", "line 2"},
		{"end", "line 979"}, {"up", "line 978"}, {"home", "line 1"}, {"G", "line 979"}, {"g", "line 1"},
	} {
		d.press(c.keys)
		if got := strings.TrimRight(d.screen()[1], " "); got != c.first {
			t.Errorf("after %s the first line is %q, want %q", c.keys, got, c.first)
		}
	}
	for typed, want := range map[string]string{"500": "line 500", "50%": "line 507", "0x7": "line 2", "99999": "line 979"} {
		d.press(":")
		d.write(typed)
		d.press("enter")
		d.due()
		if got := strings.TrimRight(d.screen()[1], " "); got != want {
			t.Errorf("go to %s: %q, want %q", typed, got, want)
		}
	}
	d.press(":")
	d.write("nowhere")
	d.press("enter")
	d.wantShown("no line, share or offset: nowhere")
	d.press("esc")
	if len(d.app.overlays) > 0 {
		t.Error("Esc does not close it")
	}
}

func TestViewerSearches(t *testing.T) {
	d := newDriver(t, 60, 16)
	viewing(d, lines(3000)+"Needle one\n"+lines(3000)+"a needle\n")
	d.press("/")
	d.write("needle")
	d.press("enter")
	d.wantShown("Needle one")
	d.press("n")
	d.wantShown("a needle")
	d.press("n")
	d.wantShown("not found from here to the end")
	d.press("N")
	d.wantShown("Needle one")
	d.press("N")
	d.wantShown("not found from here to the beginning")
	d.press("#")
	d.wantShown("3001 Needle one")
	d.press("end")
	d.wantShown("6002 a needle")
}

func TestViewerOfLongLines(t *testing.T) {
	d := newDriver(t, 40, 12)
	viewing(d, strings.Repeat("0123456789", 20)+"needle"+strings.Repeat(".", 50)+"\nnext\n")
	d.wantShown("0123456789012345678901234567890123456789", "needle", "next")
	d.press("w")
	if d.shows("needle") {
		t.Error("it wraps still")
	}
	d.press("right")
	if row := d.screen()[1]; !strings.HasPrefix(row, "8901") {
		t.Errorf("sideways: %q", row)
	}
	d.press("left", "left", "/")
	d.write("needle")
	d.press("enter")
	d.wantShown("needle")
	d.press("h")
	d.wantShown("00000000", "hex")
	d.press("h")
	d.wantShown("UTF-8")
	d.send(tea.WindowSizeMsg{Width: 60, Height: 16})
	d.press("w")
	d.wantShown(strings.Repeat("0123456789", 6))
}

// A file of 20 GiB at a peer is open at once, and its end costs a window.
func TestViewerOfAVastFile(t *testing.T) {
	d := newDriver(t, 80, 24)
	c := d.engine.trees[1].fillWith("pool/films/aaa.bin", nothing{}, 20<<30)
	d.press("2", "ctrl+r", "home", "down", "down", "v")
	d.wantShown("hex", "20.0G", "00000000")
	d.press("end")
	d.wantShown("100%", "4fffffff0")
	d.press(":")
	d.write("50%")
	d.press("enter")
	d.wantShown("280000000")
	if n := c.read.Load(); n > 128<<10 {
		t.Errorf("%d bytes were read of it", n)
	}
}

// A peer that does not answer does not hold the screen up, and Esc gives up.
func TestViewerOfASlowPeer(t *testing.T) {
	d := newDriver(t, 80, 24)
	c := d.engine.trees[1].fill("pool/films/aaa.txt", lines(5000))
	d.press("2", "ctrl+r", "home", "down", "down")
	c.hold = make(chan struct{})
	loading := d.start("v")
	<-c.asks
	d.due()
	d.wantShown("reading…")
	close(c.hold)
	d.send(<-loading)
	d.wantShown("line 1 ")
	c.hold = make(chan struct{})
	v, _ := topmost[*viewer](d.app)
	for len(c.asks) > 0 {
		<-c.asks
	}
	loading = d.start("end")
	<-c.asks
	d.press("pgup", "up")
	d.due()
	d.wantShown("line 1 ", "reading…")
	d.press("esc")
	d.wantShown("given up", "line 1 ")
	if msg := (<-loading).(pagedMsg); msg.err == nil {
		t.Error("the read goes on")
	}
	close(c.hold)
	d.press("end")
	d.wantShown("line 5000")
	d.press("esc")
	if v.src.ctx.Err() == nil {
		t.Error("the file is still open")
	}
}

// A file that becomes another one while it is shown.
func TestViewerOfAFileThatChanges(t *testing.T) {
	d := newDriver(t, 80, 24)
	viewing(d, lines(1000))
	d.engine.trees[0].fill("home/Films/aaa.txt", "short\n")
	d.press("down")
	d.wantShown("the file changed: r reads it again")
	d.press("r")
	d.wantShown("short")
	if d.shows("the file changed") {
		t.Error("it says so still")
	}
	d.press("esc")
	c := d.engine.trees[1].fill("pool/films/aaa.txt", lines(5000))
	d.press("2", "ctrl+r", "home", "down", "down", "v")
	c.err = &session.Error{Kind: session.Changed}
	d.press("end")
	d.wantShown("the file changed", "line 1 ")
}

func TestViewerFollows(t *testing.T) {
	d := newDriver(t, 80, 24)
	viewing(d, lines(100))
	d.press("F")
	d.wantShown("follows", "line 100")
	d.engine.trees[0].fill("home/Films/aaa.txt", lines(120))
	d.due()
	d.wantShown("line 120")
	d.press("up")
	if d.shows("follows") {
		t.Error("it follows who goes back")
	}
	d.due()
	if len(d.laters) > 1 {
		t.Errorf("%d things are put off by a viewer at rest", len(d.laters))
	}
}

func TestViewerOfWhatCannotBeViewed(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("home", "down", "v")
	d.wantShown("a directory: Enter opens it")
	d.press("down", "v") // nothing is in the fake of it
	d.wantShown("permission denied")
	d.press("esc")
	viewing(d, "")
	d.wantShown("empty")
	d.press("end", "pgup", "h", "#", "n", "esc", "esc")
}

// FuzzViewer shows any content at any size, and presses keys: no byte of it
// steers the terminal.
func FuzzViewer(f *testing.F) {
	f.Add(prose, "v#wh/", uint8(40), uint8(12))
	f.Fuzz(func(t *testing.T, content, keys string, w, h uint8) {
		d := newDriver(t, 30+int(w)%100, 8+int(h)%30)
		viewing(d, content)
		for _, k := range keys[:min(len(keys), 8)] {
			if k > ' ' && k < 0x7f {
				d.press(string(k))
			}
			for i, r := range d.app.View().Content {
				if r < ' ' && r != '\n' && r != '\x1b' || r >= 0x7f && r < 0xa0 {
					t.Fatalf("%q reached the terminal at %d", r, i)
				}
			}
			if out := d.app.View().Content; strings.Contains(out, "\x1b]") || strings.Contains(out, "\x1bP") {
				t.Fatalf("a command reached the terminal: %q", out)
			}
		}
	})
}
