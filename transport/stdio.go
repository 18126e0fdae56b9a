package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// This file has two peers meet through a pipe, of ssh for instance; the exchange
// is in internal/wire/stdio.proto.

const (
	stdioVersion = 1
	stdioLine    = "bargee stdio 1"
	mostNoise    = 64 << 10 // before the line
	quotedNoise  = 4 << 10  // of it

	pipeIdle   = 30 * time.Second // a pipe stands still longer than a path before it is dead
	pipePacket = 1452             // as long as quic-go's can be
	overPipe   = 2                // lanes: more are not faster over one pipe

	pipeFarewell = 500 * time.Millisecond // for what is said last to get into a pipe
)

// A StdioCall is what the side that started the other wants of it.
type StdioCall struct {
	Key    Fingerprint   // that is let in, and no other
	Jail   string        // directory to be served; "": what the other side serves by itself
	Linger time.Duration // how long the other side goes on without the pipe
	NoUDP  bool          // nothing but the pipe
}

// A NoiseError says that what came out of the pipe was not bargee's.
type NoiseError struct {
	Noise string // the last of it, raw
	err   error
}

func (e *NoiseError) Error() string { return e.err.Error() }
func (e *NoiseError) Unwrap() error { return e.err }

// A RefusedError is the other side's no to a StdioCall, in its own words.
type RefusedError struct {
	Kind, Message string // raw
	where         string
}

func (e *RefusedError) Error() string { return e.where + ": " + printable(e.Message) }

// A StdioRemote is the other end of a pipe, to be dialled.
type StdioRemote struct {
	Call  StdioCall                          // without Key: it is ours
	Where string                             // what to call it
	Hosts func(context.Context) []netip.Addr // where else it may be, if UDP passes; may be nil
	Lanes int                                // as in Remote
}

// A StdioPeer is what the other end of a pipe said of itself.
type StdioPeer struct {
	Home  string // what "~" as the first name of a path stands for, raw
	Again Remote // to dial it without the pipe, as long as its program runs
}

// DialStdio makes a link through a pipe, to the program at its other end that
// calls ListenStdio. Where UDP passes, the link goes on directly, from the socket
// of e. ctx bounds all of it, and until the other side answers nothing else does:
// a person may have to answer what ssh asks first. The pipe belongs to the link
// from here on, also after an error.
func (e *Endpoint) DialStdio(ctx context.Context, pipe io.ReadWriteCloser, r StdioRemote) (Link, StdioPeer, error) {
	l, peer, err := e.dialStdio(ctx, pipe, r)
	if err != nil {
		return nil, peer, err // and no nil pointer as a Link
	}
	return l, peer, nil
}

func (e *Endpoint) dialStdio(ctx context.Context, pipe io.ReadWriteCloser, r StdioRemote) (*link, StdioPeer, error) {
	var peer StdioPeer
	stop := context.AfterFunc(ctx, func() { pipe.Close() })
	self := e.self().Key
	ready, in, err := callStdio(pipe, r.Call, self.Fingerprint(), r.Where)
	if !stop() || err != nil {
		pipe.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, peer, fmt.Errorf("dial: %w", err)
	}
	peer.Home = string(ready.Home)
	peer.Again = Remote{Key: Fingerprint(ready.Key), Secret: SecretOf(Token{secret: [tokenSize]byte(ready.Token)}), Lanes: r.Lanes}
	cfg := e.cfg
	cfg.Admission, cfg.local = nil, true
	udp := ready.Port != 0 && !r.Call.NoUDP
	if udp {
		cfg.direct, cfg.announced = e, e.addresses("", true)
	}
	over, err := overPipeEndpoint(pipe, in, cfg, r.Where)
	if err != nil {
		pipe.Close()
		return nil, peer, fmt.Errorf("dial: %w", err)
	}
	if udp && r.Hosts != nil {
		for _, h := range r.Hosts(ctx) {
			over.also = append(over.also, netip.AddrPortFrom(h.Unmap(), uint16(ready.Port)).String())
		}
	}
	to := peer.Again
	to.Addresses, to.As = []string{r.Where}, self
	made, err := over.Dial(ctx, to)
	if err != nil {
		over.Close()
		return nil, peer, err
	}
	l := made.(*link)
	peer.Again.Addresses = l.told
	go func() {
		<-l.Done()
		over.Close()
	}()
	return l, peer, nil
}

