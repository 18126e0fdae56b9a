package tui

import (
	"context"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

func TestChooser(t *testing.T) {
	noRight := func(_ *fakeEngine, o *Options) { o.Right = nil }
	t.Run("a known peer", func(t *testing.T) {
		d := newDriver(t, 80, 24, noRight)
		d.press("tab", "end", "up", "enter")
		d.wantCalls("connect office ")
		d.wantShown("office:/", "T trust")
	})
	t.Run("this machine", func(t *testing.T) {
		d := newDriver(t, 80, 24, noRight)
		d.press("tab", "enter")
		d.wantShown("on this machine")
	})
	t.Run("copying needs a place", func(t *testing.T) {
		d := newDriver(t, 80, 24, noRight)
		d.press("c")
		d.wantShown("choose a place for the other pane first")
		d.wantCalls()
	})
	t.Run("Esc goes back", func(t *testing.T) {
		d := newDriver(t, 80, 24)
		d.press("2", "o", "down", "esc")
		d.wantShown("nas-attic:/pool/films")
	})
}

func TestConnectDialog(t *testing.T) {
	d := newDriver(t, 80, 24, func(e *fakeEngine, o *Options) {
		o.Right = nil
		o.Split = func(s string) (string, session.Path, error) { return s, path(t, "sub"), nil }
		e.dial = func(_, secret string) error {
			if secret != "bgt_right" {
				return &session.Error{Kind: session.Auth, Err: session.Auth}
			}
			return nil
		}
	})
	d.press("tab", "end", "enter")
	d.send(tea.PasteMsg{Content: "10.0.0.9:7000\n"})
	d.press("enter")
	d.wantShown("the secret or the key was refused")
	d.write("bgt_right") // the cursor is on the token now
	if d.shows("bgt_right") {
		t.Error("the token is shown")
	}
	d.wantShown("*********")
	d.press("enter")
	d.wantCalls("connect 10.0.0.9:7000 ", "connect 10.0.0.9:7000 bgt_right")
	d.wantShown("10.0.0.9:7000")
	if got := d.app.panes[1].dir.Raw(); got != "sub" {
		t.Errorf("it opened %q", got)
	}
}

func TestEscEndsDialling(t *testing.T) {
	d := newDriver(t, 80, 24)
	c := newConnectDialog(1, nil)
	d.app.push(c)
	cmd := d.app.carryOut(c.dial("office"))
	d.press("esc")
	d.run(cmd)
	d.wantCalls("connect office ", "disconnect 2") // it came too late
	if d.app.over() != nil || d.app.panes[1].place != 1 {
		t.Error("what came after Esc was taken")
	}
}

func TestQuitAsksWhileTransfersRun(t *testing.T) {
	d := newDriver(t, 80, 24)
	running(d)
	d.press("q", "enter", "esc")
	if d.quit {
		t.Error("Enter quit")
	}
	d.press("ctrl+c")
	d.wantShown("1 transfer under way", "y  interrupt; it goes on the next time", "n  stay")
	d.press("n")
	if d.quit || d.app.over() != nil {
		t.Error("n did not just stay")
	}
	d.press("ctrl+c", "y")
	if !d.quit {
		t.Error("y did not quit")
	}
}

func TestPinIsOffered(t *testing.T) {
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) { o.OfferPin = true })
	wantFocus(t, d, onLeft)
	wantCursor(t, d, "Series")
	d.wantShown("T trust")
	d.press("T", "enter")
	d.wantCalls("pin 1 nas-attic")
	d.look()
	if d.shows("T trust") {
		t.Error("what is trusted is still offered")
	}
}

func TestConflictIsAnnouncedAndAnswered(t *testing.T) {
	d := newDriver(t, 80, 24)
	asking(d)
	d.wantShown("a name is taken: press 3 to answer", "1 asking")
	d.press("3", "a", "s")
	d.wantCalls("copy /home/Films/library.sqlite to 1:/pool/films", "answer conflict=7 decision=1 all=true 1")
}

func TestSizeGrowsWhileOneIsAsked(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.press("space", "c") // Series, a directory of two files
	d.wantShown("1.8G")
	if !d.app.copies.counted {
		t.Error("the count did not end")
	}
	d.press("esc")
	if d.app.copies != nil {
		t.Error("the count goes on")
	}
	d.wantCalls()
}

func TestCountEndsWithTheQuestion(t *testing.T) {
	d := newDriver(t, 80, 24)
	hold := make(chan struct{})
	defer close(hold)
	d.engine.trees[session.Here].hold = hold
	d.app.focus = onLeft
	cmd := d.app.askTransfer(false)
	d.wantShown("0 files, 0B…")
	news := make(chan tea.Msg, 1)
	go func() { news <- cmd() }()
	d.press("esc")
	if msg := <-news; msg != nil {
		t.Errorf("counting went on: %v", msg)
	}
}

func TestRenameKeepsBytesThatCannotBeShown(t *testing.T) {
	d := newDriver(t, 80, 24)
	tree := d.engine.trees[session.Here]
	tree.put("home/Films", session.Entry{Name: "a\x1b\xff"})
	d.press("ctrl+r", "home", "down", "down", "R")
	d.wantShown(`Rename to a\x1b\xff`)
	d.write("z")
	d.press("enter")
	if _, err := tree.Stat(context.Background(), path(t, "home/Films/a\x1b\xffz")); err != nil {
		t.Errorf("after renaming: %v; there are %q", err, tree.names("home/Films"))
	}
}

func TestErrorsAreSentences(t *testing.T) {
	for kind := range sentences {
		x := explain(&session.Error{Kind: kind, Path: path(t, "a/b"), Err: kind})
		if x.what.Empty() {
			t.Errorf("%s has no sentence", kind)
		}
	}
	hostile := &session.Error{Kind: session.Refused, Err: session.Kind("no\x1b[2J")}
	if got := explain(hostile).what.String(); got != `refused by the other side: no\x1b[2J` {
		t.Errorf("%q", got)
	}
}
