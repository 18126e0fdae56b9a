package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// A place is a peer that the engine keeps a link to.
type place struct {
	id             PlaceID
	target, secret string
	reach          Reach
	stop           context.CancelFunc

	mu      sync.Mutex
	info    Place // ID to Pinned
	link    transport.Link
	remote  *Remote       // over link; it knows what the peer is without
	changed chan struct{} // closed when the state changes
}

// errNowhere means that there is no way to a peer at this moment.
var errNowhere = errors.New("not connected")

// Connect links to the peer that target names and adds it as a place.
func (e *Engine) Connect(ctx context.Context, target, secret string) (PlaceID, error) {
	if e.cfg.Reach == nil {
		return 0, newError(Unreachable, Path{}, "only this machine can be reached")
	}
	l, err := e.cfg.Reach.Dial(ctx, target, secret)
	if err != nil {
		return 0, about(Path{}, err)
	}
	ctx, stop := context.WithCancel(e.ctx)
	p := &place{target: target, secret: secret, reach: e.cfg.Reach, stop: stop, changed: make(chan struct{})}
	p.info = Place{Target: target}
	p.connected(l)
	e.mu.Lock()
	e.lastPlace++
	p.id, p.info.ID = e.lastPlace, e.lastPlace
	e.places = append(e.places, p)
	e.mu.Unlock()
	e.running.Go(func() { p.keep(ctx) })
	return p.id, nil
}

// Disconnect interrupts the place's transfers and closes its link.
func (e *Engine) Disconnect(id PlaceID) error {
	p, err := e.place(id)
	if err != nil {
		return err
	}
	p.stop()
	return nil
}

