package transport

import (
	"net"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// hello is what e says to relays.
func (e *Endpoint) hello() []byte { return wire.HelloWith(e.nonce) }

// lookAfter has a relay hear us as long as l lives. A relay that was restarted does
// not know the link: it says in its greeting that it is another run, long before l
// would be found dead.
func (e *Endpoint) lookAfter(l Link, relay *net.UDPAddr) {
	greeted, stop := e.punches.greetings(e, relay.AddrPort())
	defer stop()
	hello := e.hello()
	_, _ = e.transport.WriteTo(hello, relay) // lost, as packets are
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	var run runWatch
	for {
		select {
		case <-tick.C:
			_, _ = e.transport.WriteTo(hello, relay)
		case g := <-greeted:
			if run.hear(g) {
				l.Close("the relay was restarted")
			}
		case <-l.Done():
			return
		}
	}
}

// A runWatch finds out by a relay's greetings that it was restarted. Once one came with
// our nonce those without are forged, or late; before, they are all that an older relay
// says.
type runWatch struct {
	known, sure bool
	run         uint64
}

// hear takes in a greeting, whose nonce is ours if it has one, and tells whether the
// relay is another one than before.
func (w *runWatch) hear(g wire.Greeting) (restarted bool) {
	sure := g.Nonce != 0
	if w.sure && !sure {
		return false
	}
	restarted = w.known && w.sure == sure && w.run != g.Run
	*w = runWatch{known: true, sure: sure, run: g.Run}
	return restarted
}
