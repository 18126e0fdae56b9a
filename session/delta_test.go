package session

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// An edit makes a new version of a file, and says how many bytes of it are new
// at the most.
type edit struct {
	name string
	make func(old []byte, r *rand.Rand) (next []byte, fresh int)
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(r.Uint32()), byte(r.Uint32())}).Read(b)
	return b
}

var edits = []edit{
	{"insert", func(old []byte, r *rand.Rand) ([]byte, int) {
		n, at := r.IntN(300<<10), r.IntN(len(old))
		return slices.Insert(slices.Clone(old), at, noise(r, n)...), n
	}},
	{"delete", func(old []byte, r *rand.Rand) ([]byte, int) {
		n := r.IntN(len(old) / 2)
		at := r.IntN(len(old) - n)
		return slices.Delete(slices.Clone(old), at, at+n), 0
	}},
	{"overwrite", func(old []byte, r *rand.Rand) ([]byte, int) {
		next, n := slices.Clone(old), r.IntN(200<<10)
		copy(next[r.IntN(len(old)-n):], noise(r, n))
		return next, n
	}},
	{"move", func(old []byte, r *rand.Rand) ([]byte, int) {
		at := 1 + r.IntN(len(old)-1)
		return slices.Concat(old[at:], old[:at]), 0
	}},
	{"append", func(old []byte, r *rand.Rand) ([]byte, int) {
		n := r.IntN(300 << 10)
		return slices.Concat(old, noise(r, n)), n
	}},
	{"prepend", func(old []byte, r *rand.Rand) ([]byte, int) {
		n := r.IntN(300 << 10)
		return slices.Concat(noise(r, n), old), n
	}},
}

// overwriting is a job that replaces what is there.
func (b *bed) overwriting(names ...string) Job {
	j := Job{From: Here, To: b.peer, Into: true, Options: DefaultOptions()}
	j.Options.OnConflict = Overwrite
	for _, n := range names {
		j.Sources = append(j.Sources, b.path(n))
	}
	return j
}

// Whatever is done to a file, the destination becomes equal, and little but what
// is new crosses the link: besides that some cuts around each edit.
func TestDeltaEdits(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	b := newBed(t, ServerConfig{})
	rounds := 12
	if testing.Short() { // large files take the race detector long
		rounds = 4
	}
	for round := range rounds {
		size := 2<<20 + r.IntN(20<<20)
		old := fill(t, filepath.Join(b.there, "file"), size, byte(round))
		// Else both may have one time: a tick of the kernel's clock is some milliseconds.
		must(t, os.Chtimes(filepath.Join(b.there, "file"), time.Time{}, time.Now().Add(-time.Hour)))
		next, fresh, did := old, 0, ""
		n := 1 + r.IntN(3)
		for range n {
			e := edits[r.IntN(len(edits))]
			var more int
			next, more = e.make(next, r)
			fresh += more
			did += " " + e.name
		}
		must(t, os.WriteFile(filepath.Join(b.here, "file"), next, 0o644))
		j := b.overwriting("file")
		j.Options.ChunkSize = []int{0, 64 << 10, 256 << 10}[r.IntN(3)]
		tr := b.run(j)
		if tr.State != StateDone || tr.Failures > 0 {
			t.Fatalf("%s: %v %v %v", did, tr.State, tr.Err, tr.Failed)
		}
		got, err := os.ReadFile(filepath.Join(b.there, "file"))
		if err != nil || !bytes.Equal(got, next) {
			t.Fatalf("%s: %v, or they differ", did, err)
		}
		// A cut is lost at either end of what is new or moved, and some follow
		// until the cuts are the old ones again.
		allowed := int64(fresh + n*12*averageCutFor(int64(max(size, len(next)))))
		if tr.Sent > allowed {
			t.Errorf("%d bytes:%s: %d bytes were sent, at most %d should be", size, did, tr.Sent, allowed)
		}
	}
}

// A download is compared as well.
func TestDeltaDownload(t *testing.T) {
	b := newBed(t, ServerConfig{})
	old := fill(t, filepath.Join(b.here, "file"), 10<<20, 1)
	next := slices.Insert(slices.Clone(old), 5<<20, content(100<<10)...)
	must(t, os.WriteFile(filepath.Join(b.there, "file"), next, 0o644))
	j := Job{From: b.peer, To: Here, Sources: []Path{{"file"}}, Destination: b.path(""), Into: true, Options: DefaultOptions()}
	j.Options.OnConflict = Overwrite
	tr := b.run(j)
	if tr.State != StateDone || tr.Failures > 0 || tr.Sent > 400<<10 || tr.Sent < 100<<10 {
		t.Errorf("%v %v, %d bytes were sent", tr.State, tr.Failed, tr.Sent)
	}
	holds(t, filepath.Join(b.here, "file"), string(next))
}

