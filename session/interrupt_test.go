package session

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// privates returns the names of partials and journals in dir.
func privates(t *testing.T, dir string) (out []string) {
	t.Helper()
	for _, n := range names(t, dir) {
		if isPrivate(n) {
			out = append(out, n)
		}
	}
	return out
}

func slowly() *brittleReach { return &brittleReach{halt: 6 * mib} }

// A pause keeps the partial, and the rest is sent after it.
func TestPauseAndResume(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		data := fill(t, from, 10*mib, 1)
		id := interrupted(t, b, r, j, func(id TransferID) { must(t, b.engine.Pause(id)) })
		synctest.Wait()
		if n := privates(t, filepath.Dir(to)); len(n) != 2 {
			t.Errorf("there are %q", n)
		}
		if tr := b.engine.Transfers()[0]; tr.ID != id || tr.State != StatePaused {
			t.Errorf("it is %v", tr.State)
		}
		r.release()
		must(t, b.engine.Resume(id))
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.State != StateDone || tr.Reused < mib {
			t.Errorf("%v %v: %v, %d reused", err, tr.State, tr.Err, tr.Reused)
		}
		sameFile(t, to, data)
	})
}

// Cancel stops both ends within a second, and removes the partial or keeps it.
func TestCancel(t *testing.T) {
	for _, keep := range []bool{false, true} {
		bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
			fill(t, from, 10*mib, 1)
			start := time.Now()
			interrupted(t, b, r, j, func(id TransferID) {
				start = time.Now()
				must(t, b.engine.Cancel(id, keep))
			})
			synctest.Wait()
			if d := time.Since(start); d > time.Second {
				t.Errorf("it took %v", d)
			}
			if n := privates(t, filepath.Dir(to)); len(n) != map[bool]int{false: 0, true: 2}[keep] {
				t.Errorf("keep %t: there are %q", keep, n)
			}
			if _, err := os.Stat(to); err == nil {
				t.Error("there is a file")
			}
		})
	}
}

// A program that ends keeps its partials, also the peer's, and the next one
// goes on with them.
func TestSecondEngineResumes(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		data := fill(t, from, 10*mib, 1)
		interrupted(t, b, r, j, func(TransferID) { b.engine.Close() })
		if n := privates(t, filepath.Dir(to)); len(n) != 2 {
			t.Errorf("there are %q", n)
		}
		r.release()
		b.start(t, r)
		tr := b.run(j)
		if tr.State != StateDone || tr.Reused < mib {
			t.Errorf("%v: %v, %d reused", tr.State, tr.Err, tr.Reused)
		}
		sameFile(t, to, data)
	})
}

// What was interrupted of a file that came by another way meanwhile is of no use
// to anybody, and is removed as soon as the file is found.
func TestPartialOfWhatIsThere(t *testing.T) {
	for _, checksum := range []bool{false, true} {
		bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
			data := fill(t, from, 10*mib, 1)
			interrupted(t, b, r, j, func(TransferID) { b.engine.Close() })
			must(t, os.WriteFile(to, data, 0o600))
			fi, err := os.Stat(from)
			must(t, err)
			must(t, os.Chtimes(to, fi.ModTime(), fi.ModTime()))
			r.release()
			b.start(t, r)
			j.Options.Checksum = checksum
			tr := b.run(j)
			if n := privates(t, filepath.Dir(to)); tr.State != StateDone || tr.Sent != 0 || len(n) != 0 {
				t.Errorf("%v: %v, %d sent, and there are %q", tr.State, tr.Err, tr.Sent, n)
			}
		})
	}
}

// A server that stops keeps what it has received, and its peers keep theirs.
func TestServerStops(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		fill(t, from, 10*mib, 1)
		interrupted(t, b, r, j, func(TransferID) { r.stop() })
		synctest.Wait()
		if n := privates(t, filepath.Dir(to)); len(n) != 2 {
			t.Errorf("there are %q", n)
		}
	})
}

