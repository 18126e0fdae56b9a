package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// awaitingReach dials nobody: who is gone has to come by itself.
type awaitingReach struct{}

func (awaitingReach) Dial(context.Context, string, string) (transport.Link, error) {
	return nil, &Error{Kind: Unreachable, Err: ErrAwaited}
}
func (awaitingReach) Known() []KnownPeer                       { return nil }
func (awaitingReach) Pin(transport.Link, string, string) error { return nil }

// An adopter is one of two engines that meet over links that came in, and each
// serve a directory to the other.
type adopter struct {
	*Engine
	dir    string
	mu     sync.Mutex
	server *Server
	until  chan struct{}
}

func newAdopter(t *testing.T, cfg ServerConfig) *adopter {
	a := &adopter{dir: t.TempDir()}
	dir, err := OpenDir(a.dir)
	must(t, err)
	cfg.Tree = dir
	a.server, a.until = NewServer(cfg), make(chan struct{})
	a.Engine = NewEngine(EngineConfig{Reach: awaitingReach{}, Serve: func(string, transport.Peer) (*Server, <-chan struct{}) {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.server, a.until
	}})
	t.Cleanup(func() { must(t, a.Close()); must(t, dir.Close()) })
	return a
}

func (a *adopter) set(s *Server) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.until)
	a.server, a.until = s, make(chan struct{})
}

func (a *adopter) copy(t *testing.T, j Job) error {
	t.Helper()
	j.Options = DefaultOptions()
	id, err := a.Submit(j)
	must(t, err)
	tr, err := a.Wait(t.Context(), id)
	must(t, err)
	return tr.Err
}

// Both ends of one link ask and answer. A place whose link died waits, and a link
// from the same peer is its own again, with what was under way.
func TestAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAdopter(t, ServerConfig{}), newAdopter(t, ServerConfig{})
		meet := func() (transport.Link, PlaceID, PlaceID) {
			near, far := transport.Pipe()
			there, err := a.Adopt("b", near)
			must(t, err)
			here, err := b.Adopt("a", far)
			must(t, err)
			return near, there, here
		}
		l, there, here := meet()
		send := func(from *adopter, place PlaceID, name string) Job {
			write(t, filepath.Join(from.dir, name), "content of "+name)
			p, err := from.host.PathOf(filepath.Join(from.dir, name))
			must(t, err)
			return Job{From: Here, To: place, Sources: []Path{p}, Into: true}
		}
		var both sync.WaitGroup
		for _, x := range []struct {
			from  *adopter
			place PlaceID
			name  string
		}{{a, there, "from-a"}, {b, here, "from-b"}} {
			both.Go(func() {
				if err := x.from.copy(t, send(x.from, x.place, x.name)); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		for _, name := range []string{filepath.Join(a.dir, "from-b"), filepath.Join(b.dir, "from-a")} {
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
		}

		l.Close("gone")
		synctest.Wait()
		time.Sleep(time.Minute)
		if p := a.Places()[1]; p.State != PlaceReconnecting || !errors.Is(p.Err, ErrAwaited) || !p.Retry.IsZero() {
			t.Errorf("it does not wait: %+v", p)
		}
		id, err := a.Submit(send(a, there, "later"))
		must(t, err)
		time.Sleep(time.Minute)
		if _, there2, here2 := meet(); there2 != there || here2 != here {
			t.Errorf("other places: %d, %d", there2, here2)
		}
		if tr, err := a.Wait(t.Context(), id); err != nil || tr.State != StateDone {
			t.Errorf("%v: %v, %v", tr.State, tr.Err, err)
		}

		// A new run of the peer is there before the old link is known to be dead.
		old, _ := b.placeFor("a", b.places[0].peer).now()
		meet()
		synctest.Wait()
		if old.Err() == nil {
			t.Error("the old link was kept")
		}
		if p := b.Places(); len(p) != 2 || p[1].State != PlaceConnected {
			t.Errorf("%+v", p)
		}
	})
}

// What the peer gets may change while it is there; who serves nothing says so.
func TestServeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAdopter(t, ServerConfig{}), newAdopter(t, ServerConfig{ReadOnly: true})
		near, far := transport.Pipe()
		there, err := a.Adopt("b", near)
		must(t, err)
		_, err = b.Adopt("a", far)
		must(t, err)
		tree, err := a.Tree(there)
		must(t, err)
		name, err := ParsePath("d")
		must(t, err)
		if err := tree.Mkdir(t.Context(), name, false); KindOf(err) != Refused {
			t.Errorf("read-only: %v", err)
		}
		if says := a.Places()[1].Says; says != (Greeting{}) {
			t.Errorf("it said %+v", says)
		}
		meet := transport.Rendezvous{Relay: "relay.example:6768", RelayKey: transport.Fingerprint{1}, Room: transport.RoomSecret{2}}
		b.set(NewServer(ServerConfig{Tree: b.server.cfg.Tree, Greeting: Greeting{Name: "nas", Shows: "Films\x1b", Writes: true, Meet: meet}}))
		time.Sleep(2 * pingEvery)
		if p := a.Places()[1]; p.Says != (Greeting{"nas", Display("Films\x1b"), true, meet}) || p.Name != "nas@"+p.Key {
			t.Errorf("it said %+v", p)
		}
		synctest.Wait()
		if err := tree.Mkdir(t.Context(), name, false); err != nil {
			t.Error(err)
		}
		b.set(nil)
		synctest.Wait()
		if _, err := tree.Stat(t.Context(), name); KindOf(err) != Refused {
			t.Errorf("nothing is served: %v", err)
		}
	})
}
