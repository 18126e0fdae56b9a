package tui

import (
	"image/color"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

func TestColoursFollowTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		environ []string
		want    colorprofile.Profile
	}{
		{[]string{"TERM=xterm-256color", "COLORTERM=truecolor"}, colorprofile.TrueColor},
		{[]string{"TERM=tmux-256color", "TMUX=/tmp/tmux"}, colorprofile.ANSI256},
		{[]string{"TERM=xterm"}, colorprofile.ANSI},
		{[]string{"TERM=xterm", "NO_COLOR=1"}, colorprofile.ASCII},
		{[]string{"TERM=xterm", "NO_COLOR="}, colorprofile.ANSI}, // empty counts as not set
		{[]string{"TERM=dumb"}, colorprofile.ASCII},
	} {
		if got := profile(c.environ); got != c.want {
			t.Errorf("%q: %v, want %v", c.environ, got, c.want)
		}
	}
}

// Bubble Tea does not ask over ssh, where whole frames matter most.
func TestModesAreAskedForOverSSH(t *testing.T) {
	if got := modeQuery([]string{"SSH_TTY=/dev/pts/1"}); got != "\x1b[?2026$p\x1b[?2027$p" {
		t.Errorf("over ssh %q is asked", got)
	}
	if got := modeQuery([]string{"TERM=xterm"}); got != "" {
		t.Errorf("else %q is asked, besides what Bubble Tea asks", got)
	}
}

// The panes stand still while transfers come and go.
func TestQueueKeepsItsHeight(t *testing.T) {
	d := newDriver(t, 80, 24)
	running(d)
	q := &d.app.queue
	tall := q.wants(78)
	d.press("3", "p")
	if got := q.wants(78); got != tall {
		t.Errorf("a pause changed the height from %d to %d", tall, got)
	}
	d.press("x", "y")
	if got := q.wants(78); got != 1 {
		t.Errorf("when all is over the queue wants %d lines, want 1", got)
	}
}

// The hints say what the keys do with the transfer under the cursor.
func TestQueueHintsFollowTheTransfer(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.press("3")
	if d.shows("p pause") {
		t.Error("an empty queue offers to pause")
	}
	d.press("1")
	running(d)
	d.press("3")
	d.wantShown("p pause  x cancel  L limits")
	d.press("p")
	d.wantShown("p resume  x cancel  L limits")
	d.press("x", "y")
	d.wantShown("x off the list  r retry")
}

func TestBackgroundIsAskedForWhereItIsKnown(t *testing.T) {
	for term, want := range map[string]bool{"xterm-256color": true, "tmux": true, "linux": false, "dumb": false, "vt100": false, "": false} {
		if got := asksBackground([]string{"TERM=" + term}); got != want {
			t.Errorf("TERM=%s: %v, want %v", term, got, want)
		}
	}
	if asksBackground([]string{"TERM=xterm", "NO_COLOR=1"}) {
		t.Error("it is asked for without colours")
	}
}

// The terminal's answer changes looks, and not a letter.
func TestBackgroundChangesTheLooks(t *testing.T) {
	d := newDriver(t, 80, 24)
	before, plain := d.app.View().Content, d.screen()
	d.send(tea.BackgroundColorMsg{Color: color.Black})
	dark := d.app.View().Content
	d.send(tea.BackgroundColorMsg{Color: color.White})
	light := d.app.View().Content
	if before == dark || dark == light || before == light {
		t.Error("the looks do not follow the background")
	}
	if !slices.Equal(plain, d.screen()) {
		t.Error("more than the looks changed")
	}
}

func TestLooksOfTheConfiguration(t *testing.T) {
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) {
		o.Theme, o.Looks = "mono", map[string]string{"folder": "underline 13"}
	})
	if got := d.app.View().Content; !strings.Contains(got, "\x1b[95;4mArchive/") {
		t.Errorf("a directory does not look as it should: %q", got)
	}
}