// Only a person's word is a cancellation, which removes partials.
func TestAbortCodes(t *testing.T) {
	for err, want := range map[error]transport.AbortCode{
		errCancelled: abortCancelled, errPaused: abortInterrupted, errKept: abortInterrupted, errClosing: abortInterrupted,
		context.Canceled: abortInterrupted, about(Path{}, context.Canceled): abortInterrupted,
		newError(Timeout, Path{}, "x"): abortInterrupted, newError(Protocol, Path{}, "x"): abortFailed, io.EOF: abortFailed,
	} {
		if got := abortCodeOf(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

// What happened to the partial or its journal between two runs is found, and
// what is not right is sent again. Nothing of it gets the file's name.
// F05, F48, F55, F57.
func TestDamagedPartial(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, part, journal string){
		"a bit of the data": func(t *testing.T, part, _ string) { flipBit(t, part, 1000) },
		"all of the data":   func(t *testing.T, part, _ string) { fill(t, part, 10*mib, 9) },
		"zeros":             func(t *testing.T, part, _ string) { must(t, os.WriteFile(part, make([]byte, 10*mib), 0o600)) },
		"data cut off":      func(t *testing.T, part, _ string) { must(t, os.Truncate(part, mib/2)) },
		"data gone":         func(t *testing.T, part, _ string) { must(t, os.Remove(part)) },
		"data too long":     func(t *testing.T, part, _ string) { must(t, os.Truncate(part, 14*mib)) },
		"a record":          func(t *testing.T, _, journal string) { flipBit(t, journal, journalHeader+10) },
		"the header":        func(t *testing.T, _, journal string) { flipBit(t, journal, 3) },
		"a torn record": func(t *testing.T, _, journal string) {
			must(t, os.Truncate(journal, journalHeader+journalRecord+11))
		},
		"a torn header": func(t *testing.T, _, journal string) { must(t, os.Truncate(journal, 11)) },
		"no journal":    func(t *testing.T, _, journal string) { must(t, os.Remove(journal)) },
		"another boot":  func(t *testing.T, _, journal string) { reboot(t, journal) },
		"another boot, and zeros": func(t *testing.T, part, journal string) {
			reboot(t, journal)
			must(t, os.WriteFile(part, make([]byte, 10*mib), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
				data := fill(t, from, 10*mib, 1)
				interrupted(t, b, r, j, func(TransferID) { b.engine.Close() })
				dir := filepath.Dir(to)
				damage(t, filepath.Join(dir, partialName("file", partialSuffix)), filepath.Join(dir, partialName("file", journalSuffix)))
				r.release()
				b.start(t, r)
				if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
					t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
				}
				sameFile(t, to, data)
			})
		})
	}
}

// A partial of a file of that name that is another one by now is of no use, and
// does no harm.
// F54.
// It holds M77.
func TestPartialOfAnotherFile(t *testing.T) {
	for name, size := range map[string]int{"other content": 10 * mib, "longer": 11 * mib, "one chunk": 700 << 10, "small": 10, "empty": 0} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
				fill(t, from, 10*mib, 1)
				interrupted(t, b, r, j, func(TransferID) { b.engine.Close() })
				data := fill(t, from, size, 2)
				r.release()
				b.start(t, r)
				if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 || tr.Reused > 0 {
					t.Errorf("%v: %v %v, %d reused", tr.State, tr.Err, tr.Failed, tr.Reused)
				}
				sameFile(t, to, data)
			})
		})
	}
}

// Of two writers of one destination the second is told so, and the first one
// is not disturbed.
// F70.
func TestTwoWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := slowly()
		b := brittleBed(t, r, ServerConfig{})
		j, from, to := jobs["upload"](b, "file")
		data := fill(t, from, 10*mib, 1)
		first := interrupted(t, b, r, j, func(TransferID) {})
		other := brittleReach{server: r.server}
		c := &bed{tb: t, here: b.here, there: b.there}
		c.start(t, &other)
		j.To = c.peer
		tr := c.run(j)
		if tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Busy {
			t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
		}
		r.release()
		tr, err := b.engine.Wait(t.Context(), first)
		if err != nil || tr.State != StateDone || tr.Failures > 0 {
			t.Errorf("%v %v: %v %v", err, tr.State, tr.Err, tr.Failed)
		}
		sameFile(t, to, data)
	})
}

func flipBit(t *testing.T, name string, at int64) {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	b[at] ^= 4
	must(t, os.WriteFile(name, b, 0o600))
}

// reboot makes a journal one that was begun before the machine was started.
func reboot(t *testing.T, journal string) {
	t.Helper()
	b, err := os.ReadFile(journal)
	must(t, err)
	h := append([]byte(nil), b[:journalHeader-4]...)
	binary.BigEndian.PutUint64(h[20:], 12345)
	must(t, os.WriteFile(journal, append(sealRecord(h), b[journalHeader:]...), 0o600))
}

// One of several sources that is gone by the time of its turn keeps none of the
// others.
func TestOneOfSeveralSourcesIsGone(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		r.release()
		data := fill(t, from, mib, 1)
		gone, err := j.Sources[0].Parent().Join("gone")
		must(t, err)
		j.Sources = []Path{gone, j.Sources[0]}
		tr := b.run(j)
		if tr.State != StateDone || tr.Failures != 1 || len(tr.Failed) != 1 || KindOf(tr.Failed[0].Err) != NotFound {
			t.Errorf("%v: %v, %d failures, %v", tr.State, tr.Err, tr.Failures, tr.Failed)
		}
		sameFile(t, filepath.Join(filepath.Dir(to), filepath.Base(from)), data)
	})
}
