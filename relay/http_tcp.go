package relay

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/carrier"
	"github.com/bargee/bargee/transport"
)

// HTTP of a peer near by comes over TCP, at the port of those that come over TCP, with a
// pass that its link was given; see wire.WebOpened. It is that link's as its streams are.

type webPass [carrier.PassSize]byte

// webPasses are those that were given and not shown yet.
type webPasses struct {
	mu      sync.Mutex
	waiting map[webPass]chan *tls.Conn
}

// errIsWeb means that a connection was handed to who gave its pass.
var errIsWeb = errors.New("it speaks HTTP")

// give returns a pass, and where the connection comes that shows it. withdraw has to be
// called when none is waited for any more.
func (w *webPasses) give() (pass webPass, come <-chan *tls.Conn, withdraw func()) {
	rand.Read(pass[:])
	c := make(chan *tls.Conn, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[webPass]chan *tls.Conn{}
	}
	w.waiting[pass] = c
	return pass, c, func() {
		w.mu.Lock()
		delete(w.waiting, pass)
		w.mu.Unlock()
		select {
		case late := <-c:
			late.NetConn().Close()
		default:
		}
	}
}

// greet reads the pass of a connection, and hands it over; then the error is errIsWeb.
func (w *webPasses) greet(ctx context.Context, c *tls.Conn) error {
	stop := context.AfterFunc(ctx, func() { c.NetConn().Close() })
	var pass webPass
	_, err := io.ReadFull(c, pass[:])
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.waiting[pass]
	if to == nil {
		return errors.New("no pass of ours")
	}
	delete(w.waiting, pass)
	to <- c
	return errIsWeb
}

// takesWeb tells whether there is a port for HTTP over TCP.
func (p *Plane) takesWeb() bool {
	p.carried.mu.RLock()
	defer p.carried.mu.RUnlock()
	return len(p.carried.listeners) > 0
}

// beside waits for the connection of st, and returns st over it.
func beside(st transport.Stream, come <-chan *tls.Conn) (transport.Stream, *bufio.Reader, error) {
	late := time.NewTimer(strangerTime)
	defer late.Stop()
	select {
	case c := <-come:
		st = transport.BesideStream(st, c)
		return st, bufio.NewReaderSize(st, 64<<10), nil
	case <-late.C:
		return nil, nil, errors.New("nobody came over TCP")
	}
}
