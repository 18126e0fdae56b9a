package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// memDepot is a Depot in memory, as a relay should be one, and as a bad one is.
type memDepot struct {
	mu    sync.Mutex
	drops map[DropID]*memDrop
	boxes map[DropMailbox][]DropID

	// before, if not nil, may fail a call, which is named by its method; it has mu.
	before func(call string, d DropDigest) error

	// spoil, if not nil, gives another chunk in place of one.
	spoil func(d DropDigest, sealed []byte) []byte

	puts, gets int
}

type memDrop struct {
	plan   DropPlan
	chunks map[DropDigest][]byte
	list   *DropList
	claims map[DropClaim]bool // true: over
}

func newMemDepot() *memDepot {
	return &memDepot{drops: map[DropID]*memDrop{}, boxes: map[DropMailbox][]DropID{}}
}

func (m *memDepot) lock(call string, d DropDigest) error {
	m.mu.Lock()
	if m.before != nil {
		if err := m.before(call, d); err != nil {
			m.mu.Unlock()
			return err
		}
	}
	return nil
}

func (m *memDepot) own(id DropID, owner DropOwner) (*memDrop, error) {
	d := m.drops[id]
	switch {
	case d == nil:
		return nil, newError(NotFound, Path{}, "no such drop")
	case d.plan.Owner != owner.Sum():
		return nil, newError(Auth, Path{}, "not the owner")
	}
	return d, nil
}

func (m *memDepot) whole(id DropID) (*memDrop, error) {
	if d := m.drops[id]; d != nil && d.list != nil {
		return d, nil
	}
	return nil, newError(NotFound, Path{}, "no such drop")
}

func (d *memDrop) state() DropState {
	s := DropState{ID: d.plan.ID, Bytes: d.plan.Bytes, Chunks: d.plan.Chunks, Downloads: -1, Envelope: d.plan.Envelope,
		Expires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	if d.list != nil {
		s.Manifest = len(d.list.Manifest)
	}
	if d.plan.Downloads > 0 {
		s.Downloads = d.plan.Downloads - len(d.claims)
	}
	return s
}

func (m *memDepot) Begin(_ context.Context, p DropPlan) (DropState, error) {
	if err := m.lock("begin", DropDigest{}); err != nil {
		return DropState{}, err
	}
	defer m.mu.Unlock()
	if d := m.drops[p.ID]; d != nil {
		if d.plan.Owner != p.Owner {
			return DropState{}, newError(Exists, Path{}, "of somebody else")
		}
		return d.state(), nil
	}
	d := &memDrop{plan: p, chunks: map[DropDigest][]byte{}, claims: map[DropClaim]bool{}}
	m.drops[p.ID] = d
	if p.Mailbox != (DropMailbox{}) {
		m.boxes[p.Mailbox] = append(m.boxes[p.Mailbox], p.ID)
	}
	return d.state(), nil
}

func (m *memDepot) Missing(_ context.Context, id DropID, owner DropOwner, chunks []DropDigest) (missing []DropDigest, err error) {
	if err := m.lock("missing", DropDigest{}); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	d, err := m.own(id, owner)
	if err != nil {
		return nil, err
	}
	for _, c := range chunks {
		if d.chunks[c] == nil {
			missing = append(missing, c)
		}
	}
	return missing, nil
}

func (m *memDepot) Put(_ context.Context, id DropID, owner DropOwner, c DropDigest, sealed []byte) error {
	if err := m.lock("put", c); err != nil {
		return err
	}
	defer m.mu.Unlock()
	d, err := m.own(id, owner)
	if err != nil {
		return err
	}
	m.puts++
	d.chunks[c] = slices.Clone(sealed)
	return nil
}

func (m *memDepot) Commit(_ context.Context, id DropID, owner DropOwner, list DropList) (DropState, error) {
	if err := m.lock("commit", DropDigest{}); err != nil {
		return DropState{}, err
	}
	defer m.mu.Unlock()
	d, err := m.own(id, owner)
	if err != nil {
		return DropState{}, err
	}
	var bytes int64
	for _, c := range slices.Concat(list.Manifest, list.Data) {
		if d.chunks[c] == nil {
			return DropState{}, &Error{Kind: Interrupted, Err: ErrMissing}
		}
		bytes += int64(len(d.chunks[c]))
	}
	if bytes != d.plan.Bytes || len(list.Manifest)+len(list.Data) != d.plan.Chunks {
		return DropState{}, newError(Invalid, Path{}, "%d bytes in place of %d", bytes, d.plan.Bytes)
	}
	d.list = &list
	return d.state(), nil
}

func (m *memDepot) Info(_ context.Context, id DropID) (DropState, error) {
	if err := m.lock("info", DropDigest{}); err != nil {
		return DropState{}, err
	}
	defer m.mu.Unlock()
	d, err := m.whole(id)
	if err != nil {
		return DropState{}, err
	}
	return d.state(), nil
}

func (m *memDepot) List(_ context.Context, id DropID) (DropList, error) {
	if err := m.lock("list", DropDigest{}); err != nil {
		return DropList{}, err
	}
	defer m.mu.Unlock()
	d, err := m.whole(id)
	if err != nil {
		return DropList{}, err
	}
	return *d.list, nil
}

func (m *memDepot) Take(_ context.Context, id DropID, claim DropClaim) (time.Time, error) {
	if err := m.lock("take", DropDigest{}); err != nil {
		return time.Time{}, err
	}
	defer m.mu.Unlock()
	d, err := m.whole(id)
	if err != nil {
		return time.Time{}, err
	}
	if _, ok := d.claims[claim]; !ok && len(d.claims) >= d.plan.Downloads {
		return time.Time{}, newError(NotFound, Path{}, "used up")
	}
	d.claims[claim] = false
	return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), nil
}

func (m *memDepot) Taken(_ context.Context, id DropID, claim DropClaim) error {
	if err := m.lock("taken", DropDigest{}); err != nil {
		return err
	}
	defer m.mu.Unlock()
	d, err := m.whole(id)
	if err != nil {
		return err
	}
	d.claims[claim] = true
	return nil
}

func (m *memDepot) Get(_ context.Context, id DropID, claim DropClaim, c DropDigest, buf []byte) ([]byte, error) {
	if err := m.lock("get", c); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	d, err := m.whole(id)
	if err != nil {
		return nil, err
	}
	_, claimed := d.claims[claim]
	if d.plan.Downloads > 0 && !claimed && !slices.Contains(d.list.Manifest, c) {
		return nil, newError(Auth, Path{}, "no claim")
	}
	m.gets++
	out := append(buf[:0], d.chunks[c]...)
	if m.spoil != nil {
		out = m.spoil(c, out)
	}
	return out, nil
}

func (m *memDepot) Remove(_ context.Context, id DropID, owner DropOwner) error {
	if err := m.lock("remove", DropDigest{}); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if _, err := m.own(id, owner); err != nil {
		return err
	}
	delete(m.drops, id)
	return nil
}

func (m *memDepot) Mailbox(_ context.Context, box DropMailbox) (out []DropState, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.boxes[box] {
		if d := m.drops[id]; d != nil && d.list != nil {
			out = append(out, d.state())
		}
	}
	return out, nil
}

func (m *memDepot) Mine(context.Context) ([]DropState, error) { return nil, nil }

// errGone is a relay that is not there for a while.
var errGone = &Error{Kind: Unreachable, Err: errors.New("the relay is gone")}
