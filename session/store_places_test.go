package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// guardedReach links to a server, for who has the secret or is known.
type guardedReach struct {
	pipeReach
	mu      sync.Mutex
	known   bool
	away    bool
	dials   []string
	secrets []string
}

func (r *guardedReach) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	r.mu.Lock()
	r.dials, r.secrets = append(r.dials, target), append(r.secrets, secret)
	refused, away := !r.known && secret != "open sesame", r.away
	r.mu.Unlock()
	switch {
	case away:
		return nil, &Error{Kind: Unreachable, Err: errors.New("nobody is there")}
	case refused:
		return nil, &Error{Kind: Auth, Err: errors.New("a secret is needed")}
	}
	return r.pipeReach.Dial(ctx, target, secret)
}

func (r *guardedReach) Lasting(target string) string { return "lasting:" + target }
func (r *guardedReach) Recall(address string) string { return strings.TrimPrefix(address, "lasting:") }

// A queue that is restored connects its places by itself where it may. Where a
// secret is needed, the transfer says so, holds no other up, and goes on when a
// person connects.
func TestPlacesAreRestored(t *testing.T) {
	for _, c := range []struct {
		name        string
		known, away bool
	}{{"known", true, false}, {"secret", false, false}, {"away", true, true}, {"paused", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := t.TempDir(), t.TempDir()
				served, err := OpenDir(there)
				must(t, err)
				defer served.Close()
				reach := &guardedReach{pipeReach: pipeReach{t, NewServer(ServerConfig{Tree: served})}}
				store := newMemoryStore()
				e := NewEngine(EngineConfig{Reach: reach, Store: store, Concurrency: 1})
				peer, err := e.Connect(t.Context(), "nas", "open sesame")
				must(t, err)
				path := func(name string) Path {
					p, err := e.host.PathOf(filepath.Join(here, name))
					must(t, err)
					return p
				}
				write(t, filepath.Join(here, "f"), "content")
				write(t, filepath.Join(here, "g"), "content")
				write(t, filepath.Join(here, "first"), "content")
				begun, held := make(chan struct{}), make(chan struct{})
				first, err := e.Submit(Job{Sources: []Path{path("first")}, Destination: path("second"), Priority: 10, Options: DefaultOptions(),
					Observe: func(Item) { close(begun); <-held }})
				must(t, err)
				<-begun // so that those behind it have not begun when they are paused
				up, err := e.Submit(Job{From: Here, To: peer, Sources: []Path{path("f")}, Priority: 9, Options: DefaultOptions()})
				must(t, err)
				must(t, e.Pause(up))
				local, err := e.Submit(Job{Sources: []Path{path("g")}, Destination: path("h"), Priority: 5, Options: DefaultOptions()})
				must(t, err)
				must(t, e.Pause(local))
				close(held)
				_, err = e.Wait(t.Context(), first)
				must(t, err)
				must(t, e.Close())
				for id, r := range store.rows {
					if strings.Contains(string(r.Job)+string(r.Life)+r.To, "sesame") {
						t.Errorf("transfer %d has the secret: %+v", id, r)
					}
				}
				if store.rows[up].To != "lasting:nas" || store.rows[local].To != "" {
					t.Errorf("%q, %q", store.rows[up].To, store.rows[local].To)
				}

				reach.known, reach.away, reach.dials = c.known, c.away, nil
				e = NewEngine(EngineConfig{Reach: reach, Store: store, Concurrency: 1})
				defer e.Close()
				tr, err := e.Transfer(up)
				must(t, err)
				if p := e.Places(); len(p) != 2 || p[1].State != PlaceIdle || p[1].Target != "nas" || p[1].ID != tr.Job.To || len(reach.dials) > 0 {
					t.Errorf("%+v, %q", p, reach.dials)
				}
				must(t, e.Resume(up))
				must(t, e.Resume(local))
				must(t, e.SetConcurrency(1))
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if tr, err = e.Transfer(up); err != nil {
					t.Fatal(err)
				}
				switch c.name {
				case "secret":
					if tr.State != StateWaiting || KindOf(tr.Err) != Auth || !strings.Contains(tr.Err.Error(), "nas wants its secret") {
						t.Errorf("%v: %v", tr.State, tr.Err)
					}
					if tr, _ := e.Transfer(local); tr.State != StateDone {
						t.Errorf("it holds another one up: %v", tr.State)
					}
					if len(reach.dials) != 1 {
						t.Errorf("dialled %q", reach.dials)
					}
					id, err := e.Connect(t.Context(), "nas", "open sesame")
					if err != nil || id != tr.Job.To {
						t.Errorf("%d, %v", id, err)
					}
				case "away", "paused":
					if tr.State != StateRetrying || KindOf(tr.Err) != Unreachable {
						t.Errorf("%v: %v", tr.State, tr.Err)
					}
					if tr, _ := e.Transfer(local); tr.State != StateDone {
						t.Errorf("one that waits for its peer holds another one up: %v", tr.State)
					}
					reach.mu.Lock()
					reach.away = false
					reach.mu.Unlock()
					if c.name == "paused" {
						must(t, e.Pause(up))
						synctest.Wait()
						must(t, e.Resume(up))
					}
				}
				if tr, err = e.Wait(t.Context(), up); err != nil || tr.State != StateDone || tr.Err != nil {
					t.Errorf("%v: %v, %v", tr.State, tr.Err, err)
				}
				if r := store.rows[up]; r.State != StateDone || r.Tab != TabDone {
					t.Errorf("the store has it as %v in tab %d", r.State, r.Tab)
				}
				if b, err := os.ReadFile(filepath.Join(there, "f")); err != nil || string(b) != "content" {
					t.Errorf("%q, %v", b, err)
				}
				if c.name == "known" && len(reach.dials) != 1 {
					t.Errorf("dialled %q with %q", reach.dials, reach.secrets)
				}
			})
		})
	}
}
