package transport

import (
	"net/netip"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// How often a peer asks for its leg, and says that it is still there. The relay
// frees a leg that is silent for 20 s, and a NAT an address often after 30.
const (
	bindFirst = 200 * time.Millisecond // until the next try; then twice that
	bindMost  = 2 * time.Second
	keepEvery = 5 * time.Second
	keepWait  = 2 * time.Second // until it is said again
	keepTries = 3               // without an answer; then the leg is bound anew

	hurryWait = 500 * time.Millisecond // keepWait where a lane is silent that should not be
)

// A legState says how it stands with a leg.
//
//	legBinding -> legBound     the relay confirmed our address
//	legBound -> legBinding     it has not answered for a while: our NAT may have
//	                           given us another address
//	either -> legLost          it knows no such session: it is a new one, or has
//	                           ended it
type legState uint8

const (
	legBinding legState = iota
	legBound
	legLost
)

// A legBinder binds the address of a socket to a leg of a session at a relay, and
// keeps it bound; see wire.Datagram. It is pure: time and datagrams are given to
// it, and what is to be sent it returns.
type legBinder struct {
	session uint64
	number  uint8
	key     []byte
	quick   bool   // a quick bind may do
	counter uint64 // of the last datagram

	state  legState
	unsure int  // tries without an answer
	hurry  bool // something may be wrong
	said   time.Time
	took   time.Duration // the relay to answer, the last time
	next   time.Time

	joined   bool           // the other leg is bound too
	observed netip.AddrPort // where the relay sees us
}

// newLegBinder returns the binder of a leg that is not bound. Counters go on from
// the time, so that a process that begins anew is above what it said before.
func newLegBinder(leg Leg, now time.Time) *legBinder {
	return &legBinder{session: leg.Session, number: leg.Number, key: leg.Key, quick: leg.Quick, counter: uint64(now.UnixNano()), next: now}
}

// due returns what is to be sent now, nil if there is nothing, and when to ask
// again.
func (b *legBinder) due(now time.Time) (out []byte, next time.Time) {
	if now.Before(b.next) {
		return nil, b.next
	}
	if b.state == legLost {
		b.next = now.Add(keepEvery)
		return nil, b.next
	}
	if b.state == legBound && b.unsure >= keepTries {
		b.state, b.unsure, b.joined = legBinding, 0, false
	}
	d, wait := wire.Datagram{Type: wire.DatagramKeep}, keepWait
	if b.state == legBinding {
		d.Type, d.Quick, wait = wire.DatagramBind, b.quick, b.bindWait()
	}
	b.unsure++
	b.next, b.said = now.Add(wait), now
	return b.say(d), b.next
}

// nudge says that something may be wrong; due is to be asked again at once. The leg
// is bound anew: where it was bound still, that is as good as a keep.
func (b *legBinder) nudge(now time.Time) {
	if b.state == legBound && !b.hurry && now.Sub(b.said) >= hurryWait {
		b.state, b.hurry, b.unsure, b.next = legBinding, true, 0, now
	}
}

// bindWait is how long the relay may take to answer.
func (b *legBinder) bindWait() time.Duration {
	most := bindMost
	if b.hurry {
		most = min(max(hurryWait, 2*b.took), bindMost)
	}
	return min(bindFirst<<min(b.unsure, 8), most)
}

// hear takes in what the relay says, and returns what is to be sent at once. What
// is not for us, forged or old is nothing.
func (b *legBinder) hear(packet []byte, now time.Time) (out []byte) {
	d, err := wire.ParseDatagram(packet)
	if err != nil || d.Session != b.session || d.Leg != b.number || d.Counter != b.counter {
		return nil
	}
	switch {
	case d.Type == wire.DatagramLeave:
		b.state = legLost
	case d.Type == wire.DatagramChallenge && b.state == legBinding:
		b.quick = false
		b.next = now.Add(b.bindWait()) // another bind would make the reply to this an old one
		return b.say(wire.Datagram{Type: wire.DatagramAnswer, Cookie: d.Cookie})
	case !wire.Signed(packet, b.key):
	case d.Type == wire.DatagramBound && b.state == legBinding, d.Type == wire.DatagramKept && b.state == legBound:
		b.state, b.unsure, b.hurry, b.took = legBound, 0, false, now.Sub(b.said)
		b.joined, b.observed = d.Joined, d.Observed
		b.next = now.Add(keepEvery)
	}
	return nil
}

// leave returns what frees the leg.
func (b *legBinder) leave() []byte { return b.say(wire.Datagram{Type: wire.DatagramLeave}) }

func (b *legBinder) say(d wire.Datagram) []byte {
	b.counter++
	d.Session, d.Leg, d.Counter = b.session, b.number, b.counter
	return d.Append(nil, b.key)
}
