package tui

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// A scene is something to look at the screen for.
type scene struct {
	name string
	opts func(*fakeEngine, *Options)
	play func(*driver)
}

// scenes are looked at at every size; each topic adds its own.
var scenes = []scene{
	{name: "start", play: func(*driver) {}},
	{name: "copy", play: func(d *driver) { d.press("space", "space", "space", "c") }},
	{name: "running", play: func(d *driver) {
		d.press("down", "space", "space", "space", "c", "enter")
		for range 5 {
			d.tick(2 << 30)
			d.wait(time.Second)
		}
	}},
	{name: "conflict", play: func(d *driver) { asking(d); d.press("3") }},
	{name: "failed", play: failed},
	{name: "done", play: func(d *driver) { running(d); d.tick(100 << 30) }},
	{name: "stale", play: func(d *driver) {
		running(d)
		p := &d.engine.places[1]
		p.State, p.Err, p.Retry = session.PlaceReconnecting, session.Unreachable, testNow.Add(3*time.Second)
		t := &d.engine.transfers[0]
		t.State, t.Err, t.RetryAt, t.Streams, t.Active = session.StateRetrying, session.Unreachable, testNow.Add(3*time.Second), nil, nil
		d.look()
	}},
	{name: "denied", opts: func(e *fakeEngine, o *Options) {
		e.trees[0].fail = map[string]error{"home/Films": &session.Error{Kind: session.Permission, Err: errors.New("permission denied")}}
	}, play: func(*driver) {}},
	{name: "chooser", opts: func(_ *fakeEngine, o *Options) { o.Right = nil }, play: func(d *driver) { d.press("tab", "down") }},
	{name: "chooser-box", opts: func(e *fakeEngine, o *Options) {
		o.Right = nil
		e.known = append(e.known, session.KnownPeer{Name: "drops://relay.example:6768", Address: "relay.example:6768", Box: true})
	}, play: func(d *driver) { d.press("tab", "down", "down") }},
	{name: "box", opts: asBox, play: func(d *driver) { d.press("tab", "down", "f5") }},
	{name: "connect", opts: func(e *fakeEngine, o *Options) {
		o.Right = nil
		e.dial = func(string, string) error { return session.Auth }
	}, play: func(d *driver) {
		d.press("tab", "end", "enter")
		d.write("10.0.0.9")
		d.press("tab")
		d.write("bgt_secret")
		d.press("enter")
	}},
	{name: "help", play: func(d *driver) { d.press("?") }},
	{name: "palette", play: func(d *driver) { d.press(":"); d.write("so") }},
	{name: "dropped", play: func(d *driver) {
		d.paste("'/home/Films/README.md' /home/Films/Series '/home/Films/not here.mkv'\n/home/Films/東京物語.1953.mkv")
	}},
	{name: "guide", opts: func(_ *fakeEngine, o *Options) { o.Right, o.Guide = nil, true }, play: func(*driver) {}},
	{name: "ascii", opts: func(_ *fakeEngine, o *Options) { o.ASCII = true }, play: running},
}

var sizes = [][2]int{{30, 8}, {40, 12}, {60, 16}, {80, 24}, {160, 48}}

func TestScreens(t *testing.T) {
	for _, s := range scenes {
		for _, size := range sizes {
			name := fmt.Sprintf("%s-%dx%d", s.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var opts []func(*fakeEngine, *Options)
				if s.opts != nil {
					opts = append(opts, s.opts)
				}
				d := newDriver(t, size[0], size[1], opts...)
				s.play(d)
				rows := d.screen()
				if len(rows) != size[1] {
					t.Errorf("%d rows, want %d", len(rows), size[1])
				}
				wantGolden(t, name, strings.Join(rows, "\n")+"\n")
			})
		}
	}
}

func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what %s has (go test ./tui -update writes it anew):\n%s", name, file, got)
	}
}

// With ASCII asked for nothing else is drawn but what is in names.
func TestASCIIIsASCII(t *testing.T) {
	for _, size := range sizes {
		d := newDriver(t, size[0], size[1], func(e *fakeEngine, o *Options) {
			o.ASCII = true
			e.trees[session.Here].put("home/Films", session.Entry{Name: strings.Repeat("long", 50)})
		})
		for _, play := range []func(*driver){
			func(*driver) {}, running, asking, failed, func(d *driver) { d.press("3") }, func(d *driver) { d.press("?") },
			func(d *driver) { d.press("esc", ":") },
		} {
			play(d)
			for _, row := range d.screen() {
				for _, r := range strings.ReplaceAll(row, "東京物語", "") {
					if r > '~' && !strings.ContainsRune("東京物語", r) {
						t.Errorf("%v: %q in %q", size, r, row)
					}
				}
			}
		}
	}
}
