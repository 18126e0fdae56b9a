package tui

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes y": func(t *testing.T, d *driver, key []string) {
			d.press("down")
			d.press(key...)
			if got := d.clipboard(); got != "/home/Films/Arrival.2016.2160p.mkv" {
				t.Errorf("sent was %q", got)
			}
			d.wantShown("sent to the terminal's clipboard")
		},
		"panes Z": func(t *testing.T, d *driver, key []string) {
			if d.press(key...); !d.suspended {
				t.Error("not suspended")
			}
		},
	})
}

// clipboard is what the terminal was given for its clipboard last.
func (d *driver) clipboard() string {
	_, after, _ := strings.Cut(strings.Join(d.raw, ""), "\x1b]52;c;")
	text, _, _ := strings.Cut(after, "\a")
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		d.t.Errorf("%q: %v", text, err)
	}
	return string(b)
}

func TestPathsAreWrittenAsTheyAreTyped(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.press("2", "space", "space", "y")
	if got := d.clipboard(); got != "nas-attic:/pool/films/Archive\nnas-attic:/pool/films/library.sqlite" {
		t.Errorf("sent was %q", got)
	}
	d.wantShown("2 paths: sent")
	for name, want := range map[string]string{
		"two\nlines; rm -rf": `/home/Films/two\nlines; rm -rf`, "ünï.txt": "/home/Films/ünï.txt", "a\\b": `/home/Films/a\b`, "\xff": `/home/Films/\xff`,
	} {
		dir, err := path(t, "home/Films").Join(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.app.written(Location{Dir: dir}); got != want {
			t.Errorf("%q is written %q, want %q", name, got, want)
		}
	}
}

func TestClipboardHasALimit(t *testing.T) {
	d := newDriver(t, 100, 24, func(e *fakeEngine, _ *Options) {
		for i := range 2000 {
			e.trees[session.Here].put("home/Films", session.Entry{Name: fmt.Sprintf("%s-%d", strings.Repeat("x", 40), i)})
		}
	})
	d.press("*", "y")
	d.wantShown("do not fit into a terminal's clipboard")
	if got := d.clipboard(); got != "" {
		t.Errorf("%d bytes were sent", len(got))
	}
}

func TestPassthroughOnlyWhenAskedFor(t *testing.T) {
	o := Options{Environ: []string{"TMUX=/tmp/tmux-0/default,1,0"}}
	if got := o.through("\x1b]52;c;eA==\a"); got != "\x1b]52;c;eA==\a" {
		t.Errorf("wrapped unasked: %q", got)
	}
	o.Passthrough = true
	if got := o.through("\x1b]52;c;eA==\a"); !strings.HasPrefix(got, "\x1bPtmux;\x1b\x1b]52") {
		t.Errorf("not wrapped: %q", got)
	}
}

func TestEndIsToldWhileNobodyLooks(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*driver)
		took   time.Duration
		want   string
	}{
		{"in front", func(*driver) {}, time.Minute, ""},
		{"away", func(d *driver) { d.send(tea.BlurMsg{}) }, time.Minute, "\a"},
		{"away, in kitty", func(d *driver) {
			d.send(tea.BlurMsg{})
			d.app.opts.Environ = []string{"TERM=xterm-kitty"}
		}, time.Minute, "\a\x1b]99;;bargee: Arrival.2016.2160p.mkv: "},
		{"away, bell only", func(d *driver) {
			d.send(tea.BlurMsg{})
			d.app.opts.Environ, d.app.opts.Notify = []string{"TERM=xterm-kitty"}, "bell"
		}, time.Minute, "\a"},
		{"away, off", func(d *driver) { d.send(tea.BlurMsg{}); d.app.opts.Notify = "off" }, time.Minute, ""},
		{"away, but soon over", func(d *driver) { d.send(tea.BlurMsg{}) }, time.Second, ""},
		{"back again", func(d *driver) { d.send(tea.BlurMsg{}); d.send(tea.FocusMsg{}) }, time.Minute, ""},
	} {
		d := newDriver(t, 100, 24)
		running(d)
		c.change(d)
		d.engine.transfers[0].Started = testNow.Add(-c.took)
		d.tick(1 << 40)
		got := strings.Join(d.raw, "")
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) || c.want == "\a" && got != "\a" {
			t.Errorf("%s: the terminal got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNotificationsByTerminal(t *testing.T) {
	for environ, want := range map[string]string{
		"TERM=xterm-256color":                          "",
		"TERM=xterm-kitty":                             "\x1b]99;",
		"TERM=foot":                                    "\x1b]777;notify;",
		"TERM=xterm-ghostty":                           "\x1b]777;notify;",
		"TERM=xterm-256color LC_TERMINAL=iTerm2":       "\x1b]9;",
		"TERM=xterm-256color TERM_PROGRAM=WezTerm":     "\x1b]9;",
		"TERM=tmux-256color TMUX=x LC_TERMINAL=iTerm2": "",
		"TERM=xterm-256color WT_SESSION=1":             "",
	} {
		if got := desktop(strings.Fields(environ), false, "a; b"); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", environ, got, want)
		}
	}
}

func TestTaskbarOnlyWhereItIsOne(t *testing.T) {
	for environ, want := range map[string]bool{
		"WT_SESSION=1": true, "TERM=xterm-ghostty": true, "TERM=xterm-256color LC_TERMINAL=iTerm2": false,
		"TERM=tmux-256color TMUX=x WT_SESSION=1": false, "TERM=xterm-256color": false,
	} {
		d := newDriver(t, 100, 24, func(_ *fakeEngine, o *Options) { o.Environ = strings.Fields(environ) })
		if d.app.View().ProgressBar != nil {
			t.Errorf("%s: progress without a transfer", environ)
		}
		running(d)
		if got := d.app.View().ProgressBar; (got != nil) != want {
			t.Errorf("%s: %v", environ, got)
		}
		if d.app.opts.Taskbar = "off"; d.app.View().ProgressBar != nil {
			t.Errorf("%s: progress although it is off", environ)
		}
	}
}

// A process that is suspended does nothing: what runs is handed over first, or
// somebody is told.
func TestSuspendMindsTheTransfers(t *testing.T) {
	d := newDriver(t, 100, 24)
	running(d)
	d.press("Z")
	d.wantShown("would stand still until fg")
	if d.suspended {
		t.Error("suspended without asking")
	}
	if d.press("y"); !d.suspended {
		t.Error("not suspended")
	}
}
