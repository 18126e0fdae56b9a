package transport

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A program that is killed says no goodbye, and for QUIC it is a silent one
// until the idle time is over. But its host is there still, and says at once
// that nobody listens: so who owes an answer for some seconds is asked for.

const (
	watchEvery  = 500 * time.Millisecond
	silentAfter = 2 * time.Second // and two round trips
	askAgain    = 5 * time.Second

	// And two round trips: a lane that is silent for so long is left for one that
	// takes another path, and the relay is asked whether it still knows us.
	standbyAfter = time.Second
	nudgeAfter   = 500 * time.Millisecond
)

// A silence finds out when a lane has become suspiciously silent. It is told
// the time and the lane's counters now and then.
type silence struct {
	received, sent uint64    // when something was heard last
	since          time.Time // something has been sent since then; zero: nothing
	asked          time.Time // when it was suspicious last
	heard          time.Time // when something was
}

// suspicious reports that nothing was heard for long although something was
// said; again only after a while.
func (s *silence) suspicious(now time.Time, st LaneStats) bool {
	switch {
	case st.Received != s.received:
		*s = silence{received: st.Received, sent: st.Sent, heard: now}
	case st.Sent == s.sent && s.since.IsZero():
	case s.since.IsZero():
		s.since = now
	case now.Sub(s.since) >= silentAfter+2*st.RTT && now.Sub(s.asked) >= askAgain:
		s.asked = now
		return true
	}
	return false
}

// lasts is for how long something that was said has had no answer.
func (s *silence) lasts(now time.Time) time.Duration {
	if s.since.IsZero() {
		return 0
	}
	return now.Sub(s.since)
}

// watchOver drops the lanes of l whose host says that the peer is gone, until l
// is dead.
func (e *Endpoint) watchOver(l *link) {
	if !l.askable {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case now := <-tick.C:
			for to := range e.doubted(l, now) {
				e.wait.Go(func() { l.ask(ctx, to) })
			}
		}
	}
}

// Suspect asks at once whether somebody listens still where l leads to, without
// waiting for it to be silent for long. It returns when the hosts answered, or
// with ctx; lanes that lead nowhere are dead then, and so is a link that has no
// other. A host that is gone as well answers nothing: ask the peer itself too.
func Suspect(ctx context.Context, l Link) {
	q, ok := l.(*link)
	if !ok || !q.askable {
		return
	}
	var asking sync.WaitGroup
	for to := range q.remotes() {
		asking.Go(func() { q.ask(ctx, to) })
	}
	asking.Wait()
}

func (l *link) remotes() map[netip.AddrPort]bool {
	found := map[netip.AddrPort]bool{}
	for _, n := range l.living() {
		found[n.remote()] = true
	}
	return found
}

// doubted looks at the lanes of l and returns where those lead to that are silent
// and shall be asked after. One that has another path beside it is given up at once,
// and the peer is told so: who only receives could not know it for as long as a lane
// may be silent. The relay is asked whether it still forwards for us.
func (e *Endpoint) doubted(l *link, now time.Time) map[netip.AddrPort]bool {
	found := map[netip.AddrPort]bool{}
	lanes := l.living()
	for _, n := range lanes {
		st := n.stats()
		suspicious := n.silence.suspicious(now, st)
		silent, patience := n.silence.lasts(now), 2*st.RTT
		switch {
		case n.path == PathDirect && e.leg != nil && silent >= standbyAfter+patience && hasPath(lanes, func(p Path) bool { return p != PathDirect }):
			e.call(l, callDead, l.leaveSilent(n.remote(), now))
		case suspicious:
			found[n.remote()] = true
		case n.path != PathDirect && e.leg != nil && (silent >= nudgeAfter+patience || n.bulk.Load() > 0 && now.Sub(n.silence.heard) >= standbyAfter+patience):
			e.leg.nudge() // who only receives has nothing that could have no answer
		}
	}
	return found
}

// leaveSilent gives up all lanes that lead to a silent address, and returns their
// numbers.
func (l *link) leaveSilent(to netip.AddrPort, now time.Time) (numbers []byte) {
	for _, n := range l.living() {
		if n.remote() == to && now.Sub(n.silence.heard) >= standbyAfter {
			n.giveUp(fail(ErrUnreachable, "%s is silent on the direct way", l.peer.Address))
			numbers = append(numbers, byte(n.id))
		}
	}
	return numbers
}

func hasPath(lanes []*lane, is func(Path) bool) bool {
	return slices.ContainsFunc(lanes, func(n *lane) bool { return is(n.path) && !n.leaving() })
}

// ask ends all lanes that lead to an address whose host says that nothing
// listens there: those, too, that have nothing to say at the moment.
func (l *link) ask(ctx context.Context, to netip.AddrPort) {
	if !to.IsValid() || !refused(ctx, net.UDPAddrFromAddrPort(to)) {
		return
	}
	gone := fail(ErrUnreachable, "%s is gone: nothing listens there any more", to)
	for _, n := range l.living() {
		if n.remote() == to {
			n.gone.Store(&gone)
			n.conn.CloseWithError(codeLimit, "")
		}
	}
}

// remote is where the lane leads to.
func (n *lane) remote() netip.AddrPort {
	if to, ok := n.conn.RemoteAddr().(*net.UDPAddr); ok {
		return to.AddrPort()
	}
	return netip.AddrPort{}
}
