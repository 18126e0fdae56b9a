package session

import (
	"bufio"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A receiver that has all of a file, or does not want it any more, says how it
// ended, or is given up; where it has to bring the file to the disk first, it is
// given longer.
func TestNoResult(t *testing.T) {
	for name, c := range map[string]struct {
		size  int
		state wire.Ack_State
		fsync bool
		wait  time.Duration
	}{
		"one chunk":         {10, wire.Ack_STATE_VERIFIED, false, 30 * time.Second},
		"several":           {3 * mib, wire.Ack_STATE_VERIFIED, false, 30 * time.Second},
		"on a slow disk":    {3 * mib, wire.Ack_STATE_VERIFIED, true, 10 * time.Minute},
		"unwanted":          {10, wire.Ack_STATE_UNWANTED, false, 30 * time.Second},
		"several, unwanted": {3 * mib, wire.Ack_STATE_UNWANTED, false, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				t.Cleanup(func() { close(over) })
				b := rawBed(t, &rawReach{
					manifest: func(st transport.Stream, in *bufio.Reader) {
						wire.Write(st, toSender(&wire.Ready{MaxStreams: 4}))
						wire.Read(in, new(wire.ToReceiver)) // the file
						wire.Write(st, toSender(&wire.Answer{Id: 1, ChunkSize: mib}))
						<-over
					},
					data: func(st transport.Stream, in *bufio.Reader) {
						for c2 := new(wire.Chunk); wire.Read(in, c2) == nil; {
							in.Discard(int(c2.Length))
							wire.Write(st, &wire.Acks{Acks: []*wire.Ack{{Id: c2.Id, Index: c2.Index, State: c.state}}})
						}
					},
				})
				fill(t, filepath.Join(b.here, "file"), c.size, 1)
				j := once(Job{From: Here, To: b.peer, Sources: []Path{b.path("file")}})
				j.Options.Fsync = c.fsync
				id, err := b.engine.Submit(j)
				must(t, err)
				start := time.Now()
				tr, err := b.engine.Wait(t.Context(), id)
				if d := time.Since(start); err != nil || KindOf(tr.Err) != Timeout || d < c.wait || d > c.wait+10*time.Second {
					t.Errorf("after %v %v: %v %v", d, tr.State, tr.Err, err)
				}
			})
		})
	}
}

// A sender whose chunks are all there says that they make the file, or is given up.
func TestNoComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(3 * mib)
		over := make(chan struct{})
		t.Cleanup(func() { close(over) })
		b := rawBed(t, &rawReach{
			manifest: func(st transport.Stream, in *bufio.Reader) {
				wire.Write(st, announce(1, "file", len(data)))
				wire.Read(in, new(wire.ToSender))
				wire.Write(st, end)
				<-over
			},
			data: func(st transport.Stream, in *bufio.Reader) {
				<-time.After(time.Second) // of the bubble: it is wanted by now
				for i := range uint64(3) {
					part := data[i*mib : (i+1)*mib]
					wire.Write(st, chunkMessage(1, i, part, valueOf(part, i, mib, false)))
					st.Write(part)
				}
				<-over
			},
		})
		start := time.Now()
		j := once(Job{From: b.peer, Sources: []Path{{"file"}}, Destination: b.path(""), Into: true})
		j.Options.Streams = 1
		tr := b.run(j)
		if d := time.Since(start); KindOf(tr.Err) != Timeout || d > 40*time.Second {
			t.Errorf("after %v %v: %v", d, tr.State, tr.Err)
		}
	})
}

// F102: a partial that is old enough to be swept belongs to whoever has its
// lock, and its journal with it.
func TestSweepLeavesWhatIsResumed(t *testing.T) {
	s := newStation(t)
	old := s.wanted(t, "file", 3*mib)
	old.begin(0)
	part, v := chunkOf(old, content(3*mib), 0)
	_, err := s.store(old, 0, part, v)
	must(t, err)
	later := time.Now().Add(31 * 24 * time.Hour)
	sweepPartials(old.dir.root, 30*24*time.Hour, later)
	if n := s.names(t); len(n) != 2 {
		t.Errorf("of one that is held there is %q", n)
	}
	old.drop(false)
	sweepPartials(old.dir.root, 30*24*time.Hour, later)
	if n := s.names(t); len(n) != 0 {
		t.Errorf("of one that nobody holds there is %q", n)
	}
	put(t, filepath.Join(s.dir, partialName("file", journalSuffix)), "without its partial", older)
	sweepPartials(old.dir.root, 30*24*time.Hour, time.Now())
	if n := s.names(t); len(n) != 0 {
		t.Errorf("of a journal alone there is %q", n)
	}
}

// F54: a journal whose chunks are larger or smaller than is allowed by now is
// begun anew, and the file arrives.
func TestJournalOfAnotherChunkSize(t *testing.T) {
	for name, cfg := range map[string]ServerConfig{"too large": {MaxChunkSize: 256 << 10}, "too small": {MinChunkSize: 4 * mib}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := slowly()
				b := brittleBed(t, r, ServerConfig{})
				j, from, to := jobs["upload"](b, "file")
				data := fill(t, from, 10*mib, 1)
				interrupted(t, b, r, j, func(TransferID) { b.engine.Close() })
				r.open.Wait()
				cfg.Tree = openDir(t, b.there)
				again := brittleReach{server: NewServer(cfg)}
				b.start(t, &again)
				j.To = b.peer
				if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 || tr.Reused > 0 {
					t.Errorf("%v: %v %v, %d reused", tr.State, tr.Err, tr.Failed, tr.Reused)
				}
				sameFile(t, to, data)
			})
		})
	}
}

// F08: a crash between a file's name and the end of its journal leaves a journal
// that is of no use, however young; the next transfer there removes it.
func TestSweepOfAJournalWithoutItsPartial(t *testing.T) {
	bothWays(t, func() *brittleReach { return &brittleReach{} }, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		put(t, from, "content", older)
		put(t, to, "content", older)
		left := filepath.Join(filepath.Dir(to), partialName("file", journalSuffix))
		put(t, left, "left", time.Now())
		if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
			t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
		}
		synctest.Wait() // the peer sweeps when it has told us that all is over
		gone(t, left)
	})
}
