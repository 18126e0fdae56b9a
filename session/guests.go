package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// A Guest is a peer that a Server serves, at one moment.
type Guest struct {
	Peer  transport.Peer
	Since time.Time
	Lanes []transport.LaneStats

	Taking, Leaving int   // transfers under way
	Bytes           int64 // of file data that crossed the link in these, so far
}

// Guests describes who is there, in the order in which they came. What they have
// under way is only known where ServerConfig.Observe is set.
func (s *Server) Guests() []Guest {
	s.guests.mu.Lock()
	visits := slices.Clone(s.guests.here)
	s.guests.mu.Unlock()
	out := make([]Guest, len(visits))
	for i, v := range visits {
		out[i] = Guest{Peer: v.link.Peer(), Since: v.since, Lanes: v.link.Lanes()}
		v.mu.Lock()
		for a := range v.accounts {
			if a.what == DeedLeft {
				out[i].Leaving++
			} else {
				out[i].Taking++
			}
			a.ledger.mu.Lock()
			out[i].Bytes += a.ledger.t.Sent
			a.ledger.mu.Unlock()
		}
		v.mu.Unlock()
	}
	return out
}

// guests are the visits that a server has now.
type guests struct {
	mu   sync.Mutex
	here []*visit
}

func (g *guests) arrive(v *visit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.here = append(g.here, v)
}

func (g *guests) leave(v *visit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.here = slices.DeleteFunc(g.here, func(o *visit) bool { return o == v })
}

// others returns how many peers but that of mine are putting something here now.
func (s *Server) others(mine transport.Link) int {
	key := mine.Peer().Key
	var keys []transport.Fingerprint
	n := 0
	for _, l := range s.transfers.receiving(mine) {
		switch k := l.Peer().Key; {
		case k.IsZero():
			n++
		case k != key && !slices.Contains(keys, k):
			keys = append(keys, k)
		}
	}
	return n + len(keys)
}

// account notes a transfer of this visit; what it returns counts and ends that.
func (v *visit) account(what DeedKind, dest Path, roots []source) (*ledger, func(error)) {
	a := newAccount(v.link, what)
	a.dest = dest
	if roots != nil {
		a.roots = make(map[Path]bool, len(roots))
		for _, r := range roots {
			a.roots[r.shown] = true
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.accounts == nil {
		v.accounts = map[*account]bool{}
	}
	v.accounts[a] = true
	return a.ledger, func(err error) {
		v.mu.Lock()
		delete(v.accounts, a)
		v.mu.Unlock()
		for _, d := range a.close(v.whyEnded(err)) {
			v.tell(*d)
		}
	}
}

// whyEnded says why a transfer ended that ended with its link.
func (v *visit) whyEnded(err error) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	if why := v.link.Err(); why != nil {
		return about(Path{}, why)
	}
	return errClosing
}

// did tells of a change that was made, and returns err.
func (e *exchange) did(what DeedKind, paths []Path, err error) error {
	if err != nil || e.s.cfg.Observe == nil {
		return err
	}
	now := time.Now()
	d := Deed{Peer: e.v.link.Peer(), What: what, Path: paths[0], Began: now, Ended: now}
	if len(paths) > 1 {
		d.To = paths[1]
	}
	e.v.tell(d)
	return nil
}

// tell tells of a deed, whose paths are those that the peer sees.
func (v *visit) tell(d Deed) {
	d.Path = v.at.Append(d.Path)
	if d.What == DeedMoved {
		d.To = v.at.Append(d.To)
	}
	v.s.cfg.Observe(d)
}
