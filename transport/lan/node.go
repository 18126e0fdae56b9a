package lan

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Options say where to look.
type Options struct {
	Interfaces []string // names of those to use; nil: all that are up
	Port       int      // 0: 6769
}

const defaultPort = 6769

// A Sighting is a member of a room that was heard.
type Sighting struct {
	ID    ID
	State State
	At    netip.AddrPort // where it takes links
}

// A way is how questions get to some others.
type way interface {
	send(b []byte)
	refresh()                           // looks for interfaces that came up
	sockets() (asked, own *net.UDPConn) // asked may be nil: questions come to others
}

// A Node asks and answers on the local network. It owns its sockets and a goroutine
// for each, until Close.
type Node struct {
	ways    []way
	answers *rate.Limiter
	wait    sync.WaitGroup

	mu      sync.Mutex
	members map[*Member]struct{}
	closed  bool
}

// Open makes a Node. It fails if no interface can be used.
func Open(o Options) (*Node, error) {
	if o.Port == 0 {
		o.Port = defaultPort
	}
	n := &Node{answers: rate.NewLimiter(20, 20), members: map[*Member]struct{}{}}
	var errs []error
	if w, err := openNear(o); err == nil {
		n.ways = append(n.ways, w)
	} else {
		errs = append(errs, err)
	}
	for _, group := range groups {
		if f, err := openFamily(group, o); err == nil {
			n.ways = append(n.ways, f)
		} else {
			errs = append(errs, err)
		}
	}
	if len(n.ways) == 0 {
		return nil, fmt.Errorf("the local network: %w", errors.Join(errs...))
	}
	for _, w := range n.ways {
		asked, own := w.sockets()
		if asked != nil {
			n.wait.Go(func() { n.listen(own, asked) })
		}
		n.wait.Go(func() { n.listen(own, own) })
	}
	return n, nil
}

// Close ends all members and closes the sockets.
func (n *Node) Close() {
	n.mu.Lock()
	n.closed = true
	clear(n.members)
	n.mu.Unlock()
	for _, w := range n.ways {
		asked, own := w.sockets()
		own.Close()
		if asked != nil {
			asked.Close()
		}
	}
	n.wait.Wait()
}

// mostFailed is how often in a row reading may fail for a socket to be given up.
const mostFailed = 1000

// listen hears what comes to conn until it is closed, and answers from own.
func (n *Node) listen(own, conn *net.UDPConn) {
	b := make([]byte, 2048)
	for failed := 0; failed < mostFailed; {
		size, from, err := conn.ReadFromUDPAddrPort(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // what an ICMP says, and the like
			failed++
		case isMessage(b[:size]):
			failed = 0
			n.hear(own, b[:size], from)
		}
	}
}

func (n *Node) hear(own *net.UDPConn, b []byte, from netip.AddrPort) {
	n.mu.Lock()
	var all []*Member
	for m := range n.members {
		all = append(all, m)
	}
	n.mu.Unlock()
	for _, m := range all {
		if reply := m.hear(b, from, time.Now()); reply != nil && n.answers.Allow() {
			_, _ = own.WriteToUDPAddrPort(reply, from) // lost, as packets are
		}
	}
}

// A Member is our presence in a room.
type Member struct {
	node  *Node
	key   []byte
	id    ID
	at    netip.AddrPort
	heard func(Sighting)

	mu    sync.Mutex
	state State
	asked map[[16]byte]time.Time // nonces of our questions
}

const (
	answerTime = 10 * time.Second // that an answer may take
	mostAsked  = 64
)

// Join makes us a member of a room, who takes links at: if the address is not
// specified, at each of ours. heard is called for each message of another member,
// from any goroutine; it must not block. Questions are answered from now on.
func (n *Node) Join(room Room, at netip.AddrPort, s State, heard func(Sighting)) *Member {
	m := &Member{node: n, key: room.key(), at: at, heard: heard, state: s, asked: map[[16]byte]time.Time{}}
	rand.Read(m.id[:]) // never fails
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.members[m] = struct{}{}
	}
	return m
}

// Refresh looks for interfaces that came up, for a member that does not ask.
func (n *Node) Refresh() {
	for _, w := range n.ways {
		w.refresh()
	}
}

// ID is how others see us.
func (m *Member) ID() ID { return m.id }

// Be changes the state that is told.
func (m *Member) Be(s State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
}

// Leave ends the membership: heard is not called any more, but may still be running.
func (m *Member) Leave() {
	m.node.mu.Lock()
	defer m.node.mu.Unlock()
	delete(m.node.members, m)
}

// Ask asks once, on all interfaces. Those that came up since are used from now on.
func (m *Member) Ask() {
	q := message{kind: question, id: m.id, at: m.at}
	rand.Read(q.nonce[:]) // never fails
	m.mu.Lock()
	q.state = m.state
	now := time.Now()
	for nonce, t := range m.asked {
		if len(m.asked) >= mostAsked || now.Sub(t) > answerTime {
			delete(m.asked, nonce)
		}
	}
	m.asked[q.nonce] = now
	m.mu.Unlock()
	m.node.Refresh()
	for _, w := range m.node.ways {
		w.send(q.encode(m.key))
	}
}

// isOurs tells whether an address is of this machine.
func isOurs(a netip.Addr) bool {
	all, _ := net.InterfaceAddrs() // without them it is not
	return a.IsLoopback() || slices.ContainsFunc(all, func(x net.Addr) bool {
		n, ok := x.(*net.IPNet)
		if !ok {
			return false
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		return ok && ip.Unmap() == a.Unmap().WithZone("")
	})
}

// hear takes in a message, and returns what to answer, if anything.
func (m *Member) hear(b []byte, from netip.AddrPort, now time.Time) (reply []byte) {
	in, ok := decode(b, m.key)
	if !ok || in.id == m.id {
		return nil
	}
	m.mu.Lock()
	state := m.state
	asked, ours := m.asked[in.nonce]
	m.mu.Unlock()
	if in.kind == answer && (!ours || now.Sub(asked) > answerTime) {
		return nil
	}
	at := in.at
	if !at.Addr().IsValid() {
		at = netip.AddrPortFrom(from.Addr().Unmap(), at.Port())
	}
	if at.Addr().IsLoopback() && !isOurs(from.Addr()) {
		return nil // others have no business with what listens only for us
	}
	m.heard(Sighting{ID: in.id, State: in.state, At: at})
	if in.kind == answer {
		return nil
	}
	return message{kind: answer, state: state, nonce: in.nonce, id: m.id, at: m.at}.encode(m.key)
}
