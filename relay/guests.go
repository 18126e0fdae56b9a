package relay

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/transport"
)

// Guests have nothing to lose, so there are few at a time, and none for long. Those
// that read what somebody left for them stay while they read, and are counted apart,
// so that neither kind takes the other's place.
const (
	mostGuests    = 1024
	mostOfASource = 16
	guestTime     = 30 * time.Second

	mostReaders         = 512
	mostReadersOfSource = 16
	guestLeast          = 64 << 10 // bytes that have to go to a reader in each guestTime
)

// A guest is who came without a token.
type guest struct {
	from  netip.Prefix
	reads bool          // counted in Relay.readers; guarded by Relay.mu
	sent  atomic.Uint64 // in answers of Config.Web, so far
}

// admit lets a guest in, or says why not; nil: it did not.
func (r *Relay) admit(l transport.Link) *guest {
	if at, err := addressOf(l); err == nil {
		g := &guest{from: sourceOf(at)}
		r.mu.Lock()
		ok := r.guests.take(g.from)
		r.mu.Unlock()
		if ok {
			return g
		}
	}
	l.Close("too many who have no token of this relay: try again in a minute")
	return nil
}

// leave is the end of admit.
func (r *Relay) leave(g *guest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.reads {
		r.readers.leave(g.from)
	} else {
		r.guests.leave(g.from)
	}
}

// reads counts a guest as one that reads from now on, if there is a place.
func (r *Relay) reads(g *guest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.reads {
		return true
	}
	if !r.readers.take(g.from) {
		return false
	}
	r.guests.leave(g.from)
	g.reads = true
	return true
}

// limit closes the link of a guest when its time is over.
func (r *Relay) limit(ctx context.Context, l transport.Link, g *guest) {
	look := time.NewTicker(guestTime)
	defer look.Stop()
	var pace pace
	for {
		select {
		case <-look.C:
			if !pace.goesOn(g.sent.Load()) {
				l.Close("a guest's time is over")
				return
			}
		case <-l.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// A pace is how far a reader was at the last look.
type pace uint64

// goesOn tells whether enough went to the reader since then; sent is how much in all.
func (p *pace) goesOn(sent uint64) bool {
	moved := sent - uint64(*p)
	*p = pace(sent)
	return moved >= guestLeast
}

// places counts who is there, in all and of each source. Its owner locks.
type places struct {
	most, mostOfSource int
	all                int
	of                 map[netip.Prefix]int
}

func newPlaces(most, ofSource int) *places {
	return &places{most: most, mostOfSource: ofSource, of: map[netip.Prefix]int{}}
}

func (p *places) take(from netip.Prefix) bool {
	if p.all >= p.most || p.of[from] >= p.mostOfSource {
		return false
	}
	p.all++
	p.of[from]++
	return true
}

func (p *places) leave(from netip.Prefix) {
	p.all--
	if p.of[from]--; p.of[from] == 0 {
		delete(p.of, from)
	}
}
