package transport

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/bargee/bargee/transport/lan"
)

// Doors are where two who know a room can meet. The zero Doors has none.
type Doors struct {
	Relay RelayRemote // without an Address: none
	LAN   *lan.Options
}

func (d Doors) hasRelay() bool { return d.Relay.Address != "" }

// Questions on the local network are asked after these times, and then every
// lanEvery, a quarter more or less.
var lanFirst = []time.Duration{0, 150 * time.Millisecond, 250 * time.Millisecond, 400 * time.Millisecond}

const lanEvery = 2 * time.Second

// lanPause is how long to wait before question number n, from 0.
func lanPause(n int) time.Duration {
	if n < len(lanFirst) {
		return lanFirst[n]
	}
	return lanEvery*3/4 + rand.N(lanEvery/2)
}

// A lanParty is us in a room on the local network, with a goroutine until close.
type lanParty struct {
	*lan.Member
	from   *Endpoint
	heard  chan lan.Sighting // some may be lost
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

// party answers in a room for e. With ask it looks for others there, too, who come
// out of heard; else it makes way for those who look for us.
func (e *Endpoint) party(ctx context.Context, node *lan.Node, room RoomName, s lan.State, ask bool) *lanParty {
	p := &lanParty{from: e, heard: make(chan lan.Sighting, 16)}
	p.Member = node.Join(lan.Room(room), addressOf(e.Addr()), s, func(s lan.Sighting) {
		select {
		case p.heard <- s:
		default: // they say it again
		}
	})
	ctx, p.cancel = context.WithCancel(ctx)
	p.wait.Go(func() {
		for n := 0; pause(ctx, lanPause(n)); n++ {
			if ask {
				p.Ask()
			} else {
				node.Refresh()
			}
		}
	})
	if !ask {
		p.wait.Go(func() { p.knockAll(ctx) })
	}
	return p
}

func (p *lanParty) close() {
	p.Leave()
	p.cancel()
	p.wait.Wait()
}

// knockAll makes way for those who look for us, until ctx ends.
func (p *lanParty) knockAll(ctx context.Context) {
	for {
		select {
		case s := <-p.heard:
			p.knock(s)
		case <-ctx.Done():
			return
		}
	}
}

func (p *lanParty) knock(s lan.Sighting) { p.from.openTowards(s) }

// openTowards lets who was heard through a firewall of ours that lets in only answers.
func (e *Endpoint) openTowards(s lan.Sighting) {
	// What cannot be sent is a lost packet.
	_, _ = e.transport.WriteTo([]byte{0}, net.UDPAddrFromAddrPort(s.At))
}

// addressOf is a socket's address; the zero one if it has none of the usual kind.
func addressOf(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(u.AddrPort().Addr().Unmap(), u.AddrPort().Port())
}

// pause waits for d; false: ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
