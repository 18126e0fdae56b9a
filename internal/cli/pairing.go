package cli

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

// A pairing brings this machine together with others: it shows a code or looks for
// who shows one, makes a place of each link, and serves a directory over it. It is
// tui.Pairing, and what bargee pair does without a screen.
//
// It owns goroutines for what is under way and for links that come in; close ends
// them. Links are the queue's.
type pairing struct {
	app   *app
	reach *reach
	queue *control.Queue
	doors transport.Doors // where two can meet
	ttl   time.Duration   // of a code
	trust string          // remember who is met by this name, or chosenName; "": a person says so
	log   *slog.Logger

	ctx     context.Context // ends with close
	cancel  context.CancelFunc
	running sync.WaitGroup
	accepts sync.Once

	mu      sync.Mutex
	shot    tui.PairingShot
	changed chan struct{}                  // closed when shot changes
	stop    context.CancelFunc             // ends what is under way
	peers   map[transport.Fingerprint]bool // who was met, and whether they are welcome still
	expects bool                           // somebody who was not met yet may come
	ticket  transport.Ticket               // what lets somebody in beside the code
	shared  *share
	old     []*share // what was shared before; requests may be using it

	standing standing
	errands  transport.Errands // those for whom peers come that a third one sent
}

// A share is what the other side sees of this machine.
type share struct {
	dir    *session.Dir
	tree   string // its one absolute name
	server *session.Server
	guests *guestbook
	until  chan struct{} // closed when there is another one
}

func (a *app) newPairing(r *reach, doors transport.Doors, ttl time.Duration) *pairing {
	p := &pairing{
		app: a, reach: r, doors: doors, ttl: ttl, log: slog.Default(),
		changed: make(chan struct{}), stop: func() {}, peers: map[transport.Fingerprint]bool{},
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	r.pinned = p.letIn
	return p
}

// close ends it; links live on as long as the queue.
func (p *pairing) close() {
	p.cancel()
	p.running.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range append(p.standing.all(), append(p.old, p.shared)...) {
		if s != nil {
			s.guests.close()
			_ = s.dir.Close() // nothing was written through it
		}
	}
}

// Look implements tui.Pairing.
func (p *pairing) Look() tui.PairingShot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shot
	s.Here = p.standing.here()
	return s
}

// next is a look, and a channel that is closed when there is something new.
func (p *pairing) next() (tui.PairingShot, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shot, p.changed
}

// set changes what is seen of the pairing.
func (p *pairing) set(f func(*tui.PairingShot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(f)
}

// change is set while p.mu is held.
func (p *pairing) change(f func(*tui.PairingShot)) {
	f(&p.shot)
	close(p.changed)
	p.changed = make(chan struct{})
}

// begin ends what is under way, and has do go on in its place until it returns, is
// ended itself, or fails.
func (p *pairing) begin(state tui.PairingState, do func(context.Context) error) {
	p.mu.Lock()
	p.stop()
	ctx, stop := context.WithCancel(p.ctx)
	p.stop, p.expects, p.ticket = stop, false, transport.Ticket{}
	p.change(func(s *tui.PairingShot) {
		*s = tui.PairingShot{State: state, Shown: s.Shown, Write: s.Write}
	})
	p.mu.Unlock()
	p.running.Go(func() {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("no pairing", "error", reason(err))
			p.set(func(s *tui.PairingShot) { s.State, s.Err = tui.PairingFailed, err })
		}
	})
}

// Stop implements tui.Pairing.
func (p *pairing) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop()
	p.stop, p.expects = func() {}, false
	p.change(func(s *tui.PairingShot) { *s = tui.PairingShot{Shown: s.Shown, Write: s.Write} })
}

// Join implements tui.Pairing: word is a code, a ticket, or any address of a peer.
func (p *pairing) Join(word string) {
	p.begin(tui.PairingJoining, func(ctx context.Context) error {
		t, err := typedTarget(p.reach, word)
		if err != nil {
			return err
		}
		return p.join(ctx, t, "")
	})
}

// join dials t, and again whenever the link is lost.
func (p *pairing) join(ctx context.Context, t target, secret string) error {
	word := p.reach.word(t)
	l, err := p.reach.Dial(ctx, word, secret)
	if err != nil {
		return err
	}
	return p.joined(ctx, l, func(ctx context.Context) (transport.Link, error) { return p.reach.Dial(ctx, word, secret) })
}

// joined takes a link that we made, and how to make it again.
func (p *pairing) joined(ctx context.Context, l transport.Link, again dialing) error {
	if ctx.Err() != nil {
		l.Close("given up")
		return context.Cause(ctx)
	}
	key := l.Peer().Key
	p.reach.comesAgain(key, again)
	p.mu.Lock()
	p.peers[key] = true
	p.mu.Unlock()
	return p.meet(l)
}

// accept takes in who comes, from the first time that somebody may.
func (p *pairing) accept(ep *transport.Endpoint) {
	p.accepts.Do(func() {
		p.running.Go(func() {
			for {
				l, err := ep.Accept(p.ctx)
				if err != nil {
					return
				}
				if p.isNeighbour(l) {
					p.running.Go(func() { p.stand(l) })
					continue
				}
				if !p.welcomes(l.Peer().Key) {
					l.Close("another machine was paired with meanwhile")
					continue
				}
				if err := p.meet(l); err != nil {
					p.log.Warn("a link is not used", "error", reason(err))
					if session.KindOf(err) == session.Refused { // for good: the next one would be, too
						p.fail(err)
					}
				}
			}
		})
	})
}

