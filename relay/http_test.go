package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/bargee/bargee/transport"
)

// browse returns a client of what the relay of b serves over a link.
func (b *bed) browse(guest bool) (*http.Client, *transport.RelayWeb) {
	b.t.Helper()
	e, err := transport.Listen(":0", transport.Config{Identity: identity(b.t)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { e.Close() })
	r := transport.RelayRemote{Address: b.plane.Addr().String(), Key: b.id.Fingerprint()}
	if !guest {
		r.Secret = transport.SecretOf(b.token)
	}
	web := e.RelayWeb(r)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return web.Dial(ctx) }}}
	b.t.Cleanup(func() { client.CloseIdleConnections(); web.Close() })
	return client, web
}

// mirror sends back what it is sent, and who sent it.
func mirror(w http.ResponseWriter, r *http.Request) {
	v, ok := VisitorOf(r.Context())
	w.Header().Set("Visitor", fmt.Sprint(ok, v.Guest, v.Account != "", v.Address.IsValid(), v.Address.String() == r.RemoteAddr))
	b, _ := io.ReadAll(r.Body)
	w.Write(b)
}

// HTTP over a link is HTTP: whole bodies both ways, many at a time, who asks is known.
func TestHTTPOverALink(t *testing.T) {
	b := newBedServing(t, http.HandlerFunc(mirror))
	for _, guest := range []bool{false, true} {
		client, web := b.browse(guest)
		var wait sync.WaitGroup
		for n := range 12 {
			wait.Go(func() {
				sent := make([]byte, 200<<10+n)
				rand.NewChaCha8([32]byte{byte(n)}).Read(sent)
				resp, err := client.Post("http://relay/echo", "", bytes.NewReader(sent))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				got, err := io.ReadAll(resp.Body)
				if err != nil || !bytes.Equal(got, sent) {
					t.Errorf("%d bytes came back as %d others, %v", len(sent), len(got), err)
				}
				if who, want := resp.Header.Get("Visitor"), fmt.Sprint(true, guest, !guest, true, true); who != want {
					t.Errorf("it was asked by %s, want %s", who, want)
				}
			})
		}
		wait.Wait()
		if web.Peer().Key != b.id.Fingerprint() || len(web.Lanes()) == 0 {
			t.Errorf("the link is to %v, lanes %v", web.Peer(), web.Lanes())
		}
	}
}

// A link that is gone is made again by the next request, and a request whose link goes
// is over at the relay as well.
func TestHTTPAfterALinkWasLost(t *testing.T) {
	began, over := make(chan struct{}), make(chan struct{})
	b := newBedServing(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			close(began)
			<-r.Context().Done()
			close(over)
		}
	}))
	client, _ := b.browse(false)
	failed := make(chan error, 1)
	go func() {
		resp, err := client.Get("http://relay/hang")
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-began
	if links, _ := b.relay.Revoke(b.token.Public().ID(), "so"); links != 1 {
		t.Fatalf("%d links were closed", links)
	}
	if err := <-failed; err == nil {
		t.Error("a request without a link ended well")
	}
	<-over
	resp, err := client.Get("http://relay/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// What is too much, and what the relay has not, is said in an error that tells it.
func TestHTTPRefused(t *testing.T) {
	none := newBed(t)
	client, _ := none.browse(false)
	if _, err := client.Get("http://relay/"); !errors.Is(err, transport.ErrNoWeb) || !strings.Contains(err.Error(), "keeps nothing") {
		t.Errorf("a relay without Web: %v", err)
	}
	hold := make(chan struct{})
	var there sync.WaitGroup
	there.Add(mostWebOfGuest)
	b := newBedServing(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there.Done()
		<-hold
	}))
	client, _ = b.browse(true)
	var ended sync.WaitGroup
	for range mostWebOfGuest {
		ended.Go(func() {
			resp, err := client.Get("http://relay/")
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
	}
	there.Wait()
	if _, err := client.Get("http://relay/"); !errors.Is(err, transport.ErrRoomBusy) {
		t.Errorf("one request more than a guest may make: %v", err)
	}
	close(hold)
	ended.Wait()
	b.relay.mu.Lock()
	b.relay.draining = true
	b.relay.mu.Unlock()
	client.CloseIdleConnections()
	if _, err := client.Get("http://relay/"); !errors.Is(err, transport.ErrRoomBusy) || !strings.Contains(err.Error(), "about to end") {
		t.Errorf("a relay that drains: %v", err)
	}
}

// A guest that reads stays; one that reads next to nothing, or nothing any more, does not.
func TestPace(t *testing.T) {
	for name, x := range map[string]struct {
		sent []uint64 // at each look
		ends int      // at which look it has to go
	}{
		"nothing":    {[]uint64{0}, 0},
		"a trickle":  {[]uint64{guestLeast, 2*guestLeast - 1}, 1},
		"then stops": {[]uint64{guestLeast, 3 * guestLeast, 3 * guestLeast}, 2},
		"goes on":    {[]uint64{guestLeast, 2 * guestLeast, 9 * guestLeast}, 3},
	} {
		var p pace
		n := 0
		for n < len(x.sent) && p.goesOn(x.sent[n]) {
			n++
		}
		if n != x.ends {
			t.Errorf("%s: it has to go at look %d, want %d", name, n, x.ends)
		}
	}
}

// Those who read take no place of those who join rooms, and the other way around.
func TestReadersAreCountedApart(t *testing.T) {
	r := New(Config{})
	source := netip.MustParsePrefix("192.0.2.0/24")
	var all []*guest
	for range mostReadersOfSource {
		g := &guest{from: source}
		if !r.guests.take(source) || !r.reads(g) || !r.reads(g) {
			t.Fatal("there is no place")
		}
		all = append(all, g)
	}
	last := &guest{from: source}
	if !r.guests.take(source) || r.reads(last) {
		t.Error("one reader too many, or no place for who joins")
	}
	r.leave(all[0])
	if !r.reads(last) {
		t.Error("a place that is free is not given")
	}
	for _, g := range append(all[1:], last) {
		r.leave(g)
	}
	if r.guests.all+r.readers.all != 0 || len(r.guests.of)+len(r.readers.of) != 0 {
		t.Errorf("left are %+v and %+v", r.guests, r.readers)
	}
}

// BenchmarkHTTP moves 64 MiB in requests of 1 MiB, four at a time; compare it with
// BenchmarkLink.
func BenchmarkHTTP(b *testing.B) {
	data := make([]byte, 1<<20)
	bed := newBedServing(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.Method == "GET" {
			w.Write(data)
		}
	}))
	client, _ := bed.browse(false)
	for method, body := range map[string][]byte{"GET": nil, "PUT": data} {
		b.Run(method, func(b *testing.B) {
			b.SetBytes(64 << 20)
			for b.Loop() {
				var wait sync.WaitGroup
				for range 4 {
					wait.Go(func() {
						for range 16 {
							ask, _ := http.NewRequest(method, "http://relay/", bytes.NewReader(body))
							resp, err := client.Do(ask)
							if err != nil {
								b.Error(err)
								return
							}
							io.Copy(io.Discard, resp.Body)
							resp.Body.Close()
						}
					})
				}
				wait.Wait()
			}
		})
	}
}
