package transport

import (
	"net/netip"
	"sync"
	"time"
)

// What a wrong proof costs its source, after sshd's PerSourcePenalties.
const (
	penaltyEach     = 5 * time.Second
	penaltyEnforced = 15 * time.Second // nothing happens up to here
	penaltyMost     = 10 * time.Minute
	penaltySources  = 65536 // remembered at most
)

// penalties remembers who was wrong how often. Its clock is handed in.
type penalties struct {
	mu      sync.Mutex
	sources map[netip.Prefix]penalty
	max     int // sources
}

type penalty struct {
	until    time.Time
	enforced bool // stays so until it is over
}

func newPenalties() *penalties {
	return &penalties{sources: map[netip.Prefix]penalty{}, max: penaltySources}
}

// add charges s with a wrong proof.
func (p *penalties) add(s netip.Prefix, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok := p.sources[s]
	if !ok || !x.until.After(now) {
		x = penalty{until: now}
	}
	if !ok && len(p.sources) >= p.max {
		p.makeRoom(now)
	}
	x.until = x.until.Add(penaltyEach)
	if last := now.Add(penaltyMost); x.until.After(last) {
		x.until = last
	}
	x.enforced = x.enforced || x.until.Sub(now) > penaltyEnforced
	p.sources[s] = x
}

// left returns how long s is not listened to; 0: it is.
func (p *penalties) left(s netip.Prefix, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok := p.sources[s]
	switch {
	case !ok:
		return 0
	case !x.until.After(now):
		delete(p.sources, s)
		return 0
	case !x.enforced:
		return 0
	}
	return x.until.Sub(now)
}

// makeRoom drops the penalty that is over first among a few: the map starts
// anywhere, so nobody can choose whose is dropped.
func (p *penalties) makeRoom(now time.Time) {
	var soonest netip.Prefix
	var until time.Time
	looked := 0
	for s, x := range p.sources {
		if looked == 0 || x.until.Before(until) {
			soonest, until = s, x.until
		}
		if looked++; looked == 32 || !until.After(now) {
			break
		}
	}
	delete(p.sources, soonest)
}