// Pin remembers the peer at a place under name, so that it needs no secret again.
func (e *Engine) Pin(ctx context.Context, id PlaceID, name string) error {
	p, err := e.place(id)
	if err != nil {
		return err
	}
	l, err := p.await(ctx)
	if err != nil {
		return err
	}
	// The far side has to let our key in, else the name would be of no use.
	if err := NewRemote(l).Keep(ctx); err != nil {
		return err
	}
	if err := p.reach.Pin(l, p.target, name); err != nil {
		return about(Path{}, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.info.Name, p.info.Pinned = Display(name), true
	return nil
}

// Known lists the peers that need no secret.
func (e *Engine) Known() []KnownPeer {
	if e.cfg.Reach == nil {
		return nil
	}
	return e.cfg.Reach.Known()
}

// Places lists the places as they are now, Here first.
func (e *Engine) Places() []Place {
	e.mu.Lock()
	places := slices.Clone(e.places)
	e.mu.Unlock()
	out := []Place{{ID: Here, Name: "this machine"}}
	for _, p := range places {
		p.mu.Lock()
		info := p.info
		if p.link != nil {
			info.Lanes = p.link.Lanes()
			info.Choice, _ = p.link.Choice()
		}
		p.mu.Unlock()
		out = append(out, info)
	}
	return out
}

// Tree returns the tree of a place. It stays valid while the place reconnects;
// calls then wait for the new link as long as their context allows.
func (e *Engine) Tree(id PlaceID) (Tree, error) {
	if id == Here {
		return e.host, nil
	}
	p, err := e.place(id)
	if err != nil {
		return nil, err
	}
	return &placeTree{p}, nil
}

func (e *Engine) place(id PlaceID) (*place, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.places {
		if p.id == id {
			return p, nil
		}
	}
	return nil, newError(NotFound, Path{}, "there is no place %d", id)
}

// keep keeps p connected until ctx ends.
func (p *place) keep(ctx context.Context) {
	for short := 0; ; {
		l, since := p.current(), time.Now()
		if !p.attend(ctx, l) {
			l.Close("closed by the other side")
			p.set(PlaceClosed, nil, nil)
			return
		}
		p.set(PlaceReconnecting, nil, l.Err())
		// A peer that takes a link and drops it again counts as one that does
		// not answer: it must not be dialled without a pause.
		if short++; time.Since(since) >= longestDial {
			short = 0
		}
		next, err := p.redial(ctx, short)
		if err != nil {
			p.set(PlaceClosed, nil, err)
			return
		}
		p.connected(next)
	}
}

// pingEvery is how often a peer is asked whether it is there. An answer is not
// waited for: a peer that was restarted says so, and of one that is gone the
// link learns by itself.
const pingEvery = 3 * time.Second

// attend keeps company to l until it is dead, and reports false when ctx ends
// before. Meanwhile the peer's own pings are answered: that is how it tells a
// transfer that stands still from one whose program was killed.
func (p *place) attend(ctx context.Context, l transport.Link) bool {
	attending, stop := context.WithCancel(ctx)
	var company sync.WaitGroup
	defer company.Wait()
	defer stop()
	company.Go(func() { _ = NewServer(ServerConfig{}).Serve(attending, l) })
	company.Go(func() {
		tick := time.NewTicker(pingEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-attending.Done():
				return
			}
			ctx, cancel := context.WithTimeout(attending, pingEvery)
			_, _ = NewRemote(l).Ping(ctx)
			cancel()
		}
	})
	select {
	case <-l.Done():
		return true
	case <-ctx.Done():
		return false
	}
}

// redial dials until it succeeds, or until the peer refuses us. fails is how
// often that was in vain before.
func (p *place) redial(ctx context.Context, fails int) (transport.Link, error) {
	for ; ; fails++ {
		if fails > 0 && !p.waitToDial(ctx, min(firstWait<<min(fails-1, 8), longestDial)) {
			return nil, context.Cause(ctx)
		}
		l, err := p.reach.Dial(ctx, p.target, p.secret)
		if err == nil {
			return l, nil
		}
		switch KindOf(err) {
		case Unreachable, Timeout, Interrupted, Busy:
		default:
			return nil, about(Path{}, err)
		}
		p.mu.Lock()
		p.info.Err = err
		p.mu.Unlock()
	}
}

// waitToDial waits, and reports false if ctx ends first.
func (p *place) waitToDial(ctx context.Context, wait time.Duration) bool {
	p.mu.Lock()
	p.info.Retry = time.Now().Add(wait)
	p.mu.Unlock()
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *place) connected(l transport.Link) {
	name := Display(p.target)
	known := slices.ContainsFunc(p.reach.Known(), func(k KnownPeer) bool { return k.Name == p.target })
	p.mu.Lock()
	if p.info.Name == "" {
		p.info.Name, p.info.Pinned = name, known
	}
	p.info.Key = l.Peer().Key.Short()
	p.mu.Unlock()
	p.set(PlaceConnected, l, nil)
}

func (p *place) set(s PlaceState, l transport.Link, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link, p.remote = l, nil
	if l != nil {
		p.remote = NewRemote(l)
	}
	p.info.State, p.info.Err, p.info.Since, p.info.Retry = s, err, time.Now(), time.Time{}
	close(p.changed)
	p.changed = make(chan struct{})
}

// current returns the link, nil if there is none.
func (p *place) current() transport.Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link
}

// now returns the link, or the reason that there is none at this moment.
func (p *place) now() (transport.Link, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link != nil && p.link.Err() == nil {
		return p.link, nil
	}
	err := p.info.Err
	if err == nil {
		err = errNowhere
	}
	if p.info.State == PlaceClosed {
		return nil, &Error{Kind: KindOf(err), Err: err}
	}
	return nil, &Error{Kind: Unreachable, Err: err}
}

// await returns the link, waiting for one as long as ctx allows.
func (p *place) await(ctx context.Context) (transport.Link, error) {
	for {
		p.mu.Lock()
		changed, state := p.changed, p.info.State
		p.mu.Unlock()
		l, err := p.now()
		if err == nil || state == PlaceClosed {
			return l, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, err
		}
	}
}
