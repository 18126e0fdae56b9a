package relay

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// How much HTTP of a peer is borne.
const (
	mostWeb        = 48 // streams of a link at a time: the rest of mostAsked is for rooms
	mostWebOfGuest = 16
	webHeadWait    = 10 * time.Second // for the head of a request
	webIdle        = 2 * time.Minute  // between two requests of a stream
	webHead        = 64 << 10         // bytes of it
	webPiece       = 256 << 10        // of an answer, written at a time
)

// A Visitor is who asks something of Config.Web over a link.
type Visitor struct {
	Account string         // transport.Grant's Origin: of a token, or of who holds a pass; "" of a guest
	Guest   bool           // it proved nothing
	Address netip.AddrPort // where its link comes from
}

type visitorKey struct{}

// VisitorOf returns who made a request over a link; ok is false for a request of
// another kind, as over plain HTTP.
func VisitorOf(ctx context.Context) (v Visitor, ok bool) {
	v, ok = ctx.Value(visitorKey{}).(Visitor)
	return v, ok
}

// A webDoor hands streams to an http.Server as connections: it is its listener.
type webDoor struct {
	server *http.Server
	in     chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newWebDoor(h http.Handler) *webDoor {
	d := &webDoor{in: make(chan net.Conn), closed: make(chan struct{})}
	d.server = &http.Server{
		Handler: h, ReadHeaderTimeout: webHeadWait, IdleTimeout: webIdle, MaxHeaderBytes: webHead,
		ErrorLog: log.New(io.Discard, "", 0), // what strangers send is no news
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, visitorKey{}, c.(*webConn).visitor)
		},
	}
	return d
}

// serve answers until close.
func (d *webDoor) serve() { _ = d.server.Serve(d) }

func (d *webDoor) close() { d.server.Close() }

// take has a connection answered, and returns when it is over.
func (d *webDoor) take(c *webConn) {
	select {
	case d.in <- c:
		<-c.over
	case <-d.closed:
	}
}

// Accept, Close and Addr are net.Listener.
func (d *webDoor) Accept() (net.Conn, error) {
	select {
	case c := <-d.in:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *webDoor) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *webDoor) Addr() net.Addr { return net.UDPAddrFromAddrPort(netip.AddrPort{}) }

// converse answers HTTP on a stream until one of the two ends it.
func (r *Relay) converse(l transport.Link, g *guest, st transport.Stream, in *bufio.Reader, ask *wire.OpenWeb, streams *webStreams) {
	at, err := addressOf(l)
	if err != nil {
		return // no way that packets take to a relay
	}
	leave, refused := r.mayConverse(g, streams)
	opened := &wire.WebOpened{}
	reply := &wire.RelayReply{Answer: &wire.RelayReply_Web{Web: opened}}
	var come <-chan *tls.Conn
	if refused == nil && ask.GetTcp() && r.cfg.Plane.takesWeb() {
		pass, c, withdraw := r.cfg.Plane.carried.webs.give()
		defer withdraw()
		opened.Pass, come = pass[:], c
	}
	if refused != nil {
		r.note(l.Peer().Address, refused)
		reply.Answer = &wire.RelayReply_Refused{Refused: refused.message()}
	} else {
		defer leave()
	}
	if wire.Write(st, reply) != nil {
		return
	}
	if refused != nil {
		st.Close()
		return
	}
	if come != nil {
		if st, in, err = beside(st, come); err != nil {
			return
		}
	}
	grant := l.Peer().Grant
	c := &webConn{Stream: st, in: in, guest: g, over: make(chan struct{}),
		visitor: Visitor{Account: grant.Origin, Guest: g != nil, Address: plain(at)}}
	r.web.take(c)
}

// mayConverse counts a stream in, until leave, or says why not.
func (r *Relay) mayConverse(g *guest, streams *webStreams) (leave func(), refused *refusal) {
	r.mu.Lock()
	draining := r.draining
	r.mu.Unlock()
	switch {
	case r.web == nil:
		return nil, refuse(whyNoWeb, "it keeps nothing, and speaks no HTTP", 0)
	case draining:
		return nil, refuse(whyDraining, "the relay is about to end", 0)
	case g != nil && !r.reads(g):
		return nil, refuse(whyLimit, "too many who have no token of this relay read what it keeps", time.Minute)
	}
	leave, ok := streams.take(g != nil)
	if !ok {
		return nil, refuse(whyLimit, "too many requests at once", time.Second)
	}
	return leave, nil
}

// webStreams counts those of a link that speak HTTP.
type webStreams struct {
	mu sync.Mutex
	n  int
}

func (s *webStreams) take(guest bool) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := mostWeb
	if guest {
		most = mostWebOfGuest
	}
	if s.n >= most {
		return nil, false
	}
	s.n++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.n--
	}, true
}

// A webConn is a stream as a connection of the server's.
type webConn struct {
	transport.Stream
	in      *bufio.Reader
	guest   *guest // nil: it has a token
	visitor Visitor
	once    sync.Once
	over    chan struct{} // closed by Close
}

func (c *webConn) Read(p []byte) (int, error) { return c.in.Read(p) }

func (c *webConn) Write(p []byte) (int, error) {
	n, err := c.Stream.Write(p)
	if c.guest != nil {
		c.guest.sent.Add(uint64(n))
	}
	return n, err
}

// ReadFrom is what an answer of a file's content uses: large pieces, of which a stream
// makes full packets.
func (c *webConn) ReadFrom(r io.Reader) (int64, error) {
	b := webBuffers.Get().(*[]byte)
	defer webBuffers.Put(b)
	return io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{r}, *b)
}

var webBuffers = sync.Pool{New: func() any { b := make([]byte, webPiece); return &b }}

// CloseWrite ends our direction: an answer that was given before the whole request
// had come still gets there.
func (c *webConn) CloseWrite() error { return c.Stream.Close() }

func (c *webConn) Close() error {
	err := c.Stream.Close()
	c.Stream.Abort(0)
	c.once.Do(func() { close(c.over) })
	return err
}

func (c *webConn) LocalAddr() net.Addr  { return net.UDPAddrFromAddrPort(netip.AddrPort{}) }
func (c *webConn) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(c.visitor.Address) }

func (c *webConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}
