package relay

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/bargee/bargee/internal/carrier"
	"github.com/bargee/bargee/transport"
)

func overTCP(web *transport.RelayWeb) (sent, received uint64) {
	for _, l := range web.Lanes() {
		if l.Path == transport.PathTCP {
			return l.Sent, l.Received
		}
	}
	return 0, 0
}

// Near by, HTTP goes over TCP where the relay has that port, as who made the link; and
// over the link where it has none.
func TestHTTPOverTCP(t *testing.T) {
	body := bytes.Repeat([]byte("all of it "), 200<<10)
	for _, c := range []struct{ port, guest bool }{{true, false}, {true, true}, {false, false}} {
		t.Run(fmt.Sprintf("port %v, guest %v", c.port, c.guest), func(t *testing.T) {
			b := newBedServing(t, http.HandlerFunc(mirror))
			if c.port {
				b.carry()
			}
			client, web := b.browse(c.guest)
			for tries := 0; c.port && tries < 100; tries++ { // a busy machine may seem to be far away
				resp, err := client.Get("http://relay/")
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if _, received := overTCP(web); received > 0 {
					break
				}
				client, web = b.browse(c.guest)
			}
			for range 3 {
				resp, err := client.Post("http://relay/echo", "", bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes came back as %d others, %v", len(body), len(got), err)
				}
				if who, want := resp.Header.Get("Visitor"), fmt.Sprint(true, c.guest, !c.guest, true, true); who != want {
					t.Errorf("it was asked by %s, want %s", who, want)
				}
			}
			sent, received := overTCP(web)
			if most := uint64(3 * len(body)); c.port != (sent >= most && received >= most) || !c.port && sent+received > 0 {
				t.Errorf("%d and %d bytes over TCP", sent, received)
			}
		})
	}
}

// A relay whose TCP port is no such port, or is closed to us, is asked over the link.
func TestHTTPWithoutItsPort(t *testing.T) {
	b := newBedServing(t, http.HandlerFunc(mirror))
	b.carry()
	for _, l := range b.plane.carried.listeners {
		l.Close()
	}
	client, web := b.browse(false)
	for range 2 {
		resp, err := client.Get("http://relay/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if sent, received := overTCP(web); sent+received > 0 {
		t.Errorf("%d and %d bytes over TCP", sent, received)
	}
}

// A request over TCP is over with its link.
func TestHTTPOverTCPEndsWithItsLink(t *testing.T) {
	began, over := make(chan struct{}), make(chan struct{})
	b := newBedServing(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(over)
	}))
	b.carry()
	client, _ := b.browse(false)
	failed := make(chan error, 1)
	go func() {
		resp, err := client.Get("http://relay/")
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-began
	b.relay.Revoke(b.token.Public().ID(), "so")
	if err := <-failed; err == nil {
		t.Error("a request without a link ended well")
	}
	<-over
}

// A pass opens one connection; none, another and a used one open none.
func TestWebPasses(t *testing.T) {
	b := newBedServing(t, http.HandlerFunc(mirror))
	b.carry()
	show := func(pass []byte) error {
		c, err := tls.Dial("tcp", b.plane.Addr().String(), &tls.Config{NextProtos: []string{carrier.WebProtocol},
			InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error { // as a peer does, which knows the key
				if key := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey); transport.FingerprintOf(key) != b.id.Fingerprint() {
					t.Error("another key")
				}
				return nil
			}})
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write(pass); err != nil {
			return err
		}
		if len(pass) < carrier.PassSize {
			c.CloseWrite()
		}
		_, err = c.Read(make([]byte, 1))
		return err
	}
	webs := &b.plane.carried.webs
	pass, come, withdraw := webs.give()
	for name, p := range map[string][]byte{"none": nil, "short": pass[:31], "another": slices.Repeat([]byte{1}, carrier.PassSize)} {
		if err := show(p); err == nil {
			t.Errorf("%s: it was let in", name)
		}
	}
	shown := make(chan error, 1)
	go func() { shown <- show(pass[:]) }()
	c := <-come
	if err := show(pass[:]); err == nil {
		t.Error("a used one opened another")
	}
	c.NetConn().Close()
	if err := <-shown; err == nil {
		t.Error("it was answered")
	}
	withdraw()
	late, lost, withdraw := webs.give()
	withdraw()
	if err := show(late[:]); err == nil || len(lost) > 0 {
		t.Error("one that was withdrawn opened a connection")
	}
	await(t, b.plane, "no stranger", func(s CarriedState) bool { return s.Strangers == 0 })
	webs.mu.Lock()
	defer webs.mu.Unlock()
	if len(webs.waiting) != 0 {
		t.Errorf("%d passes are left", len(webs.waiting))
	}
}