// welcomes tells whether a peer that was let in is who is expected: the first that
// comes, and from then on nobody else.
func (p *pairing) welcomes(key transport.Fingerprint) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	welcome, met := p.peers[key]
	if met || !p.expects {
		return welcome
	}
	p.peers[key], p.expects = true, false
	return true
}

// fail ends what is under way: who came has used the code up, and is turned away.
func (p *pairing) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shot.State == tui.PairingMade { // somebody came again, in vain
		return
	}
	p.stop()
	p.stop = func() {}
	p.change(func(s *tui.PairingShot) {
		*s = tui.PairingShot{State: tui.PairingFailed, Err: err, Shown: s.Shown, Write: s.Write}
	})
}

// meet makes a place of a link.
func (p *pairing) meet(l transport.Link) error {
	peer := l.Peer()
	word := p.reach.word(target{kind: pairedTarget, key: peer.Key, path: "/"})
	name, _ := p.reach.nameFor(target{}, peer.Key.Short())
	unpinned := p.remember(l, word, name)
	id, err := p.queue.Adopt(word, l)
	if err != nil {
		l.Close("not taken")
		return err
	}
	p.log.Info("paired", "with", peer.Key.Short(), "address", peer.Address)
	p.set(func(s *tui.PairingShot) {
		*s = tui.PairingShot{
			State: tui.PairingMade, Place: id, Peer: name, Key: peer.Key.String(), Keep: name, Words: peer.Words,
			Shown: s.Shown, Write: s.Write, Err: unpinned,
		}
	})
	return nil
}

// remember pins who was met, as --trust wants it.
func (p *pairing) remember(l transport.Link, word, proposal string) error {
	switch p.trust {
	case "":
		return nil
	case chosenName:
		return p.reach.Pin(l, word, proposal)
	}
	return p.reach.Pin(l, word, p.trust)
}

// letIn has who was met enter without a secret from now on, where what is shared is
// served, and do there what he may do now.
func (p *pairing) letIn(key transport.Fingerprint) error {
	grants, err := p.reach.home.grants()
	if err != nil {
		return err
	}
	g := transport.Grant{Key: key, Tree: p.tree(), Origin: pairOrigin, Created: time.Now().UTC().Truncate(time.Second)}
	if !p.Look().Write {
		g.Mode = transport.ReadOnly
	}
	if err := grants.Add(g); err != nil {
		return filed(err)
	}
	p.attend()
	return nil
}

// Refuse implements tui.Pairing.
func (p *pairing) Refuse(id session.PlaceID) {
	for _, place := range p.queue.Places() {
		if place.ID != id {
			continue
		}
		if t, err := p.reach.target(place.Target); err == nil {
			p.mu.Lock()
			p.peers[t.key] = false
			p.mu.Unlock()
		}
	}
	p.Stop()
	_ = p.queue.Disconnect(id) // it is gone already, then
}

// serve is what peers get to see: control.QueueConfig.Serve.
func (p *pairing) serve(_ string, peer transport.Peer) (*session.Server, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.peers[peer.Key] || p.shared == nil {
		return nil, nil
	}
	return p.shared.server, p.shared.until
}

// Share implements tui.Pairing.
func (p *pairing) Share(dir session.Path, write bool) {
	if err := p.share(session.NewHost().Name(dir), write); err != nil {
		p.set(func(s *tui.PairingShot) { s.Err = err })
	}
}

// share serves the directory of that name from now on.
func (p *pairing) share(name string, write bool) error {
	at, err := localDirectory(name)
	if err != nil {
		return err
	}
	tree, err := realPath(name)
	if err != nil {
		return failed("share", target{path: name}, err)
	}
	now, err := p.openShare(name, tree, write)
	if err != nil {
		return failed("share", target{path: name}, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if before := p.shared; before != nil {
		close(before.until)
		p.old = append(p.old, before)
	}
	p.shared = now
	p.change(func(s *tui.PairingShot) { s.Shown, s.Write = at, write })
	return nil
}

// openShare makes a server of a directory, whose one absolute name is tree.
func (p *pairing) openShare(name, tree string, write bool) (*share, error) {
	dir, err := session.OpenDir(name)
	if err != nil {
		return nil, err
	}
	s := &share{dir: dir, tree: tree, guests: p.reach.home.guestbook(tree, p.log), until: make(chan struct{})}
	s.server = session.NewServer(session.ServerConfig{
		Tree: dir, ReadOnly: !write, Keep: p.keep, Observe: s.guests.observe,
		Greeting: session.Greeting{Name: callOurselves(), Shows: filepath.Base(tree), Writes: write, Meet: p.told(tree)},
		Straight: p.straight(tree),
	})
	s.guests.open(s.server)
	return s, nil
}

var errNotRemembered = errors.New("the other side has not remembered this machine: it has to, too")

// keep is asked by a peer that wants to need no secret from now on: that is for the
// person here to say, by remembering it.
func (p *pairing) keep(peer transport.Peer) error {
	known, err := p.reach.home.known()
	if err != nil {
		return err
	}
	if _, err := known.LookupKey(peer.Key); err != nil {
		return &session.Error{Kind: session.Refused, Err: errNotRemembered}
	}
	return nil
}
