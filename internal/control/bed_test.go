package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

// patience is how long a test waits for what has to come. Only a failing test
// takes as long.
const patience = time.Minute

// A bed is an engine with files to copy on this machine, and a way to ask it.
type bed struct {
	*testing.T
	dir    string
	engine *session.Engine // the real one
	Engine                 // how it is asked
	server *Server
	room   *Room
}

func newBed(t *testing.T) *bed {
	b := &bed{T: t, dir: t.TempDir(), engine: session.NewEngine(session.EngineConfig{})}
	b.Engine = b.engine
	t.Cleanup(func() { b.engine.Close() })
	return b
}

// overSocket makes b ask by way of a socket.
func (b *bed) overSocket() *bed {
	b.serve()
	c := b.dial(Screen)
	b.Engine = c
	return b
}

// serve listens in a room of its own.
func (b *bed) serve() {
	b.Helper()
	state, err := os.MkdirTemp("", "room") // short enough for a socket
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(state) })
	if b.room, err = OpenRoom(state, ""); err != nil {
		b.Fatal(err)
	}
	l, err := b.room.Listen()
	if err != nil {
		b.Fatal(err)
	}
	b.server = NewServer(ServerConfig{
		Engine: b.engine, Agent: "test", World: World(),
		Connect: func(context.Context, Target) (session.PlaceID, error) {
			return 0, &session.Error{Kind: session.Unreachable, Err: errors.New("nowhere")}
		},
	})
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(l) }()
	b.Cleanup(func() {
		b.server.Close()
		if err := <-served; err != nil {
			b.Errorf("Serve: %v", err)
		}
	})
}

func (b *bed) config(r Role) ClientConfig {
	return ClientConfig{Path: b.room.Socket(), Role: r, Agent: "test", World: World()}
}

func (b *bed) dial(r Role) *Client {
	b.Helper()
	c, err := Dial(b.Context(), b.config(r))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

// write makes files of size bytes in a directory and returns a job that copies
// that.
func (b *bed) write(dir string, size int, names ...string) session.Job {
	b.Helper()
	if err := os.MkdirAll(filepath.Join(b.dir, dir), 0o700); err != nil {
		b.Fatal(err)
	}
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(b.dir, dir, n), bytes.Repeat([]byte(n[:1]), size), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return session.Job{
		Sources: []session.Path{b.path(dir)}, Destination: b.path("copy of " + dir), Options: session.DefaultOptions(),
	}
}

func (b *bed) path(name string) session.Path {
	b.Helper()
	p, err := session.NewHost().PathOf(filepath.Join(b.dir, name))
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func (b *bed) sameAs(name string, size int, in string) {
	b.Helper()
	got, err := os.ReadFile(filepath.Join(b.dir, in, name))
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte(name[:1]), size)) {
		b.Errorf("%s in %s: %d bytes, %v", name, in, len(got), err)
	}
}

func (b *bed) submit(j session.Job) session.TransferID {
	b.Helper()
	id, err := b.Submit(j)
	if err != nil {
		b.Fatal(err)
	}
	return id
}

func (b *bed) wait(id session.TransferID) session.Transfer {
	b.Helper()
	ctx, stop := context.WithTimeout(b.Context(), patience)
	defer stop()
	t, err := b.Wait(ctx, id)
	if err != nil {
		b.Fatalf("waiting for %d: %v", id, err)
	}
	return t
}

// until waits for a condition of the transfer.
func (b *bed) until(id session.TransferID, what string, ok func(session.Transfer) bool) session.Transfer {
	b.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		for _, t := range b.Transfers() {
			if t.ID == id && ok(t) {
				return t
			}
		}
		pause()
	}
	b.Fatalf("transfer %d is never %s: %+v", id, what, b.Transfers())
	return session.Transfer{}
}

// pause gives others time between two looks at what a test waits for.
func pause() { <-time.After(5 * time.Millisecond) }

// A collector is an Observe that can be made to block.
type collector struct {
	mu    sync.Mutex
	items []session.Item
	gate  chan struct{} // nil: open
	once  sync.Once
}

func (c *collector) open() { c.once.Do(func() { close(c.gate) }) }

func (c *collector) observe(it session.Item) {
	if c.gate != nil {
		<-c.gate
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items = append(c.items, it)
}

func (c *collector) names() (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, it := range c.items {
		if it.Kind == session.RegularFile {
			out = append(out, fmt.Sprint(it.Path.Base(), " ", it.Result))
		}
	}
	slices.Sort(out)
	return out
}
