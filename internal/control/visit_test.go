package control

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/bargee/bargee/internal/queuedb"
	"github.com/bargee/bargee/session"
)

func (h *harbour) visit() *Visit {
	h.Helper()
	v, err := h.tryVisit(func() session.Store { return queuedb.In(h.state) })
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { v.Close() })
	return v
}

func (h *harbour) tryVisit(store func() session.Store) (*Visit, error) {
	room, err := OpenRoom(h.state, "")
	if err != nil {
		h.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	defer cancel()
	return NewVisit(ctx, QueueConfig{Room: room, Agent: "test", Reach: &memoryReach{serve: h.serve}, Store: store})
}

// Where nobody runs the queue, a visitor sees and changes it, and makes nothing
// run; who comes next finds it as it was left.
func TestVisitAlone(t *testing.T) {
	h := newHarbour(t)
	v := h.visit()
	if _, _, ok := v.Owner(); ok || v.Done() != nil {
		t.Error("somebody runs it")
	}
	place, err := v.Engine.(*session.Engine).Expect("PEER", "")
	if err != nil {
		t.Fatal(err)
	}
	j := h.write("in", 10, "a")
	j.To, j.Destination = place, session.Path{}
	id, err := v.Submit(j)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.SetPriority(id, 8); err != nil {
		t.Error(err)
	}
	if p, err := v.Look(session.TabActive, 0, 10); err != nil || p.Total != 1 || p.Rows[0].State != session.StateWaiting || p.Rows[0].Job.Priority != 8 {
		t.Errorf("%+v, %v", p, err)
	}
	room, err := OpenRoom(h.state, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := room.Lock(); !errors.Is(err, ErrHeld) {
		t.Errorf("meanwhile somebody else could run it: %v", err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}

	s := h.start(Background)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if tr, err := s.Wait(ctx, id); err != nil || tr.State != session.StateDone {
		t.Errorf("%v, %v, %v", tr.State, tr.Err, err)
	}
	if _, ok := h.visit().Engine.(*Client); !ok {
		t.Error("there are two engines")
	}
}

// Where somebody runs it, a visitor asks him, and hears when he goes.
func TestVisitSomebody(t *testing.T) {
	h := newHarbour(t)
	s := h.start(Background)
	v := h.visit()
	if _, role, ok := v.Owner(); !ok || role != Background {
		t.Errorf("%v, %t", role, ok)
	}
	if p, err := v.Look(session.TabActive, 0, 10); err != nil || p.Total != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	s.Close()
	select {
	case <-v.Done():
	case <-t.Context().Done():
	}
	if _, err := v.Look(session.TabActive, 0, 10); err == nil {
		t.Error("nobody is there, and it is not said")
	}
}

// A queue that cannot be opened is an error, and nobody is kept from it after.
func TestVisitFails(t *testing.T) {
	h := newHarbour(t)
	bad := errors.New("written by a newer version")
	if _, err := h.tryVisit(func() session.Store { return badStore{bad} }); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	h.visit()
}

type badStore struct{ err error }

func (b badStore) Restore() (*session.Restored, error)                    { return nil, b.err }
func (b badStore) Load([]session.TransferID) ([]session.Record, error)    { return nil, b.err }
func (b badStore) Write([]session.Record, *session.Settings) error        { return b.err }
func (b badStore) Rows(session.Tab) ([]session.Row, error)                { return nil, b.err }
func (b badStore) History(session.HistoryQuery) ([]session.Record, error) { return nil, b.err }
func (b badStore) Close() error                                           { return nil }
func (b badStore) Past(session.Tab, int64, int, int) ([]session.Record, error) {
	return nil, b.err
}

// A peer that is not there yet is named to who runs the queue, who goes there when
// its turn has come, with the secret.
func TestExpectElsewhere(t *testing.T) {
	h := newHarbour(t)
	leader, p := h.start(Background), h.start(Screen)
	place, err := p.Expect("NAS", "bgt_secret")
	if err != nil {
		t.Fatal(err)
	}
	j := h.write("in", 10, "a")
	j.To, j.Destination = place, session.Path{}
	id, err := p.Submit(j)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if tr, err := p.Wait(ctx, id); err != nil || tr.State != session.StateDone || tr.Job.To != place {
		t.Errorf("%+v, %v", tr, err)
	}
	leader.reach.mu.Lock()
	defer leader.reach.mu.Unlock()
	if got := strings.Join(leader.reach.dialed, ", "); got != "NAS bgt_secret" {
		t.Errorf("dialled: %s", got)
	}
	if len(p.reach.dialed) > 0 {
		t.Errorf("and here: %q", p.reach.dialed)
	}
}
