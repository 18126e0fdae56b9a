package relay

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A Session joins two peers: what comes from one's address goes to the other's.
// The relay knows nothing else of it. It lives until Plane.End or Plane.Close.
type Session struct {
	ID uint64 // random; peers name it in datagrams

	allow []Allowance
	mu    sync.Mutex // of the legs; the loops do not take it
	legs  [2]leg
	to    [2]atomic.Pointer[netip.AddrPort] // where the legs are, for the loops

	held [2]hold // for legs that are about to be bound

	total traffic
}

// home says where the peers' own links to the relay come from; before the session
// is known to anybody.
func (s *Session) home(opener, joiner netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.legs[0].home, s.legs[1].home = opener, joiner
}

// An Allowance says whether so many bytes may pass now: a rate or a quota of a
// session, a token or all. It may be asked by several goroutines.
type Allowance interface {
	Allow(now time.Time, bytes int) bool
}

// Traffic is what a session carried.
type Traffic struct {
	Packets, Bytes uint64 // that were forwarded
	Dropped        uint64 // packets: over an allowance, or the other leg was not there
}

// Traffic returns what the session carried so far.
func (s *Session) Traffic() Traffic { return s.total.get() }

// allowed asks all allowances; the first that says no spares the others.
func (s *Session) allowed(now func() time.Time, bytes int) bool {
	if len(s.allow) == 0 {
		return true
	}
	at := now()
	for _, a := range s.allow {
		if !a.Allow(at, bytes) {
			return false
		}
	}
	return true
}

// Bound tells which legs have an address.
func (s *Session) Bound() (opener, joiner bool) {
	return s.to[0].Load() != nil, s.to[1].Load() != nil
}

// A table finds sessions by what a packet shows: its source, or what a datagram
// names. Loops read it at every packet; shards keep them out of each other's way.
type table struct {
	seed   maphash.Seed
	byAddr [64]addrShard

	mu   sync.RWMutex
	byID map[uint64]*Session
}

type addrShard struct {
	mu sync.RWMutex
	m  map[netip.AddrPort]place
}

// A place is what a source is to the relay: a leg of a session, or one that
// said hello to the relay itself, until then.
type place struct {
	session *Session
	leg     uint8
	until   time.Time // of a hello
	credit  *credit   // of one who said hello
}

func newTable() *table {
	t := &table{seed: maphash.MakeSeed(), byID: make(map[uint64]*Session)}
	for i := range t.byAddr {
		t.byAddr[i].m = make(map[netip.AddrPort]place)
	}
	return t
}

func (t *table) shard(at netip.AddrPort) *addrShard {
	return &t.byAddr[maphash.Comparable(t.seed, at)%uint64(len(t.byAddr))]
}

func (t *table) find(at netip.AddrPort) place {
	s := t.shard(at)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[at]
}

func (t *table) session(id uint64) *Session {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byID[id]
}

func (t *table) add(s *Session) (ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID[s.ID] != nil {
		return false
	}
	t.byID[s.ID] = s
	return true
}

// remove takes a session and its addresses out.
func (t *table) remove(s *Session) {
	t.mu.Lock()
	delete(t.byID, s.ID)
	t.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.legs {
		t.free(s, i, s.legs[i].at)
		s.legs[i] = leg{}
	}
}

// free forgets that a leg was at an address; s.mu is held.
func (t *table) free(s *Session, number int, at netip.AddrPort) {
	if !at.IsValid() {
		return
	}
	s.to[number].Store(nil)
	sh := t.shard(at)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if p := sh.m[at]; p.session == s && int(p.leg) == number {
		delete(sh.m, at)
	}
}

// hear takes in a signed datagram of a leg and moves the leg to where it says; ok
// tells whether it meant something. To a session that has ended meanwhile nothing
// does: nobody would ever free its legs again.
func (t *table) hear(s *Session, d wire.Datagram, from netip.AddrPort, now time.Time) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, number := &s.legs[d.Leg], int(d.Leg)
	was := l.at
	if l.key == nil || !l.hear(d, from, now) {
		return false
	}
	if l.at == was {
		return true
	}
	t.free(s, number, was)
	if l.bound() {
		sh := t.shard(from)
		sh.mu.Lock()
		sh.m[from] = place{session: s, leg: d.Leg}
		sh.mu.Unlock()
		s.to[number].Store(&from)
	}
	return true
}

// bound tells whether a leg is at an address.
func (t *table) bound(at netip.AddrPort) bool { return t.find(at).session != nil }

// leave forgets an address that nobody is at any more: its connection is over.
func (t *table) leave(at netip.AddrPort) {
	p := t.find(at)
	if s := p.session; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if l := &s.legs[p.leg]; l.at == at {
			t.free(s, int(p.leg), at)
			l.at = netip.AddrPort{}
		}
		return
	}
	sh := t.shard(at)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	delete(sh.m, at)
}

// greet lets the relay's own listener hear a source for a while. A leg of a
// session stays one.
func (t *table) greet(from netip.AddrPort, now time.Time) {
	sh := t.shard(from)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	p, known := sh.m[from]
	if p.session != nil {
		return
	}
	if !known && !isCarried(from) && len(sh.m) >= mostGreeted {
		sh.forgetOne()
	}
	if p.credit == nil {
		p.credit = new(credit)
	}
	p.credit.heard(1) // the hello
	sh.m[from] = place{until: now.Add(lifetime), credit: p.credit}
}

// mostGreeted is how many addresses a shard knows at most before a hello takes the
// place of another one: forged ones must not fill the memory. One over TCP is none.
const mostGreeted = 4096

// forgetOne forgets a hello, whichever the map happens to begin with: in a flood of
// forged ones an honest one lives for as long as it takes to forge thousands, and
// is said again. Refusing the new ones instead would keep honest ones out.
func (sh *addrShard) forgetOne() {
	for at, p := range sh.m {
		if p.session == nil && !isCarried(at) {
			delete(sh.m, at)
			return
		}
	}
}

// sweep frees the legs that were not heard of, and forgets old hellos. It
// returns how many legs it freed.
func (t *table) sweep(now time.Time) (freed int) {
	t.mu.RLock()
	sessions := make([]*Session, 0, len(t.byID))
	for _, s := range t.byID {
		sessions = append(sessions, s)
	}
	t.mu.RUnlock()
	for _, s := range sessions {
		s.mu.Lock()
		for i := range s.legs {
			if at := s.legs[i].at; s.legs[i].expire(now) {
				t.free(s, i, at)
				freed++
			}
		}
		s.mu.Unlock()
	}
	for i := range t.byAddr {
		sh := &t.byAddr[i]
		sh.mu.Lock()
		for at, p := range sh.m {
			if p.session == nil && now.After(p.until) {
				delete(sh.m, at)
			}
		}
		sh.mu.Unlock()
	}
	return freed
}
