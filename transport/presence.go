package transport

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A Presence is a peer that can be met at a relay: rooms that it keeps open there,
// others from time to time. It has a goroutine of the endpoint's until Close, or until
// the ctx of Attend ends.
type Presence struct {
	from   *Endpoint
	relay  RelayRemote
	rooms  RoomsOf
	o      RoomOptions
	cancel context.CancelFunc
	over   chan struct{}
	again  chan struct{} // has room for one

	looking sync.Mutex // held before mu: one who looks after the other

	mu      sync.Mutex
	hosted  map[RoomName]*Hosted
	state   RoomState
	changed chan struct{} // closed when the state is another
}

// Attend keeps the rooms open that rooms names, which is asked again at the time that
// it says, and each minute. o says how they are hosted; its Changed hears of all of them together: they are open when all are.
func (e *Endpoint) Attend(ctx context.Context, r RelayRemote, rooms RoomsOf, o RoomOptions) (*Presence, error) {
	if !e.begin() {
		return nil, fail(ErrClosed, "attend a relay: the endpoint was closed")
	}
	p := &Presence{from: e, relay: r, rooms: rooms, o: o, over: make(chan struct{}), again: make(chan struct{}, 1), hosted: map[RoomName]*Hosted{}, changed: make(chan struct{})}
	ctx, p.cancel = context.WithCancel(ctx)
	stop := context.AfterFunc(e.ctx, p.cancel)
	if err := p.turn(ctx, time.Now()); err != nil {
		p.cancel()
		stop()
		e.wait.Done()
		return nil, err
	}
	go func() {
		defer e.wait.Done()
		defer close(p.over)
		defer stop()
		p.keep(ctx)
	}()
	return p, nil
}

// roomsAgain is how long the rooms of now are not asked for at most: a timer stands
// still where a machine sleeps, and the day goes on.
const roomsAgain = time.Minute

// keep changes rooms when it is time to, until ctx ends.
func (p *Presence) keep(ctx context.Context) {
	for {
		now := time.Now()
		_, until := p.rooms(now)
		late := time.NewTimer(min(until.Sub(now), roomsAgain))
		select {
		case <-p.again:
		case <-late.C:
		case <-ctx.Done():
		}
		late.Stop()
		if ctx.Err() != nil {
			p.closeAll()
			return
		}
		if err := p.turn(ctx, time.Now()); err != nil {
			p.became(RoomState{Err: err})
		}
	}
}

// Again has the rooms of now asked for at once: they changed before their time.
func (p *Presence) Again() {
	select {
	case p.again <- struct{}{}:
	default: // it is about to
	}
}

// turn opens the rooms of now, and closes those that are none any more.
func (p *Presence) turn(ctx context.Context, now time.Time) error {
	names, _ := p.rooms(now)
	p.mu.Lock()
	var old []*Hosted
	for name, h := range p.hosted {
		if !slices.Contains(names, name) {
			old = append(old, h)
			delete(p.hosted, name)
		}
	}
	var missing []RoomName
	for _, name := range names {
		if p.hosted[name] == nil {
			missing = append(missing, name)
		}
	}
	p.mu.Unlock()
	for _, h := range old {
		h.Close()
	}
	o := p.o
	o.Patient, o.Changed = true, func(RoomState) { p.look() }
	for _, name := range missing {
		h, err := p.from.Host(ctx, p.relay, name, o)
		if err != nil {
			return err
		}
		p.mu.Lock()
		p.hosted[name] = h
		p.mu.Unlock()
	}
	p.look()
	return nil
}

func (p *Presence) closeAll() {
	p.mu.Lock()
	all := p.hosted
	p.hosted = map[RoomName]*Hosted{}
	p.mu.Unlock()
	for _, h := range all {
		h.Close()
	}
}

// look sees how it stands with all rooms.
func (p *Presence) look() {
	p.looking.Lock() // so that what was seen first does not come last
	defer p.looking.Unlock()
	p.mu.Lock()
	all := RoomState{Open: len(p.hosted) > 0}
	for _, h := range p.hosted {
		s := h.State()
		all.Open = all.Open && s.Open
		if all.Err == nil {
			all.Err = s.Err
		}
		if s.Open {
			all.Relay = s.Relay
			if all.Until.IsZero() || s.Until.Before(all.Until) {
				all.Until = s.Until
			}
		}
	}
	p.mu.Unlock()
	p.became(all)
}

func (p *Presence) became(s RoomState) {
	p.mu.Lock()
	same := p.state.Open == s.Open && (p.state.Err == nil) == (s.Err == nil)
	p.state = s
	if !same {
		close(p.changed)
		p.changed = make(chan struct{})
	}
	p.mu.Unlock()
	if !same && p.o.Changed != nil {
		p.o.Changed(s)
	}
}

// State says how it stands now. The channel is closed when it is another.
func (p *Presence) State() (RoomState, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.changed
}

// Opened waits until all rooms are open, or cannot be, or ctx ends.
func (p *Presence) Opened(ctx context.Context) error {
	for {
		s, changed := p.State()
		if s.Open {
			return nil
		}
		if s.Err != nil {
			return s.Err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Close closes the rooms and waits until they are; links live on.
func (p *Presence) Close() {
	p.cancel()
	<-p.over
}
