package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

func (d *driver) paste(text string) { d.send(tea.PasteMsg{Content: text}) }

func TestDroppedPathsAreQueued(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.paste("'/home/Films/README.md' /home/Films/subtitles.zip\nfile:///home/Films/%E6%9D%B1%E4%BA%AC%E7%89%A9%E8%AA%9E.1953.mkv\n~/Films/Series\n")
	d.wantShown("Dropped here: 4 paths", "/home/Films/README.md", "東京物語", "directory", "Copy 4 items, 22.9G to nas-attic:/pool/films")
	d.press("enter")
	d.wantCalls("copy /home/Films/README.md /home/Films/subtitles.zip /home/Films/東京物語.1953.mkv /home/Films/Series to 1:/pool/films")
	if d.app.over() != nil {
		t.Error("the list is still there")
	}
}

func TestDroppedPathsThatAreNotHere(t *testing.T) {
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) { o.Environ = []string{"SSH_TTY=/dev/pts/1"} })
	d.paste("/Users/me/Desktop/holiday.mov")
	d.wantShown("not on this machine", "bargee runs here over ssh: what lies where you sit is not here", "none of them can be copied")
	d.press("enter")
	d.wantCalls()
	if d.app.over() == nil {
		t.Error("Enter closed a list of which nothing can be copied")
	}
	d.paste("/home/Films/README.md /Users/me/x") // another drop takes its place
	d.wantShown("Dropped here: 2 paths", "Copy 1 item, 4.1K to nas-attic")
	d.press("tab")
	d.wantShown("Copy 1 item, 4.1K to ~/Films")
	d.press("esc")
	if d.app.over() != nil {
		t.Error("Esc does not close the list")
	}
}

func TestPastedWordsAndAddresses(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.paste("q") // would quit, if it were a key
	d.wantShown("what was pasted is no path")
	if d.quit {
		t.Error("pasted text was taken for keys")
	}
	d.paste("bargee://10.0.0.9:6768/\n")
	d.wantShown("Connect", "bargee://10.0.0.9:6768/")
	d.press("esc", "/")
	d.paste("ZIP\nmore")
	d.wantShown("ZIP more") // a line of text takes it
}

// A drop of 100 KB is soon there, is bounded, and scrolls.
func TestPastingMuch(t *testing.T) {
	var b strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&b, "/home/Films/%010d\n", i)
	}
	d := newDriver(t, 80, 24)
	begun := time.Now()
	d.paste(b.String())
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("%d bytes took %v", b.Len(), took)
	}
	d.wantShown("Dropped here: 1,000 paths", "there was more than is shown")
	d.press("pgdown", "pgdown")
	d.wantShown("/home/Films/0000000030")
	d.press("esc")
	d.press("/")
	d.paste(strings.Repeat("x", 100<<10))
	if got := len(d.app.ask.input.Value()); got > maxInput {
		t.Errorf("%d bytes are in a line of text", got)
	}
}

func TestDroppedNamesAreShownSafely(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.paste("/tmp/\x1b[2Jx\u202efdp.exe")
	d.wantShown(`/tmp/\x1b[2Jx\u202efdp.exe`)
	for _, r := range d.app.View().Content {
		if r == '\u202e' {
			t.Fatal("a pasted name reverses the line")
		}
	}
}

// With the keys in a pane of another machine, that is where files go.
func TestDropGoesToThePeer(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("tab")
	d.paste("/home/Films/README.md")
	d.wantShown("to nas-attic:/pool/films")
	d.press("esc")
	if d.app.engine.(*fakeEngine).calls != nil {
		t.Error("something was done")
	}
}
