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

	engine *Engine

	mu      sync.Mutex
	info    Place // ID to Pinned
	link    transport.Link
	remote  *Remote       // over link; it knows what the peer is without
	changed chan struct{} // closed when the state changes
	rousing bool          // it is dialled for the first time
	parted  bool          // by a person
	life    int           // number of the keep that is in charge

	peer    transport.Fingerprint // who was there last
	adopted bool                  // it came by itself
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
	e.mu.Lock()
	p := e.dormant(target)
	if p == nil {
		p = e.addPlace(target)
	}
	e.mu.Unlock()
	e.keepPlace(p, secret, l)
	return p.id, nil
}

// keepPlace keeps p connected from now on; a nil l is dialled.
func (e *Engine) keepPlace(p *place, secret string, l transport.Link) {
	ctx, stop := context.WithCancel(e.ctx)
	p.mu.Lock()
	p.stop()
	p.stop, p.secret, p.parted = stop, secret, false
	p.life++
	life := p.life
	if l == nil {
		p.rousing = true
		p.become(PlaceReconnecting, nil, nil)
	}
	p.mu.Unlock()
	if l != nil {
		p.connected(life, l)
	}
	e.running.Go(func() { p.keep(ctx, life) })
}

// rouse dials a place that nobody has connected in this run.
func (e *Engine) rouse(p *place) {
	p.mu.Lock()
	sleeps := p.info.State == PlaceIdle || p.info.State == PlaceClosed && !p.parted && p.secret == ""
	secret := p.secret // of one that was expected
	p.mu.Unlock()
	if sleeps && p.reach != nil && e.ctx.Err() == nil {
		e.keepPlace(p, secret, nil)
	}
}

func (e *Engine) isConnected(id PlaceID) bool {
	for _, p := range e.places {
		if p.id == id {
			return p.state() == PlaceConnected
		}
	}
	return false
}

func (p *place) state() PlaceState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info.State
}

// Disconnect interrupts the place's transfers and closes its link.
func (e *Engine) Disconnect(id PlaceID) error {
	p, err := e.place(id)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.parted = true
	stop := p.stop
	p.mu.Unlock()
	stop()
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
	// The far side has to let our key in, else the name would be of no use; but who
	// was paired with may be waiting for us to be the first.
	if err := NewRemote(l).Keep(ctx); err != nil && !(p.isAdopted() && KindOf(err) == Refused) {
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

// keep keeps p connected until ctx ends. life is its number: another one may
// have taken over since.
func (p *place) keep(ctx context.Context, life int) {
	for short := 0; ; {
		l, since := p.current(life), time.Now()
		if l != nil {
			if !p.attend(ctx, l) {
				l.Close("closed by the other side")
				p.set(life, PlaceClosed, nil, nil)
				return
			}
			p.set(life, PlaceReconnecting, nil, l.Err())
			// A peer that takes a link and drops it again counts as one that does
			// not answer: it must not be dialled without a pause.
			if short++; time.Since(since) >= longestDial {
				short = 0
			}
		}
		next, err := p.redial(ctx, short)
		if err != nil {
			p.set(life, PlaceClosed, nil, err)
			return
		}
		p.connected(life, next)
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
	company.Go(func() { p.serve(attending, l) })
	company.Go(func() {
		tick := time.NewTicker(pingEvery)
		defer tick.Stop()
		adopted := p.isAdopted()
		for first := adopted; ; first = false {
			if !first {
				select {
				case <-tick.C:
				case <-attending.Done():
					return
				}
			}
			ctx, cancel := context.WithTimeout(attending, pingEvery)
			if adopted {
				p.greeted(ctx, NewRemote(l))
			} else {
				_, _ = NewRemote(l).Ping(ctx)
			}
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
	for awaited := false; ; fails++ {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if fails > 0 && !p.waitToDial(ctx, min(firstWait<<min(fails-1, 8), longestDial), awaited) {
			return nil, context.Cause(ctx)
		}
		p.mu.Lock()
		secret := p.secret
		p.mu.Unlock()
		l, err := p.reach.Dial(ctx, p.target, secret)
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
		awaited = errors.Is(err, ErrAwaited)
		if p.rousing { // who waits for it may know
			p.become(PlaceReconnecting, nil, err)
		}
		p.mu.Unlock()
	}
}

// waitToDial waits, and reports false if ctx ends first. Of a peer that is awaited
// no time is told: its coming is up to it.
func (p *place) waitToDial(ctx context.Context, wait time.Duration, awaited bool) bool {
	p.mu.Lock()
	p.info.Retry = time.Now().Add(wait)
	if awaited {
		p.info.Retry = time.Time{}
	}
	p.mu.Unlock()
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *place) connected(life int, l transport.Link) {
	peers, key := p.reach.Known(), l.Peer().Key
	known := slices.IndexFunc(peers, func(k KnownPeer) bool { return k.Name == p.target || k.Key == key && !key.IsZero() })
	p.mu.Lock()
	if p.info.Key == "" && known >= 0 {
		p.info.Pinned = true
		if p.adopted {
			p.info.Name = Display(peers[known].Name)
		}
	}
	p.peer, p.info.Key = key, key.Short()
	if boxOf(l) != nil {
		p.info.Box, p.info.Pinned, p.info.Key = true, true, "" // there is nobody to be trusted
	}
	p.mu.Unlock()
	if !p.set(life, PlaceConnected, l, nil) {
		l.Close("another link is in its place")
		return
	}
	p.engine.schedule() // some wait for this place
}

// set changes the state, unless another keep is in charge.
func (p *place) set(life int, s PlaceState, l transport.Link, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != life {
		return false
	}
	p.become(s, l, err)
	return true
}

// become changes the state; p.mu is held.
func (p *place) become(s PlaceState, l transport.Link, err error) {
	if err != nil || s != PlaceReconnecting {
		p.rousing = false
	}
	p.link, p.remote = l, nil
	if l != nil {
		p.remote = NewRemote(l)
	}
	p.info.State, p.info.Err, p.info.Since, p.info.Retry = s, err, time.Now(), time.Time{}
	close(p.changed)
	p.changed = make(chan struct{})
}

// current returns the link, nil if there is none.
func (p *place) current(life int) transport.Link {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != life {
		return nil
	}
	return p.link
}

// roused returns the link, or why there is none; a place that is being dialled
// for the first time is waited for.
func (p *place) roused(ctx context.Context) (transport.Link, error) {
	for {
		p.mu.Lock()
		changed, rousing := p.changed, p.rousing
		p.mu.Unlock()
		if !rousing {
			return p.now()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
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
	if p.state() == PlaceIdle {
		p.engine.rouse(p)
	}
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