// callStdio says hello and waits for the answer, past all noise.
func callStdio(pipe io.ReadWriter, call StdioCall, self Fingerprint, where string) (*wire.StdioReady, *bufio.Reader, error) {
	hello := &wire.StdioHello{Version: stdioVersion, Key: self[:], Jail: []byte(call.Jail), Linger: uint32(call.Linger / time.Second), NoUdp: call.NoUDP}
	werr := wire.Write(pipe, hello) // where it fails the noise says why
	in := bufio.NewReaderSize(pipe, framedBatch)
	if noise, err := skipNoise(in); err != nil {
		return nil, nil, &NoiseError{noise, fail(ErrUnreachable, "%s did not start bargee: %w", where, errors.Join(err, werr))}
	}
	ready := new(wire.StdioReady)
	if err := wire.Read(in, ready); err != nil {
		return nil, nil, fail(ErrProtocol, "%s says what is no answer: %w", where, err)
	}
	switch {
	case ready.Kind != "":
		return nil, nil, &RefusedError{ready.Kind, ready.Refused, where}
	case ready.Version != stdioVersion:
		return nil, nil, fail(ErrVersion, "%s speaks version %d of the start over a pipe, this program %d: update the older one", where, ready.Version, stdioVersion)
	case len(ready.Key) == 0 || len(ready.Token) == 0:
		return nil, nil, fail(ErrProtocol, "%s answered without its key", where)
	}
	return ready, in, nil
}

// skipNoise reads up to and with the line that bargee says first, and returns the
// last of what came before.
func skipNoise(in *bufio.Reader) (noise string, err error) {
	var before []byte
	for total := 0; total < mostNoise; {
		line, err := in.ReadSlice('\n')
		total += len(line)
		if string(bytes.TrimRight(line, "\r\n")) == stdioLine {
			return string(before), nil
		}
		if before = append(before, line...); len(before) > quotedNoise {
			before = slices.Clone(before[len(before)-quotedNoise:])
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return string(before), err
		}
	}
	return string(before), errors.New("too much else is said before")
}

// HearStdio reads what the side that started this program wants, from its end of
// the pipe. in is what to read from from now on.
func HearStdio(pipe io.Reader) (call StdioCall, in *bufio.Reader, err error) {
	in = bufio.NewReaderSize(pipe, framedBatch)
	hello := new(wire.StdioHello)
	if err := wire.Read(in, hello); err != nil {
		return call, in, fail(ErrProtocol, "no bargee is at the other end of standard input: %w", err)
	}
	if hello.Version == 0 || len(hello.Key) == 0 {
		return call, in, fail(ErrProtocol, "the other end of standard input does not say who it is")
	}
	return StdioCall{
		Key: Fingerprint(hello.Key), Jail: string(hello.Jail),
		Linger: time.Duration(hello.Linger) * time.Second, NoUDP: hello.NoUdp,
	}, in, nil
}

// RefuseStdio answers a StdioCall with an error and its kind.
func RefuseStdio(pipe io.Writer, kind, message string) error {
	return answerStdio(pipe, &wire.StdioReady{Version: stdioVersion, Kind: kind, Refused: strings.ToValidUTF8(message[:min(len(message), 500)], "")})
}

// A StdioAnswer is what a StdioCall is answered with.
type StdioAnswer struct {
	Token Token  // that opens the endpoint: Config.Admission has to let it in
	Home  string // as in StdioPeer
	Local bool   // the other side may be on this machine
}

