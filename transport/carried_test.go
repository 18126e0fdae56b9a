package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/carrier"
)

// carrierOf is a relay's TCP port, which does with each connection what serve says.
func carrierOf(t *testing.T, config *tls.Config, serve func(*carrier.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			c := tls.Server(raw, config)
			if c.Handshake() != nil {
				raw.Close()
				continue
			}
			conn := carrier.New(c, 1<<20, nil)
			serve(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-over })
	return l.Addr().String()
}

func relayTLS(t *testing.T, name string) *tls.Config {
	t.Helper()
	config, err := testIdentity(name).RelayTLS()
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// Packets come one by one, whatever frames they were in; a deadline is one, and the
// end of the connection is net.ErrClosed.
func TestCarriedConn(t *testing.T) {
	heard := make(chan string, 1)
	at := carrierOf(t, relayTLS(t, "relay"), func(c *carrier.Conn) {
		size, segment, err := c.Next()
		b := make([]byte, size)
		if err == nil {
			err = c.Fill(b)
		}
		if err != nil || segment != size {
			t.Errorf("%d bytes in packets of %d, %v", size, segment, err)
		}
		heard <- string(b)
		c.Send([]byte("onetwothre"), 3)
		c.Send([]byte("and more"), 8)
	})
	e := dialFrom(t, Config{})
	c, way, err := e.carry(t.Context(), at, Fingerprint{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if want := testIdentity("relay").Fingerprint(); way.key != want || way.at.String() != at {
		t.Errorf("it is at %v with key %v", way.at, way.key.Short())
	}
	b := make([]byte, 1500)
	c.SetReadDeadline(time.Now().Add(-time.Second))
	if _, _, err := c.ReadFrom(b); err != os.ErrDeadlineExceeded {
		t.Errorf("a deadline is %v", err)
	}
	c.SetReadDeadline(time.Time{})
	if n, err := c.WriteTo([]byte("hello"), nil); n != 5 || err != nil {
		t.Errorf("%d bytes written, %v", n, err)
	}
	if got := <-heard; got != "hello" {
		t.Errorf("the relay heard %q", got)
	}
	for _, want := range []string{"one", "two", "thr", "e", "and more"} {
		n, from, err := c.ReadFrom(b)
		if err != nil || string(b[:n]) != want || from.String() != at {
			t.Errorf("%q from %v, %v, want %q", b[:n], from, err, want)
		}
	}
	if n, _, err := c.ReadFrom(b); err != net.ErrClosed {
		t.Errorf("%d bytes after the end, %v", n, err)
	}
	if n, err := c.WriteTo([]byte("lost"), nil); n != 4 || err != nil {
		t.Errorf("after the end: %d bytes written, %v", n, err)
	}
}

// What is no relay, or not the one that was pinned, is not one over TCP either.
func TestCarryRefuses(t *testing.T) {
	web := relayTLS(t, "web")
	web.NextProtos, web.VerifyConnection = []string{"h2", "http/1.1"}, nil
	old := relayTLS(t, "relay")
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	nobody := func(*carrier.Conn) {}
	e := dialFrom(t, Config{})
	for name, c := range map[string]struct {
		at   string
		want string
	}{
		"a server of the web": {carrierOf(t, web, nobody), "no relay of ours"},
		"TLS 1.2":             {carrierOf(t, old, nobody), "no relay of ours"},
		"another key":         {carrierOf(t, relayTLS(t, "another"), nobody), "is pinned"},
		"nobody":              {"127.0.0.1:1", "refused"},
		"no address":          {"nothing", "missing port"},
	} {
		_, _, err := e.carry(t.Context(), c.at, testIdentity("relay").Fingerprint())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A relay that does not answer, or whose handshake ends nowhere, holds nobody up.
func TestCarryGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, _, err := dialFrom(t, Config{}).carry(ctx, l.Addr().String(), Fingerprint{}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v", err)
	}
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
}
