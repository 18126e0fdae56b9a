package control

import (
	"testing"

	"github.com/bargee/bargee/session"
)

// What waits in the queue goes on when its owner is gone, under the same
// number; a command that runs alone leaves it, until a screen comes to see it.
func TestQueueIsKept(t *testing.T) {
	h := newHarbour(t)
	first := h.start(Screen)
	j := h.write("in", 10, "a")
	h.write("copy of in/in", 20, "a")
	waiting, err := first.Submit(j)
	if err != nil {
		t.Fatal(err)
	}
	asks := func(p *process) func() bool {
		return func() bool { now, err := p.Transfer(waiting); return err == nil && now.Asking == 1 }
	}
	h.eventually("it asks", asks(first))
	second := h.start(Screen)
	h.eventually("it is seen", asks(second))
	first.kill()
	h.eventually("it goes on", asks(second))
	if !second.Leads() {
		t.Fatal("the second does not lead")
	}
	second.Close()

	command := h.start(Command)
	at, err := command.Connect(t.Context(), "PEER", "")
	if err != nil {
		t.Fatal(err)
	}
	slow, seen := h.slowJob("slow", many, at)
	own, err := command.Submit(slow)
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("it runs", func() bool {
		now, err := command.Transfer(own)
		return err == nil && now.State == session.StateRunning
	})
	if _, err := command.Transfer(waiting); session.KindOf(err) != session.NotFound {
		t.Errorf("a lone command has the queue: %v", err)
	}
	third := h.start(Screen)
	h.eventually("it goes on in the command", asks(third))
	if !command.Leads() || third.Leads() {
		t.Error("the command does not lead")
	}
	if now, err := third.Transfer(own); err != nil || now.State.Over() {
		t.Errorf("the screen sees the command's as %+v, %v", now, err)
	}
	seen.open()
	if end, err := command.Wait(t.Context(), own); err != nil || end.State != session.StateDone {
		t.Errorf("%+v, %v", end, err)
	}
	command.Close()
	if err := third.Answer(waiting, 1, session.Overwrite, true); err != nil {
		t.Error(err)
	}
	if end, err := third.Wait(t.Context(), waiting); err != nil || end.State != session.StateDone || end.ID != waiting {
		t.Errorf("%+v, %v", end, err)
	}
	h.sameAs("a", 10, "copy of in/in")
	h.arrived("slow", many, seen)
}
