package transport

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// maxReason bounds what Close tells the peer.
const maxReason = 512

// Application codes of CONNECTION_CLOSE.
const (
	codeClosed  quic.ApplicationErrorCode = 0 // the link is closed, with a reason for people
	codeRefused quic.ApplicationErrorCode = 1 // after a refusal in the login
	codeLimit   quic.ApplicationErrorCode = 2 // a limit or the time for the login was exceeded
	codePenalty quic.ApplicationErrorCode = 3 // too many wrong proofs from that source
)

// A link over QUIC.
type link struct {
	id    linkID   // once admitted
	peer  Peer     // of one that is not admitted yet, only Key and Address
	first [32]byte // join exporter of lane 1
	since time.Time
	most  int      // lanes that the peer allows; on the side that dialled, once admitted
	home  route    // of lane 1, likewise
	told  []string // where the peer may be reached directly, likewise

	// Of a link that was dialled early: closed when the login is over, after which
	// full is the peer, and refused says why it was not let in.
	admitted chan struct{}
	full     Peer
	refused  error

	incoming chan *stream // unbuffered: what waits, waits in quic-go
	budget   *budget
	wait     *sync.WaitGroup // the endpoint's
	askable  bool            // its network is the machine's own, not one of a test; set before others know it
	forget   func()          // called once, when the link is dead

	mu      sync.Mutex
	lanes   []*lane   // the living ones, by id
	spent   [2]uint64 // bytes that those before them sent and received
	lastID  int       // of the newest
	way     route     // of new lanes, on the side that dialled
	called  uint64    // the counter of the peer's latest call
	choice  LaneChoice
	changed chan struct{} // closed when lanes come or go, or the choice changes
	err     error         // why it is dead; nil while it lives
	done    chan struct{}
	parted  chan struct{} // closed after done, when all lanes have said so to the peer
}

var _ Link = (*link)(nil)

// over is closed.
var over = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func newLink(id linkID, peer Peer, wait *sync.WaitGroup, forget func()) *link {
	return &link{
		id:       id,
		peer:     peer,
		full:     peer,
		admitted: over,
		since:    time.Now(),
		incoming: make(chan *stream),
		budget:   newBudget(),
		wait:     wait,
		forget:   forget,
		lastID:   1,
		changed:  make(chan struct{}),
		done:     make(chan struct{}),
		parted:   make(chan struct{}),
	}
}

// attach adds a lane; it fails on a dead link, and when the number is taken.
func (l *link) attach(n *lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, found := slices.BinarySearchFunc(l.lanes, n.id, func(m *lane, id int) int { return m.id - id })
	if l.err != nil || found {
		return false
	}
	n.start(l)
	l.lanes = slices.Insert(l.lanes, i, n)
	l.change()
	return true
}

// detach drops a dead lane; the link dies with its last one, and with any that
// the peer closed on purpose.
func (l *link) detach(n *lane, cause error) {
	err := explain(cause, l.peer.Address)
	l.mu.Lock()
	l.remove(n)
	last := len(l.lanes) == 0
	l.turnBack()
	l.change()
	l.mu.Unlock()
	if last || closedByPeer(cause) {
		l.end(err, "")
	}
}

// end makes the link dead, once, and closes what lanes are left.
func (l *link) end(err error, reason string) {
	if err == nil {
		err = fail(ErrClosed, "the link to %s ended", l.peer.Address)
	}
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return
	}
	l.err = err
	lanes := slices.Clone(l.lanes)
	l.mu.Unlock()
	close(l.done)
	for _, n := range lanes {
		n.conn.CloseWithError(codeClosed, reason)
	}
	l.forget()
	close(l.parted)
}

func (l *link) Close(reason string) error {
	l.hearOut()
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	l.end(fail(ErrClosed, "the link to %s was closed here: %s", l.peer.Address, reason), reason)
	return nil
}

func (l *link) Done() <-chan struct{} { return l.done }

func (l *link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *link) Peer() Peer {
	if l.isAdmitted() {
		return l.full
	}
	return l.peer
}

