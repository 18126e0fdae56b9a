package transport

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/time/rate"
)

// What a Config without values stands for.
const (
	defaultHandshakeTimeout = 10 * time.Second
	defaultIdleTimeout      = 10 * time.Second
	defaultMaxStreams       = 512
	keepAlive               = 5 * time.Second
)

// A Config says how an endpoint behaves.
type Config struct {
	Identity  *Identity  // who we are; required
	Agent     string     // program and version, at most 128 bytes, for the peer to show
	Admission *Admission // who may enter; nil: nobody, the endpoint only dials

	HandshakeTimeout time.Duration // from the first packet to admission; 0: 10 s
	IdleTimeout      time.Duration // a silent lane is dead after it; 0: 10 s
	MaxStreams       int           // that a peer may have open, on each lane; 0: 512
	MaxUnproven      int           // connections that have not logged in, from anywhere; 0: 64
	Versions         Versions      // of the protocol; zero: all this program speaks

	// Keyring is asked at each dial and each login who we are by now, and who we will be;
	// nil: Identity, for good. Keys.Ring is one.
	Keyring func() Keyring

	// Renewed, if set, hears what a peer said of its key before its link is given out:
	// Renew of KnownPeers and of Grants are what it is for. Without it a key that was
	// replaced is one that changed.
	Renewed func(Renewal)

	// Report, if set, hears of each connection that was not let in, and of
	// grants that could not be read or stored. It must not block.
	Report func(from string, err error)

	path Path      // what all lanes of the endpoint take; "": direct
	way  *carriage // of PathTCP

	// Of an endpoint by way of a relay: where links may go on without it.
	direct    *Endpoint
	announced []string
	local     bool // the relay is on this machine, and so may the peer be

	room     RoomName   // that those who come to it have joined
	accepted chan *link // where its links come out; nil: of Accept
	wrong    func()     // hears that somebody did not know the secret; nil: nobody does
	welcome  func()     // hears that somebody was let in; nil: nobody does
	alone    func()     // hears that the last link is over; nil: nobody does
}

// An Endpoint is a UDP socket that links are dialled from and accepted on.
type Endpoint struct {
	cfg       Config
	conn      net.PacketConn
	corrector corrector // conn, where it can correct errors; else nil
	transport *quic.Transport

	gate      *gate
	penalties *penalties
	book      *book
	unproven  *rate.Limiter // handshakes without a proof of the address

	admits   atomic.Pointer[Admission] // nil: nobody
	accepted chan *link
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	mu       sync.Mutex
	listener *quic.Listener // nil where nobody comes
	closed   bool
	links    map[*link]struct{}
	family   []*Endpoint // whose links our lanes may join, too

	announced []string // addresses of Config.direct, to be told to peers; set before there are any
	over      *framed  // conn, of an endpoint through a pipe
	also      []string // where peers may be reached directly, beside what they tell

	punches punches    // that are waited for
	nonce   uint64     // of hellos to relays
	leg     *legKeeper // of an endpoint by way of a relay; set before others know e
}

// Listen opens a UDP socket on addr: ":6768", "192.0.2.1:0", "[::1]:6768".
// Without an Admission it is for dialling; ":0" will do then.
func Listen(addr string, cfg Config) (*Endpoint, error) {
	conn, err := listenUDP(addr)
	if err != nil {
		return nil, err
	}
	return NewEndpoint(conn, cfg)
}

// NewEndpoint makes an endpoint of conn, which belongs to it from here on, also
// after an error.
func NewEndpoint(conn net.PacketConn, cfg Config) (*Endpoint, error) {
	return NewEndpointOn(&quic.Transport{Conn: conn}, cfg)
}

