package cli

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

// pairOrigin is the origin of the grants of those who were paired with and remembered.
const pairOrigin = "pair"

// mostStanding is how many trees an open screen has rooms for.
const mostStanding = 8

// A standing is what those who were remembered by earlier pairings find while a screen
// is open, whatever it shows: the directory that they were shown then, with the rights
// that they got, in its rooms at the relay and on the local network. Under pairing.mu.
type standing struct {
	begun  bool
	shares map[string]*share // by tree, opened when somebody comes
	inside map[transport.Link]tui.Visitor
}

// here are those who came and are there still, by name.
func (s *standing) here() []tui.Visitor {
	all := slices.Collect(maps.Values(s.inside))
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		return a.Name < b.Name || a.Name == b.Name && a.Shows < b.Shows
	})
	return all
}

func (s *standing) all() (all []*share) {
	for _, x := range s.shares {
		all = append(all, x)
	}
	return all
}

// admission lets in those who were remembered; who else comes is its caller's to say.
func (p *pairing) admission() *transport.Admission {
	a := &transport.Admission{Tree: p.tree(), Origin: pairOrigin, Trees: p.trees, Errands: &p.errands,
		Meet:  func(g transport.Grant) transport.Rendezvous { return p.told(g.Tree) },
		Terms: func(g transport.Grant) (transport.Grant, error) { return g, p.revoked(g.Key) }}
	if grants, err := p.reach.home.grants(); err == nil { // else it is said where something is granted
		a.Grants = grants
	}
	return a
}

// trees are those that somebody was remembered for, the latest first.
func (p *pairing) trees() (trees []string) {
	grants, err := p.reach.home.grants()
	if err != nil {
		return nil
	}
	all, err := grants.List()
	if err != nil {
		return nil
	}
	now := time.Now()
	for _, g := range slices.Backward(all) {
		if g.Origin == pairOrigin && g.Valid(now) && !slices.Contains(trees, g.Tree) && len(trees) < mostStanding {
			trees = append(trees, g.Tree)
		}
	}
	return trees
}

// told is where those can meet us again who may see a tree.
func (p *pairing) told(tree string) (r transport.Rendezvous) {
	relay := p.standsAt()
	if p.doors.LAN == nil && relay.Address == "" {
		return r
	}
	secret, err := p.reach.home.roomSecret()
	if err != nil {
		return r
	}
	r.Room = secret.For(tree)
	if !relay.Key.IsZero() {
		r.Relay, r.RelayKey = relay.Address, relay.Key
	}
	return r
}

// standsAt is the relay where we may open rooms; without an Address: at none.
func (p *pairing) standsAt() transport.RelayRemote {
	if r := p.doors.Relay; !r.Secret.IsZero() || r.Pass != "" {
		return r
	}
	return transport.RelayRemote{}
}

// attend has those who were remembered find this machine from now on, if there are any.
// What cannot be is said in the log: nobody has asked for it just now.
func (p *pairing) attend() {
	p.mu.Lock()
	begun := p.standing.begun
	p.standing.begun = begun || len(p.trees()) > 0
	begin := p.standing.begun && !begun
	p.mu.Unlock()
	if !begin {
		return
	}
	residents := p.admission()
	if err := p.reach.admitsFirst(residents); err != nil {
		p.log.Warn("known peers cannot come", "reason", reason(err))
		return
	}
	ep, err := p.reach.open()
	if err != nil {
		p.log.Warn("known peers cannot come", "reason", reason(err))
		return
	}
	p.accept(ep)
	if p.doors.LAN != nil {
		if _, err := ep.AttendLAN(*p.doors.LAN, p.rooms); err != nil {
			p.log.Info("not to be found on the local network", "reason", reason(err))
		}
	}
	relay := p.standsAt()
	if relay.Address == "" {
		return
	}
	log := p.log.With("relay", relay.Address)
	_, err = ep.Attend(p.ctx, relay, p.rooms, transport.RoomOptions{Admission: residents, Changed: func(s transport.RoomState) {
		switch {
		case s.Open:
			log.Info("known peers find us at the relay")
		case s.Err != nil && !errors.Is(s.Err, context.Canceled):
			log.Info("known peers do not find us at the relay; it is tried again", "reason", reason(s.Err))
		}
	}})
	if err != nil {
		log.Warn("known peers do not find us at the relay", "reason", reason(err))
	}
}

// rooms is transport.RoomsOf.
func (p *pairing) rooms(now time.Time) (names []transport.RoomName, until time.Time) {
	if secret, err := p.reach.home.roomSecret(); err == nil {
		for _, tree := range p.trees() {
			names = append(names, transport.RoomsNow(secret.For(tree), now)...)
		}
	}
	return names, transport.NextRooms(now)
}

// isNeighbour tells whether a link is of somebody who was remembered by an earlier
// pairing: nobody here waits for that one.
func (p *pairing) isNeighbour(l transport.Link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, met := p.peers[l.Peer().Key]
	return l.Peer().Grant.Origin == pairOrigin && !met
}

// stand serves a link of somebody who was remembered.
func (p *pairing) stand(l transport.Link) {
	peer := l.Peer()
	log := p.log.With("key", peer.Key.Short(), "from", peer.Address)
	s, err := p.standingShare(peer.Grant.Tree)
	if err != nil {
		log.Warn("a known peer came, and what it may see is not there", "reason", reason(err))
		l.Close("what was shown there is gone")
		return
	}
	log.Info("a known peer came", "shows", session.Display(peer.Grant.Tree))
	p.running.Go(func() { p.showOut(l) })
	p.inside(l, &tui.Visitor{Name: p.reach.calledPaired(peer.Key), Shows: peer.Grant.Tree})
	start := time.Now()
	err = s.server.ServeLink(p.ctx, l)
	l.Close("served")
	p.inside(l, nil)
	s.guests.came(peer, start)
	log.Info("it is gone", "reason", whyGone(err))
}

// inside notes who is there; nil: nobody any more.
func (p *pairing) inside(l transport.Link, v *tui.Visitor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.standing.inside == nil {
		p.standing.inside = map[transport.Link]tui.Visitor{}
	}
	if v != nil {
		p.standing.inside[l] = *v
	} else {
		delete(p.standing.inside, l)
	}
	p.change(func(*tui.PairingShot) {})
}

// revoked tells whether a key is let in no more (bargee peer revoke).
func (p *pairing) revoked(key transport.Fingerprint) error {
	keys, err := readRevoked(p.reach.home.revokedFile())
	if err == nil && keys[key.String()] {
		err = errKeyRevoked
	}
	return err
}

// showOut ends a link of somebody whose key is revoked meanwhile.
func (p *pairing) showOut(l transport.Link) {
	tick := time.NewTicker(watchTime)
	defer tick.Stop()
	name, stamp := p.reach.home.revokedFile(), ""
	for {
		select {
		case <-l.Done():
			return
		case <-p.ctx.Done():
			return
		case <-tick.C:
		}
		if now := stampOf(name); now != stamp {
			stamp = now
			if errors.Is(p.revoked(l.Peer().Key), errKeyRevoked) {
				l.Close(errKeyRevoked.Error())
			}
		}
	}
}

// standingShare opens a tree, if it is not open already.
func (p *pairing) standingShare(tree string) (*share, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.standing.shares[tree]; s != nil {
		return s, nil
	}
	s, err := p.openShare(tree, tree, true) // the grant says what may be done
	if err != nil {
		return nil, err
	}
	if p.standing.shares == nil {
		p.standing.shares = map[string]*share{}
	}
	p.standing.shares[tree] = s
	return s, nil
}