// isAdmitted tells whether the login is over, and we were let in.
func (l *link) isAdmitted() bool {
	select {
	case <-l.admitted:
		return l.refused == nil
	default:
		return false
	}
}

// because returns why a stream of l failed: where we were not let in, that.
func (l *link) because(err error) error {
	if err == nil || l.admitted == over {
		return err
	}
	select {
	case <-l.admitted:
		if l.refused != nil {
			return l.refused
		}
	default:
	}
	return err
}

func (l *link) Lanes() []LaneStats {
	l.mu.Lock()
	lanes := slices.Clone(l.lanes)
	if l.err != nil {
		lanes = nil // closing, or closed
	}
	l.mu.Unlock()
	stats := make([]LaneStats, 0, len(lanes))
	for _, n := range lanes {
		if !n.leaving() {
			stats = append(stats, n.stats())
		}
	}
	return stats
}

// remove takes a lane out, once; l.mu is held.
func (l *link) remove(n *lane) {
	if i := slices.Index(l.lanes, n); i >= 0 {
		l.lanes = slices.Delete(l.lanes, i, i+1)
		stats := n.conn.ConnectionStats()
		l.spent[0] += stats.BytesSent
		l.spent[1] += stats.BytesReceived
	}
}

// Traffic returns how many bytes all lanes that l has had sent and received, as they
// crossed the network, also when it has ended.
func Traffic(l Link) (sent, received uint64) {
	q, ok := l.(*link)
	if !ok {
		for _, n := range l.Lanes() {
			sent, received = sent+n.Sent, received+n.Received
		}
		return sent, received
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	sent, received = q.spent[0], q.spent[1]
	for _, n := range q.lanes {
		stats := n.conn.ConnectionStats()
		sent, received = sent+stats.BytesSent, received+stats.BytesReceived
	}
	return sent, received
}

// living returns the lanes that are not dead.
func (l *link) living() []*lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lanes)
}

func (l *link) OpenStream(ctx context.Context, class Class) (Stream, error) {
	for {
		n := l.pick(class)
		if n == nil {
			return nil, l.gone(ctx)
		}
		s, err := l.open(ctx, n, class)
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("open a stream to %s: %w", l.peer.Address, context.Cause(ctx))
		}
		l.drop(n)
	}
}

func (l *link) open(ctx context.Context, n *lane, class Class) (*stream, error) {
	n.streams(class).Add(1)
	q, err := n.conn.OpenStreamSync(ctx)
	if err == nil {
		// One byte on a new stream is buffered at once, whatever the windows;
		// it makes the stream known to the peer.
		_, err = q.Write([]byte{classByte(class)})
	}
	if err != nil {
		n.streams(class).Add(-1)
		return nil, err
	}
	return openedStream(q, n, l, class), nil
}

// pick returns the lane for a stream, of those that take the best path: the first
// for control, the one with the fewest bulk streams for bulk; nil on a dead link.
func (l *link) pick(class Class) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || len(l.lanes) == 0 {
		return nil
	}
	lanes := l.best()
	if class == Control {
		return lanes[0]
	}
	// One that is being taken away only where there is no other.
	return slices.MinFunc(lanes, func(a, b *lane) int {
		if a.leaving() != b.leaving() {
			return btoi(a.leaving()) - btoi(b.leaving())
		}
		return int(a.bulk.Load() - b.bulk.Load())
	})
}

// drop takes a lane that failed out of the choice, ahead of its own goroutine.
func (l *link) drop(n *lane) {
	l.mu.Lock()
	l.remove(n)
	l.mu.Unlock()
}

func (l *link) AcceptStream(ctx context.Context) (Stream, error) {
	select {
	case s := <-l.incoming:
		return s, nil
	case <-l.done:
		return nil, l.Err()
	case <-ctx.Done():
		return nil, fmt.Errorf("accept a stream of %s: %w", l.peer.Address, context.Cause(ctx))
	}
}

// gone waits for the end of a link that has no lane left, and says why.
func (l *link) gone(ctx context.Context) error {
	select {
	case <-l.done:
		return l.Err()
	case <-ctx.Done():
		return fmt.Errorf("open a stream to %s: %w", l.peer.Address, context.Cause(ctx))
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
