package transport

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// Receive windows. One link may fill linkWindow of memory, however many lanes
// it has. Every lane starts with laneWindow, which is also all that a client can
// fill before it is admitted, and there is one for each lane that may come: the
// rest is a budget by which those that need it grow.
const (
	laneWindow   = 256 << 10
	streamWindow = 16 << 20
	linkWindow   = 64 << 20
	growth       = linkWindow - MaxLanes*laneWindow
)

// A budget is what the receive windows of a link may grow by together.
type budget struct {
	left atomic.Int64
}

func newBudget() *budget {
	b := new(budget)
	b.left.Store(growth)
	return b
}

func (b *budget) take(n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	return true
}

// An account follows a QUIC connection through its life, as a value of its
// context: quic-go's callbacks have nothing else to know it by.
type account struct {
	since  time.Time
	source netip.Prefix
	leave  func()    // the gate; on the side that was dialled
	self   *Identity // who we are there, once the handshake is over; on the side that was dialled

	budget atomic.Pointer[budget] // nil before admission
	taken  atomic.Int64           // of budget
}

type accountKey struct{}

func accountOf(c *quic.Conn) *account {
	a, _ := c.Context().Value(accountKey{}).(*account)
	return a
}

// allowWindow is quic.Config.AllowConnectionWindowIncrease.
func allowWindow(c *quic.Conn, delta uint64) bool {
	a := accountOf(c)
	if a == nil {
		return false
	}
	b := a.budget.Load()
	if b == nil || !b.take(int64(delta)) {
		return false
	}
	a.taken.Add(int64(delta))
	return true
}

// A lane is a QUIC connection of a link.
type lane struct {
	id      int
	path    Path
	conn    *quic.Conn
	bulk    atomic.Int64  // open bulk streams
	control atomic.Int64  // and others
	left    chan struct{} // closed when it is being taken away

	fec atomic.Pointer[fecMember] // nil where a side cannot correct errors, and until both said so

	silence silence               // of watchOver
	gone    atomic.Pointer[error] // why we gave it up, if we did
}

func newLane(id int, path Path, conn *quic.Conn, fec *fecMember) *lane {
	n := &lane{id: id, path: path, conn: conn, left: make(chan struct{})}
	n.fec.Store(fec)
	return n
}

// streams is the counter of open streams of that class.
func (n *lane) streams(c Class) *atomic.Int64 {
	if c == Bulk {
		return &n.bulk
	}
	return &n.control
}

// leaving tells whether the lane is being taken away.
func (n *lane) leaving() bool {
	select {
	case <-n.left:
		return true
	default:
		return false
	}
}

// drain ends a lane that is being taken away, when its streams have ended, or
// after some patience. What was said last needs a moment to get there.
func (n *lane) drain() {
	late := time.NewTimer(drainPatience)
	defer late.Stop()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	var idle time.Time
	for {
		select {
		case <-n.conn.Context().Done():
			return
		case <-late.C:
			n.conn.CloseWithError(codeLimit, "the lane is not needed any more")
			return
		case now := <-tick.C:
			switch {
			case n.bulk.Load()+n.control.Load() > 0:
				idle = time.Time{}
			case idle.IsZero():
				idle = now
			case now.Sub(idle) > 3*n.stats().RTT:
				n.conn.CloseWithError(codeLimit, "the lane is not needed any more")
				return
			}
		}
	}
}

func (n *lane) stats() LaneStats {
	s := n.conn.ConnectionStats()
	stats := LaneStats{
		ID:       n.id,
		Path:     n.path,
		RTT:      s.SmoothedRTT,
		Sent:     s.BytesSent,
		Received: s.BytesReceived,
		Lost:     s.PacketsLost,
	}
	if fec := n.fec.Load(); fec != nil {
		stats.FEC = fec.figures()
	}
	return stats
}

// start lets the lane's window grow at the link's expense and serves the streams
// that the peer opens on it, until it is dead.
func (n *lane) start(l *link) {
	a := accountOf(n.conn)
	a.budget.Store(l.budget)
	if fec := n.fec.Load(); fec != nil {
		fec.join()
	}
	l.wait.Go(func() {
		n.accept(l)
		<-n.conn.Context().Done() // a little after streams fail; only then there is a cause
		if fec := n.fec.Load(); fec != nil {
			fec.leave()
		}
		a.budget.Store(nil)
		l.budget.left.Add(a.taken.Swap(0))
		cause := context.Cause(n.conn.Context())
		if gone := n.gone.Load(); gone != nil {
			cause = *gone
		}
		l.detach(n, cause)
	})
}

// corrects tells whether packets of the lane are sent with parity.
func (n *lane) corrects() bool {
	fec := n.fec.Load()
	return fec != nil && fec.figures().Data > 0
}

// correct has errors on a lane corrected that carries something already.
func (n *lane) correct(fec *fecMember) {
	if fec == nil {
		return
	}
	n.fec.Store(fec)
	fec.join()
	if n.conn.Context().Err() != nil {
		fec.leave() // nobody else would
	}
}

func (n *lane) accept(l *link) {
	ctx := n.conn.Context()
	for {
		s, err := n.conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		select {
		case l.incoming <- acceptedStream(s, n, l):
		case <-ctx.Done():
			return
		}
	}
}
