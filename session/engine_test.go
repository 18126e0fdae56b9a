package session

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// pipeReach dials a server in this process over a link in memory.
type pipeReach struct {
	t      *testing.T
	server *Server
}

func (r *pipeReach) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	near, far := transport.Pipe()
	go func() {
		r.server.ServeLink(context.Background(), far)
		far.Close("server ended")
	}()
	return near, nil
}

func (r *pipeReach) Known() []KnownPeer                              { return nil }
func (r *pipeReach) Pin(l transport.Link, target, name string) error { return nil }

// bed is an engine, a peer it is connected to, and a directory on each side.
type bed struct {
	tb          testing.TB
	engine      *Engine
	peer        PlaceID
	here, there string
}

func newBed(t *testing.T, cfg ServerConfig) *bed {
	b := &bed{tb: t, here: t.TempDir(), there: t.TempDir()}
	dir, err := OpenDir(b.there)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Tree = dir
	b.engine = NewEngine(EngineConfig{Reach: &pipeReach{t, NewServer(cfg)}})
	t.Cleanup(func() { b.engine.Close(); dir.Close() })
	if b.peer, err = b.engine.Connect(t.Context(), "peer", ""); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bed) path(name string) Path {
	p, err := b.engine.host.PathOf(filepath.Join(b.here, name))
	if err != nil {
		b.tb.Fatal(err)
	}
	return p
}

func (b *bed) run(j Job) Transfer {
	b.tb.Helper()
	id, err := b.engine.Submit(j)
	if err != nil {
		b.tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	t, err := b.engine.Wait(ctx, id)
	if err != nil {
		b.tb.Fatalf("%v: %+v", err, t)
	}
	return t
}

func (b *bed) up(names ...string) Transfer {
	j := Job{From: Here, To: b.peer, Into: true, Options: DefaultOptions()}
	for _, n := range names {
		j.Sources = append(j.Sources, b.path(n))
	}
	return b.run(j)
}

func fill(t testing.TB, name string, size int, seed byte) []byte {
	t.Helper()
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestUploadAndDownload(t *testing.T) {
	b := newBed(t, ServerConfig{})
	want := map[string][]byte{}
	for i, size := range []int{0, 1, 1000, 65536, 1 << 20, 1<<20 + 1, 9<<20 + 7} {
		name := fmt.Sprintf("tree/d%d/f%d", i%3, size)
		want[name] = fill(t, filepath.Join(b.here, name), size, byte(i))
	}
	os.Symlink("d0/f0", filepath.Join(b.here, "tree/link"))
	tr := b.up("tree")
	if tr.State != StateDone || tr.Failures > 0 {
		t.Fatalf("%v %v %+v", tr.State, tr.Err, tr)
	}
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(b.there, name))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
	down := filepath.Join(b.here, "back")
	os.Mkdir(down, 0o777)
	src, _ := ParsePath("tree")
	tr = b.run(Job{From: b.peer, To: Here, Sources: []Path{src}, Destination: b.path("back"), Into: true, Options: DefaultOptions()})
	if tr.State != StateDone || tr.Failures > 0 {
		t.Fatalf("%v %v %+v", tr.State, tr.Err, tr)
	}
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(down, name))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}
