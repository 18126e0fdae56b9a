package relay

import (
	"net/netip"
	"time"
)

// A door counts who has come over TCP and shown nothing yet: such a connection
// costs its maker little and us memory, and a handshake of TLS. It is pure: time
// is given to it, and its caller holds the lock. Sources are as in rooms.
type door struct {
	limits  doorLimits
	inside  int
	sources map[netip.Prefix]*caller
}

type doorLimits struct {
	inside    int // strangers at a time, in all
	perSource int // and of one source
	perMinute int // connections from a source
	sources   int // remembered at most
}

var defaultDoorLimits = doorLimits{inside: 1024, perSource: 64, perMinute: 300, sources: 65536}

// A caller is a source of connections.
type caller struct {
	inside int
	minute window
}

func newDoor(l doorLimits) *door {
	return &door{limits: l, sources: map[netip.Prefix]*caller{}}
}

// enter lets a stranger in, or not.
func (d *door) enter(from netip.Prefix, now time.Time) (ok bool) {
	if d.inside >= d.limits.inside {
		return false
	}
	c := d.sources[from]
	if c == nil {
		if len(d.sources) >= d.limits.sources && !d.forgetOne() {
			return false
		}
		c = new(caller)
		d.sources[from] = c
	}
	if c.inside >= d.limits.perSource || c.minute.take(now, time.Minute, d.limits.perMinute) > 0 {
		return false
	}
	c.inside++
	d.inside++
	return true
}

// leave is for one that enter let in, and that is no stranger any more, or gone.
func (d *door) leave(from netip.Prefix) {
	if c := d.sources[from]; c != nil && c.inside > 0 {
		c.inside--
		d.inside--
	}
}

// sweep forgets sources that are as if they were new.
func (d *door) sweep(now time.Time) {
	for s, c := range d.sources {
		if c.inside == 0 && now.Sub(c.minute.since) >= time.Minute {
			delete(d.sources, s)
		}
	}
}

// forgetOne makes room for another source: one that has nobody inside, of a few
// that the map happens to begin with.
func (d *door) forgetOne() (ok bool) {
	looked := 0
	for s, c := range d.sources {
		if c.inside == 0 {
			delete(d.sources, s)
			return true
		}
		if looked++; looked == 32 {
			break
		}
	}
	return false
}