// Where the content is none of the old, all of it is sent, and nothing is waited
// for in vain; so it is where whole files are asked for, or the peer may only write.
func TestDeltaOfNothing(t *testing.T) {
	for name, c := range map[string]struct {
		server ServerConfig
		whole  bool
		equal  bool
	}{
		"all is new":     {},
		"whole files":    {whole: true, equal: true},
		"may only write": {server: ServerConfig{WriteOnly: true}, equal: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, c.server)
			fill(t, filepath.Join(b.there, "file"), 5<<20, 1)
			seed := byte(2)
			if c.equal {
				seed = 1
			}
			data := fill(t, filepath.Join(b.here, "file"), 5<<20+7, seed)
			j := b.overwriting("file")
			j.Options.Whole = c.whole
			tr := b.run(j)
			if tr.State != StateDone || tr.Failures > 0 || tr.Sent != int64(len(data)) {
				t.Errorf("%v %v, %d of %d bytes were sent", tr.State, tr.Failed, tr.Sent, len(data))
			}
			holds(t, filepath.Join(b.there, "file"), string(data))
		})
	}
}

// Many files are compared at a time, more than cuts may be told of.
func TestDeltaOfManyFiles(t *testing.T) {
	b := newBed(t, ServerConfig{})
	want := map[string][]byte{}
	files := 300
	if raceEnabled && testing.Short() {
		files = 40
	}
	for i := range files {
		name := fmt.Sprintf("tree/%d", i)
		old := fill(t, filepath.Join(b.there, name), worthwhile+i, byte(i))
		want[name] = append(old, "more"...)
		must(t, os.MkdirAll(filepath.Join(b.here, "tree"), 0o777))
		must(t, os.WriteFile(filepath.Join(b.here, name), want[name], 0o644))
	}
	tr := b.run(b.overwriting("tree"))
	if tr.State != StateDone || tr.Failures > 0 || tr.Sent > int64(files)*16<<10 {
		t.Errorf("%v %v, %d bytes were sent", tr.State, tr.Failed, tr.Sent)
	}
	for name, data := range want {
		holds(t, filepath.Join(b.there, name), string(data))
	}
}

// A transfer that is interrupted in the middle of what is new goes on there, and
// what the old file has is not sent by the second run either.
func TestDeltaResumes(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		old := fill(t, to, 10*mib, 1)
		next := slices.Concat(old[:4*mib], noise(rand.New(rand.NewPCG(1, 2)), 9*mib), old[4*mib:])
		must(t, os.WriteFile(from, next, 0o644))
		j.Options.OnConflict = Overwrite
		interrupted(t, b, r, j, func(TransferID) { b.engine.Close() })
		holds(t, to, string(old))
		r.release()
		b.start(t, r)
		tr := b.run(j)
		if tr.State != StateDone || tr.Failures > 0 || tr.Reused < 4*mib || tr.Sent >= 9*mib {
			t.Errorf("%v: %v, %d reused, %d sent", tr.State, tr.Failed, tr.Reused, tr.Sent)
		}
		sameFile(t, to, next)
	})
}

// A receiver whose old file is not what it said gets the chunks whole, and no
// fault is counted for that.
func TestCutsOfWhatChanged(t *testing.T) {
	data := content(3 * mib)
	var whole, parts atomic.Int32
	b := rawBed(t, &rawReach{
		manifest: func(st transport.Stream, in *bufio.Reader) {
			wire.Write(st, toSender(&wire.Ready{MaxStreams: 1}))
			wire.Read(in, new(wire.ToReceiver)) // the file
			wire.Write(st, toSender(&wire.Answer{Id: 1, ChunkSize: 64 << 10, AverageCut: minAverageCut}))
			wire.Write(st, toSender(tell(cutsOf(data, minAverageCut), true)))
			for m := new(wire.ToReceiver); wire.Read(in, m) == nil; {
				if m.GetComplete() != nil {
					wire.Write(st, toSender(&wire.Result{Id: 1}))
					wire.Write(st, toSender(&wire.Finished{}))
				}
			}
			st.Close()
		},
		data: func(st transport.Stream, in *bufio.Reader) {
			for c := new(wire.Chunk); wire.Read(in, c) == nil; {
				in.Discard(bodySize(c))
				a := &wire.Ack{Id: c.Id, Index: c.Index}
				if len(c.GetParts()) > 0 {
					a.State = wire.Ack_STATE_CORRUPT
					parts.Add(1)
				} else {
					whole.Add(1)
				}
				wire.Write(st, &wire.Acks{Acks: []*wire.Ack{a}})
			}
			st.Close()
		},
	})
	must(t, os.WriteFile(filepath.Join(b.here, "file"), data, 0o644))
	j := once(Job{From: Here, To: b.peer, Sources: []Path{b.path("file")}})
	j.Options.Streams = 1
	tr := b.run(j)
	if tr.State != StateDone || tr.Failures > 0 || tr.Sent != int64(len(data)) {
		t.Errorf("%v: %v, %d bytes were sent", tr.State, tr.Failed, tr.Sent)
	}
	if parts.Load() != 48 || whole.Load() != 48 {
		t.Errorf("%d chunks came in parts, %d whole", parts.Load(), whole.Load())
	}
}
