package session

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bargee/bargee/transport"
)

// quicReach dials a server in this process over loopback, as a user's program
// would one on another machine.
type quicReach struct {
	near   *transport.Endpoint
	target string
	secret transport.Secret
	lanes  int
}

func (r *quicReach) Dial(ctx context.Context, _, _ string) (transport.Link, error) {
	return r.near.Dial(ctx, transport.Remote{Addresses: []string{r.target}, Secret: r.secret, Lanes: r.lanes})
}

func (r *quicReach) Known() []KnownPeer                       { return nil }
func (r *quicReach) Pin(transport.Link, string, string) error { return nil }

// quicEnds are two ends over loopback, and how the near one reaches the far.
func quicEnds(tb testing.TB, there string, lanes int) (far *transport.Endpoint, reach *quicReach) {
	tb.Helper()
	must := musts(tb)
	token := transport.NewToken()
	secret, err := transport.ParseSecret(token.Reveal())
	must(err)
	far, err = transport.Listen("127.0.0.1:0", transport.Config{Identity: newIdentity(tb), Admission: &transport.Admission{
		Tree: there, Tokens: func() []transport.TokenPublic { return []transport.TokenPublic{token.Public()} },
	}})
	must(err)
	near, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: newIdentity(tb)})
	must(err)
	tb.Cleanup(func() { near.Close(); far.Close() })
	return far, &quicReach{near, far.Addr().String(), secret, lanes}
}

func musts(tb testing.TB) func(error) {
	return func(err error) {
		if err != nil {
			tb.Helper()
			tb.Fatal(err)
		}
	}
}

// quicBed is newBed over real QUIC with so many lanes.
func quicBed(tb testing.TB, here, there string, lanes int) *bed {
	tb.Helper()
	must := musts(tb)
	far, reach := quicEnds(tb, there, lanes)
	dir, err := OpenDir(there)
	must(err)
	server := NewServer(ServerConfig{Tree: dir})
	go func() {
		for {
			l, err := far.Accept(context.Background())
			if err != nil {
				return
			}
			go server.ServeLink(context.Background(), l)
		}
	}()
	e := NewEngine(EngineConfig{Reach: reach})
	tb.Cleanup(func() { e.Close(); dir.Close() })
	b := &bed{tb: tb, engine: e, here: here, there: there}
	b.peer, err = e.Connect(context.Background(), "peer", "")
	must(err)
	return b
}

func newIdentity(tb testing.TB) *transport.Identity {
	id, err := transport.NewIdentity()
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// scratch is a directory in memory, where there is one: these benchmarks are
// about the engine, not the disk.
func scratch(tb testing.TB) string {
	if _, err := os.Stat("/dev/shm"); err != nil {
		return tb.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "bargee-bench-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// BenchmarkBulk copies one large file over loopback, file to file, verified.
func BenchmarkBulk(b *testing.B) {
	const size = 512 << 20
	for _, lanes := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			dir := scratch(b)
			here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
			os.MkdirAll(there, 0o777)
			fill(b, filepath.Join(here, "bulk"), size, 1)
			bed := quicBed(b, here, there, lanes)
			b.SetBytes(size)
			for b.Loop() {
				os.Remove(filepath.Join(there, "bulk"))
				if t := bed.up("bulk"); t.State != StateDone || t.Failures > 0 {
					b.Fatalf("%v: %v", t.State, t.Err)
				}
			}
			var lost uint64
			for _, l := range bed.engine.Places()[1].Lanes {
				lost += l.Lost
			}
			b.ReportMetric(float64(lost)/float64(b.N), "lost/op")
		})
	}
}

// BenchmarkSmall copies many small files over loopback.
func BenchmarkSmall(b *testing.B) {
	const files = 10000
	dir := scratch(b)
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	os.MkdirAll(there, 0o777)
	for i := range files {
		fill(b, filepath.Join(here, "small", fmt.Sprintf("d%04d", i/100), fmt.Sprint(i)), 1<<(i%8+7), byte(i))
	}
	bed := quicBed(b, here, there, 1)
	for b.Loop() {
		os.RemoveAll(filepath.Join(there, "small"))
		if t := bed.up("small"); t.State != StateDone || t.Failures > 0 {
			b.Fatalf("%v: %v", t.State, t.Err)
		}
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkUnchanged copies many small files that are there already.
func BenchmarkUnchanged(b *testing.B) {
	const files = 10000
	dir := scratch(b)
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	os.MkdirAll(there, 0o777)
	for i := range files {
		fill(b, filepath.Join(here, "small", fmt.Sprintf("d%04d", i/100), fmt.Sprint(i)), 1<<(i%8+7), byte(i))
	}
	bed := quicBed(b, here, there, 1)
	bed.up("small")
	for b.Loop() {
		if t := bed.up("small"); t.State != StateDone || t.Sent > 0 {
			b.Fatalf("%v: %v, %d bytes sent", t.State, t.Err, t.Sent)
		}
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}
