package session

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// This file is the part in Straight of who asked for a copy between two peers: it
// tells them of each other, and how fast the data may be, which it does not see then.

// straightLanes is added to the numbers of lanes that are none of ours.
const straightLanes = 256

// goStraight has the sender bring the data itself, if the two can.
func (c *conduit) goStraight(from transport.Link) {
	peer := from.Peer()
	if peer.Key.IsZero() || peer.Key == c.to.Peer().Key {
		return
	}
	c.straight, c.from, c.send.Sender = true, peer, peer.Key[:]
}

// adapt makes of what the receiver says what the sender is to hear, and reports false
// if that is nothing.
func (c *conduit) adapt(m *wire.ToSender) bool {
	switch say := m.Say.(type) {
	case *wire.ToSender_Ready:
		if d := say.Ready.GetDirect(); d != nil {
			c.introduce(d)
		}
		if p := say.Ready.GetPace(); p != nil {
			p.Rate = uint64(c.pace.begin(int64(p.GetRate()), c.limits[0].get()))
		}
	case *wire.ToSender_Pace:
		rate, said := c.pace.of(int64(say.Pace.GetRate()), c.limits[0].get())
		say.Pace.Rate = uint64(rate)
		return said
	}
	return true
}

// introduce adds to where the receiver says that it may be met what we know: its key,
// and the address at which it answers us.
func (c *conduit) introduce(d *wire.Direct) {
	to := c.to.Peer()
	d.Key = to.Key[:]
	a, err := netip.ParseAddrPort(to.Address)
	seen := err == nil && to.Path == transport.PathDirect && (!a.Addr().Unmap().IsLoopback() || isLoopback(c.from.Address))
	if seen && !slices.Contains(d.Addresses, a.String()) && len(d.Addresses) < maxMeeting {
		d.Addresses = append(d.Addresses, a.String())
	}
}

func isLoopback(address string) bool {
	a, err := netip.ParseAddrPort(address)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// pacing tells the sender when our own limit is another one.
func (c *conduit) pacing(ctx context.Context) {
	tick := time.NewTicker(paceStep)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if rate, changed := c.pace.limited(c.limits[0].get()); changed {
			c.toSender.send(&wire.ToSender{Say: &wire.ToSender_Pace{Pace: &wire.Pace{Rate: uint64(rate)}}})
		}
	}
}

// A paces is how fast the receiver wants its data and we want it to go: the sender
// is told the lower of the two. 0 is any.
type paces struct {
	mu       sync.Mutex
	receiver int64
	said     int64
	heeds    bool // the sender listens
}

// begin is of the receiver's first word.
func (p *paces) begin(receiver, own int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.receiver = receiver
	p.said = slower(receiver, own)
	return p.said
}

func (p *paces) heeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heeds = true
}

// of is what the sender is told when the receiver has another figure, if anything.
func (p *paces) of(receiver, own int64) (rate int64, changed bool) {
	p.mu.Lock()
	p.receiver = receiver
	p.mu.Unlock()
	return p.limited(own)
}

// limited is what the sender is told when we have another figure, if anything.
func (p *paces) limited(own int64) (rate int64, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate = slower(p.receiver, own)
	if changed = p.heeds && differs(rate, p.said); changed {
		p.said = rate
	}
	return rate, changed
}

// slower is the lower of two rates, of which 0 is any.
func slower(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}
