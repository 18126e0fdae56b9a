package relay

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// A relay that works answers its own probe, again and again, and on all addresses.
func TestProbe(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:0", ":0"} {
		p, err := NewPlane(addr, 2)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := p.Probe(t.Context()); err != nil {
				t.Errorf("%s: %v", addr, err)
			}
		}
		if n := p.bound(); n != 0 {
			t.Errorf("%d legs are bound", n)
		}
		p.Close()
		if err := p.Probe(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed one: %v", err)
		}
	}
}

// One that is asked for the first time when it is closed says so each time.
func TestProbeOfAClosedPlane(t *testing.T) {
	p, err := NewPlane("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	for range 2 {
		if err := p.Probe(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("%v", err)
		}
	}
}

// One whose table is stuck does not, and its Close does not wait for the probe.
func TestProbeFindsAStuckRelay(t *testing.T) {
	b := newBed(t)
	if err := b.relay.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	b.relay.mu.Lock()
	if err := b.relay.Probe(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("rooms that are stuck: %v", err)
	}
	b.relay.mu.Unlock()
	b.plane.table.mu.Lock()
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.plane.Probe(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a table that is stuck: %v", err)
	}
	b.plane.table.mu.Unlock()
	if err := b.relay.Probe(t.Context()); err != nil {
		t.Errorf("when it is not any more: %v", err)
	}
}

// A scarceListener has no descriptor for the first connections.
type scarceListener struct {
	left   int
	closed chan struct{}
}

func (l *scarceListener) Accept() (net.Conn, error) {
	if l.left > 0 {
		l.left--
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *scarceListener) Close() error   { close(l.closed); return nil }
func (l *scarceListener) Addr() net.Addr { return &net.TCPAddr{} }

// A relay that is out of descriptors says so, and goes on.
func TestOutOfDescriptors(t *testing.T) {
	p, err := NewPlane("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	warned := make(chan error, 10)
	p.Warn(func(err error) { warned <- err })
	if err := p.Carry(&scarceListener{left: 3, closed: make(chan struct{})}, identity(t)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-warned; !errors.Is(err, syscall.EMFILE) {
			t.Errorf("it says %v", err)
		}
	}
	if err := p.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	p.Close()
}