// NewEndpointOn makes an endpoint of a quic.Transport that nobody has used yet; it
// and its Conn belong to the endpoint from here on, also after an error. What its
// owner has set stays: the length of connection IDs, keys, the tracer. ConnContext
// and VerifySourceAddress are the endpoint's own, and must be nil; packets of other
// versions of QUIC are not answered.
func NewEndpointOn(t *quic.Transport, cfg Config) (*Endpoint, error) {
	e, err := newEndpoint(t, cfg)
	if err != nil {
		if t.Conn != nil {
			t.Conn.Close()
		}
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	return e, nil
}

func newEndpoint(t *quic.Transport, cfg Config) (*Endpoint, error) {
	conn := t.Conn
	if conn == nil {
		return nil, errors.New("no socket")
	}
	if t.ConnContext != nil || t.VerifySourceAddress != nil {
		return nil, errors.New("ConnContext and VerifySourceAddress of the transport are the endpoint's own: leave them nil")
	}
	hush()
	if cfg.Identity == nil {
		return nil, errors.New("no identity")
	}
	if len(cfg.Agent) > 128 {
		return nil, errors.New("the agent has more than 128 bytes")
	}
	if _, err := cfg.Identity.KEM(); err != nil {
		return nil, err
	}
	e := &Endpoint{
		cfg:       cfg.withDefaults(),
		conn:      conn,
		gate:      newGate(cfg.withDefaults().MaxUnproven),
		penalties: newPenalties(),
		unproven:  rate.NewLimiter(50, 50),
		accepted:  cfg.accepted,
		links:     map[*link]struct{}{},
		book:      bookOf(cfg),
		announced: cfg.announced,
	}
	if e.accepted == nil {
		e.accepted = make(chan *link)
	}
	var nonce [8]byte
	rand.Read(nonce[:]) // never fails
	e.nonce = binary.BigEndian.Uint64(nonce[:]) | 1
	e.corrector, _ = conn.(corrector)
	if _, err := cfg.Identity.tls(); err != nil {
		return nil, err
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	// Keys that outlive a restart, so that the peers of a process that is gone
	// learn it from the next one at once.
	reset := quic.StatelessResetKey(cfg.Identity.derive("stateless reset"))
	retry := quic.TokenGeneratorKey(cfg.Identity.derive("address token"))
	e.transport = t
	if t.ConnectionIDLength == 0 {
		t.ConnectionIDLength = 8
	}
	t.StatelessResetKey = cmp.Or(t.StatelessResetKey, &reset)
	t.TokenGeneratorKey = cmp.Or(t.TokenGeneratorKey, &retry)
	t.DisableVersionNegotiationPackets = true // nothing for scanners
	t.VerifySourceAddress, t.ConnContext = e.doubtful, e.arrive
	if e.admits.Store(cfg.Admission); cfg.Admission != nil {
		if err := e.listen(); err != nil {
			e.cancel()
			e.transport.Close()
			return nil, err
		}
	}
	return e, nil
}

func (c Config) withDefaults() Config {
	if c.HandshakeTimeout <= 0 {
		c.HandshakeTimeout = defaultHandshakeTimeout
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = defaultIdleTimeout
	}
	if c.MaxStreams <= 0 {
		c.MaxStreams = defaultMaxStreams
	}
	if c.MaxUnproven <= 0 {
		c.MaxUnproven = defaultMaxUnproven
	}
	if c.path == "" {
		c.path = PathDirect
	}
	if c.Report == nil {
		c.Report = func(string, error) {}
	}
	c.Versions = c.Versions.orDefault()
	return c
}

// quicConfig is for connections whose TLS handshake has to be over after
// handshake.
func (e *Endpoint) quicConfig(handshake time.Duration) *quic.Config {
	size := uint16(0) // quic-go's, which grows with what the path takes
	if e.cfg.path == PathSSH {
		size = pipePacket
	}
	return &quic.Config{
		Versions:                       []quic.Version{quic.Version1},
		InitialPacketSize:              size,
		HandshakeIdleTimeout:           handshake,
		MaxIdleTimeout:                 e.cfg.IdleTimeout,
		KeepAlivePeriod:                keepAlive,
		InitialStreamReceiveWindow:     laneWindow,
		MaxStreamReceiveWindow:         streamWindow,
		InitialConnectionReceiveWindow: laneWindow,
		MaxConnectionReceiveWindow:     linkWindow,
		AllowConnectionWindowIncrease:  allowWindow,
		MaxIncomingStreams:             int64(e.cfg.MaxStreams) + 1, // and the login's
		MaxIncomingUniStreams:          -1,
	}
}

// doubtful is quic.Transport.VerifySourceAddress.
func (e *Endpoint) doubtful(from net.Addr) bool {
	return e.gate.crowded(source(from)) || !e.unproven.Allow()
}

// Addr is the address of the socket.
func (e *Endpoint) Addr() net.Addr { return e.conn.LocalAddr() }

// Close closes all links, telling their peers, and the socket.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	listener := e.listener
	links := make([]*link, 0, len(e.links))
	for l := range e.links {
		links = append(links, l)
	}
	e.mu.Unlock()
	for _, l := range links {
		l.hearOut()
	}
	e.cancel()
	if e.over != nil { // what waits for a pipe that takes nothing would wait for ever
		defer time.AfterFunc(pipeFarewell, func() { e.over.Close() }).Stop()
	}
	farewell, cancel := context.WithTimeout(context.Background(), farewellTime)
	defer cancel()
	for _, l := range links {
		l.Close("the program ends")
		select { // somebody else may be at it, and the peer hears nothing without the socket
		case <-l.parted:
		case <-farewell.Done():
		}
	}
	if listener != nil {
		listener.Close()
	}
	if e.leg != nil {
		e.leg.leave() // while there still is a socket
	}
	err := errors.Join(e.transport.Close(), e.conn.Close())
	e.wait.Wait()
	return err
}

// farewellTime is how long Close waits at most for links that are just being closed.
const farewellTime = time.Second

// begin makes Close wait for the caller, who has to call wait.Done. It fails
// after Close.
func (e *Endpoint) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.wait.Add(1)
	}
	return !e.closed
}

// Revoke closes the links that a grant of that origin admitted, and returns
// how many they were.
func (e *Endpoint) Revoke(origin, reason string) int {
	e.mu.Lock()
	var gone []*link
	for l := range e.links {
		if l.peer.Grant.Origin == origin && origin != "" {
			gone = append(gone, l)
		}
	}
	e.mu.Unlock()
	for _, l := range gone {
		l.Close(reason)
	}
	return len(gone)
}

// Links returns the links that are alive now.
func (e *Endpoint) Links() []Link {
	e.mu.Lock()
	defer e.mu.Unlock()
	links := make([]Link, 0, len(e.links))
	for l := range e.links {
		links = append(links, l)
	}
	return links
}

// Fingerprint names the key of the endpoint.
func (e *Endpoint) Fingerprint() Fingerprint { return e.self().Key.Fingerprint() }

// Keyring is who the endpoint is, and who it will be.
func (e *Endpoint) Keyring() Keyring { return e.self() }

func (e *Endpoint) self() Keyring {
	if e.cfg.Keyring == nil {
		return Keyring{Key: e.cfg.Identity}
	}
	return e.cfg.Keyring()
}

// next is who we will be in place of id; nil: id stays.
func (e *Endpoint) next(id *Identity) *Identity {
	if ring := e.self(); ring.Key.Fingerprint() == id.Fingerprint() {
		return ring.Next
	}
	return nil
}
