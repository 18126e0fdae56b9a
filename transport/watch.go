package transport

import (
	"context"
	"net"
	"net/netip"
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
)

// A silence finds out when a lane has become suspiciously silent. It is told
// the time and the lane's counters now and then.
type silence struct {
	received, sent uint64    // when something was heard last
	since          time.Time // something has been sent since then; zero: nothing
	asked          time.Time // when it was suspicious last
}

// suspicious reports that nothing was heard for long although something was
// said; again only after a while.
func (s *silence) suspicious(now time.Time, st LaneStats) bool {
	switch {
	case st.Received != s.received:
		*s = silence{received: st.Received, sent: st.Sent}
	case st.Sent == s.sent && s.since.IsZero():
	case s.since.IsZero():
		s.since = now
	case now.Sub(s.since) >= silentAfter+2*st.RTT && now.Sub(s.asked) >= askAgain:
		s.asked = now
		return true
	}
	return false
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
			for to := range l.silent(now) {
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

// silent returns where the suspicious lanes lead to.
func (l *link) silent(now time.Time) map[netip.AddrPort]bool {
	found := map[netip.AddrPort]bool{}
	for _, n := range l.living() {
		if n.silence.suspicious(now, n.stats()) {
			found[n.remote()] = true
		}
	}
	return found
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