// ListenStdio answers a StdioCall and returns the endpoint whose links come
// through the pipe. direct, an endpoint of the same Identity and Admission, is
// where links go on if UDP passes; nil: they stay. When the pipe is over
// (Unplugged), links that went on directly are not.
func ListenStdio(pipe io.ReadWriteCloser, in *bufio.Reader, cfg Config, direct *Endpoint, o StdioAnswer) (*Endpoint, error) {
	cfg.local = o.Local
	port := 0
	if direct != nil {
		cfg.direct, cfg.announced = direct, direct.addresses("", o.Local)
		if u, ok := direct.Addr().(*net.UDPAddr); ok {
			port = u.Port
		}
	}
	over, err := overPipeEndpoint(pipe, in, cfg, "standard input")
	if err != nil {
		return nil, err
	}
	if direct != nil {
		direct.Join(over)
	}
	self := cfg.Identity.Fingerprint()
	err = answerStdio(pipe, &wire.StdioReady{Version: stdioVersion, Key: self[:], Token: o.Token.secret[:], Port: uint32(port), Home: []byte(o.Home)})
	if err != nil {
		over.Close()
		return nil, err
	}
	return over, nil
}

// answerStdio says who we are, on a line of its own whatever a shell said before.
func answerStdio(pipe io.Writer, ready *wire.StdioReady) error {
	b, err := wire.Append([]byte("\n"+stdioLine+"\n"), ready)
	if err == nil {
		_, err = pipe.Write(b)
	}
	return err
}

// A bufferedPipe is a pipe of which something was read ahead.
type bufferedPipe struct {
	io.ReadWriteCloser
	in *bufio.Reader
}

func (b bufferedPipe) Read(p []byte) (int, error) { return b.in.Read(p) }

// The ends of a pipe as addresses: of the prefix that leads nowhere (RFC 6666).
var pipeNear, pipeFar = pipeAddress(1), pipeAddress(2)

func pipeAddress(n byte) *net.UDPAddr {
	a := net.UDPAddr{IP: make(net.IP, net.IPv6len), Port: int(n)}
	a.IP[0], a.IP[1], a.IP[15] = 1, 0, n
	return &a
}

// overPipeEndpoint makes an endpoint whose packets all go through a pipe.
func overPipeEndpoint(pipe io.ReadWriteCloser, in *bufio.Reader, cfg Config, where string) (*Endpoint, error) {
	cfg.path, cfg.IdleTimeout = PathSSH, max(cfg.IdleTimeout, pipeIdle)
	var made atomic.Pointer[Endpoint]
	conn := newFramed(bufferedPipe{pipe, in}, pipeNear, pipeFar, framedEvents{
		ended: func() {
			if e := made.Load(); e != nil {
				e.unplug(fail(ErrUnreachable, "the connection to %s ended", where))
			}
		},
		taken: func() uint64 {
			if e := made.Load(); e != nil {
				return e.processed()
			}
			return 0
		},
	})
	e, err := NewEndpoint(conn, cfg)
	if err != nil {
		return nil, err
	}
	e.over = conn
	made.Store(e)
	return e, nil
}

// unplug says why the lanes of an endpoint die, before they do.
func (e *Endpoint) unplug(why error) {
	for n := range e.ownLanes {
		n.gone.Store(&why)
		n.conn.CloseWithError(codeLimit, "")
	}
}

// processed is how many packets the lanes of e have taken in.
func (e *Endpoint) processed() (all uint64) {
	for n := range e.ownLanes {
		all += n.conn.ConnectionStats().PacketsReceived
	}
	return all
}

// ownLanes yields the lanes of e's links that take e's own path.
func (e *Endpoint) ownLanes(yield func(*lane) bool) {
	e.mu.Lock()
	links := make([]*link, 0, len(e.links))
	for l := range e.links {
		links = append(links, l)
	}
	e.mu.Unlock()
	for _, l := range links {
		for _, n := range l.living() {
			if n.path == e.cfg.path && !yield(n) {
				return
			}
		}
	}
}

// Unplugged is closed when the pipe of an endpoint by DialStdio or ListenStdio is
// over; nil for others.
func (e *Endpoint) Unplugged() <-chan struct{} {
	if e.over == nil {
		return nil
	}
	return e.over.done
}

// candidate is how a pipe is dialled.
func (f *framed) candidate(where string) candidate { return candidate{address: where, udp: f.far} }
