//go:build unix

package session

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// before each change of the disk, for as long as a test runs, do is called.
func onEachChange(t *testing.T, do func(what change, name string) error) {
	t.Helper()
	onChange = do
	t.Cleanup(func() { onChange = nil })
}

// F35, F33, F30: a disk that fails at any one change, with any error, loses
// nothing: the old file stays, or the new one is whole, and the next attempt
// ends the transfer and leaves nothing. ERR
func TestDiskFailsAtEachChange(t *testing.T) {
	errnos := []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.ESTALE}
	if raceEnabled && testing.Short() {
		errnos = errnos[:2]
	}
	for _, errno := range errnos {
		for at := int64(1); ; at++ {
			fired := false
			synctest.Test(t, func(t *testing.T) {
				b := brittleBed(t, &brittleReach{}, ServerConfig{})
				j, from, to := jobs["upload"](b, "file")
				data := fill(t, from, 3*mib, 1)
				put(t, to, "old", older)
				j.Options.OnConflict, j.Options.Retry, j.Options.Fsync = Overwrite, 0, true
				var n atomic.Int64
				onEachChange(t, func(change, string) error {
					if n.Add(1) == at {
						return errno
					}
					return nil
				})
				id, err := b.engine.Submit(j)
				must(t, err)
				tr, err := b.engine.Wait(t.Context(), id)
				must(t, err)
				synctest.Wait()
				fired = n.Load() >= at
				got, err := os.ReadFile(to)
				must(t, err)
				if string(got) != "old" && string(got) != string(data) {
					t.Errorf("%v at change %d: the file has %d bytes that it must not have", errno, at, len(got))
				}
				if tr.State == StatePaused {
					must(t, b.engine.Resume(id))
					tr, err = b.engine.Wait(t.Context(), id)
					must(t, err)
				}
				tr = b.run(j)
				if tr.State != StateDone || tr.Failures > 0 {
					t.Errorf("%v at change %d, and then %v: %v %v", errno, at, tr.State, tr.Err, tr.Failed)
				}
				synctest.Wait()
				sameFile(t, to, data)
			})
			if !fired {
				if at < 10 {
					t.Errorf("only %d changes were made", at-1)
				}
				break
			}
		}
	}
}

// F101: cancelled at any one change of the disk, a transfer leaves nothing at
// either end: no partial, and (TestMain) no goroutine.
func TestCancelAtEachChange(t *testing.T) {
	for at := int64(1); ; at++ {
		fired := false
		bothWays(t, func() *brittleReach { return &brittleReach{} }, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
			fill(t, from, 3*mib, 1)
			var n atomic.Int64
			now := make(chan struct{})
			onEachChange(t, func(change, string) error {
				if n.Add(1) == at {
					close(now)
				}
				return nil
			})
			id, err := b.engine.Submit(j)
			must(t, err)
			over := make(chan struct{})
			go func() {
				b.engine.Wait(t.Context(), id)
				close(over)
			}()
			select {
			case <-now:
				fired = true
				b.engine.Cancel(id, false) // or it is over by now
			case <-over:
			}
			<-over
			synctest.Wait()
			if n := privates(t, filepath.Dir(to)); len(n) > 0 {
				t.Errorf("cancelled at change %d: there is %q", at, n)
			}
		})
		if !fired {
			break
		}
	}
}

// F45: a disk that hangs for two minutes. RES, by itself, when it goes on.
func TestDiskHangs(t *testing.T) {
	bothWays(t, func() *brittleReach { return &brittleReach{} }, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		data := fill(t, from, 10*mib, 1)
		var n atomic.Int64
		onEachChange(t, func(what change, name string) error {
			// Not those of the journal: a lock is held then, which stops fake time.
			if what == changeWrite && strings.HasSuffix(name, partialSuffix) && n.Add(1) == 5 {
				<-time.After(2 * time.Minute)
			}
			return nil
		})
		j.Options.Retry = 10
		id, err := b.engine.Submit(j)
		must(t, err)
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.State != StateDone || tr.Failures > 0 {
			t.Errorf("%v %v: %v %v", err, tr.State, tr.Err, tr.Failed)
		}
		synctest.Wait()
		sameFile(t, to, data)
	})
}

// F67: a file that comes up under the final name meanwhile stays, unless it is
// the same; another run decides by the rule for conflicts. ERR
func TestDestinationAppears(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		data := fill(t, from, 10*mib, 1)
		j.Options.OnConflict = Fail
		id := interrupted(t, b, r, j, func(TransferID) { put(t, to, "of somebody else", older) })
		r.release()
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Exists {
			t.Errorf("%v %v: %v", err, tr.State, tr.Failed)
		}
		holds(t, to, "of somebody else")
		j.Options.OnConflict = Overwrite
		if tr = b.run(j); tr.Failures > 0 || tr.Reused < 9*mib {
			t.Errorf("%v: %v, %d reused", tr.State, tr.Failed, tr.Reused)
		}
		sameFile(t, to, data)
	})
}

// F67: where what came up is the file itself, all is well.
func TestDestinationAppearsTheSame(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		data := fill(t, from, 10*mib, 1)
		id := interrupted(t, b, r, j, func(TransferID) { must(t, os.WriteFile(to, data, 0o644)) })
		r.release()
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.State != StateDone || tr.Failures > 0 {
			t.Errorf("%v %v: %v %v", err, tr.State, tr.Err, tr.Failed)
		}
		sameFile(t, to, data)
	})
}

// F68: a destination directory that is renamed keeps what it was promised; one
// that is deleted is told of. ERR
func TestDestinationDirectoryMoves(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
			must(t, os.Mkdir(filepath.Join(filepath.Dir(to), "into"), 0o755))
			into := filepath.Join(filepath.Dir(to), "into")
			dest, err := j.Destination.Join("into")
			must(t, err)
			j.Destination = dest
			data := fill(t, from, 10*mib, 1)
			id := interrupted(t, b, r, j, func(TransferID) {
				if deleted {
					must(t, os.RemoveAll(into))
				} else {
					must(t, os.Rename(into, into+" by another name"))
				}
			})
			r.release()
			tr, err := b.engine.Wait(t.Context(), id)
			must(t, err)
			if !deleted {
				if tr.State != StateDone || tr.Failures > 0 {
					t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
				}
				sameFile(t, filepath.Join(into+" by another name", "file"), data)
			} else if tr.Failures != 1 || KindOf(tr.Failed[0].Err) != NotFound {
				t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
			}
		})
	}
}

// F62: a source that becomes a link, a FIFO or a directory is passed over and
// told of, never read. SKIP
func TestSourceBecomesSomethingElse(t *testing.T) {
	for what, replace := range map[string]func(name string) error{
		"a link":      func(name string) error { return os.Symlink("/etc/passwd", name) },
		"a FIFO":      func(name string) error { return syscall.Mkfifo(name, 0o644) },
		"a directory": func(name string) error { return os.Mkdir(name, 0o755) },
	} {
		t.Run(what, func(t *testing.T) {
			bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
				fill(t, from, 10*mib, 1)
				id := interrupted(t, b, r, j, func(TransferID) {
					must(t, os.Remove(from))
					must(t, replace(from))
				})
				r.release()
				tr, err := b.engine.Wait(t.Context(), id)
				if err != nil || tr.State != StateDone || tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Changed {
					t.Errorf("%v %v: %v", err, tr.State, tr.Failed)
				}
				gone(t, to)
			})
		})
	}
}

// F56: zeros are data: what is there of them after an interruption is not sent
// again, and what is not is.
func TestResumeOfZeros(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		data := make([]byte, 10*mib)
		copy(data[9*mib:], "not zero")
		must(t, os.WriteFile(from, data, 0o644))
		j.Options.Compress = CompressOff
		interrupted(t, b, r, j, func(TransferID) { b.engine.Close() })
		r.release()
		b.start(t, r)
		if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 || tr.Reused == 0 {
			t.Errorf("%v: %v %v, %d reused", tr.State, tr.Err, tr.Failed, tr.Reused)
		}
		sameFile(t, to, data)
	})
}

// F99: times far away are kept, as far as the disk can, to the nanosecond where
// the protocol has them.
func TestTimesFarAway(t *testing.T) {
	for _, when := range []time.Time{
		time.Date(1903, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, -1), time.Unix(0, 0),
		time.Date(2106, 2, 7, 6, 28, 16, 1, time.UTC), time.Date(2300, 1, 1, 0, 0, 0, 999_999_999, time.UTC),
	} {
		for way, job := range jobs {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "file")
			put(t, from, "content", when)
			fi, err := os.Stat(from) // what the disk made of it
			must(t, err)
			if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
				t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
			}
			if got, err := os.Stat(to); err != nil || !got.ModTime().Equal(fi.ModTime()) {
				t.Errorf("%s: %v became %v (%v)", way, fi.ModTime(), got.ModTime(), err)
			}
		}
	}
}

// F100: paused and resumed two hundred times, whenever, a transfer ends as one
// that was not. RES
func TestPausedTwoHundredTimes(t *testing.T) {
	bothWays(t, func() *brittleReach { return &brittleReach{} }, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		data := fill(t, from, 16*mib, 1)
		j.Options.ChunkSize, j.Options.Streams = minChunkSize, 1
		var n atomic.Int64
		pausing := make(chan struct{}, 1)
		onEachChange(t, func(what change, name string) error {
			if what == changeWrite && strings.HasSuffix(name, partialSuffix) && n.Add(1)%3 == 0 {
				select {
				case pausing <- struct{}{}:
				default:
				}
			}
			return nil
		})
		id, err := b.engine.Submit(j)
		must(t, err)
		over := make(chan Transfer, 1)
		go func() {
			tr, err := b.engine.Wait(t.Context(), id)
			if err != nil {
				t.Error(err)
			}
			over <- tr
		}()
		for paused := 0; paused < 200; {
			select {
			case <-pausing:
				if b.engine.Pause(id) == nil {
					paused++
					synctest.Wait()
					must(t, b.engine.Resume(id))
				}
			case tr := <-over:
				t.Fatalf("it is %v after %d pauses: %v", tr.State, paused, tr.Err)
			}
			if n.Load() > 250 { // nothing more to pause
				break
			}
		}
		if tr := <-over; tr.State != StateDone || tr.Failures > 0 {
			t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
		}
		synctest.Wait()
		sameFile(t, to, data)
	})
}

// F97: a clock that is set back a year or forward a day makes no partial old,
// and has an attempt neither given up nor hurried.
func TestClockJumps(t *testing.T) {
	s := newStation(t)
	f := s.wanted(t, "file", 3*mib)
	f.begin(0)
	part, v := chunkOf(f, content(3*mib), 0)
	_, err := s.store(f, 0, part, v)
	must(t, err)
	f.drop(false)
	now := time.Now()
	for _, jump := range []time.Time{now.AddDate(-1, 0, 0), now.AddDate(0, 0, 1)} {
		sweepPartials(f.dir.root, 30*24*time.Hour, jump)
		if n := s.names(t); len(n) != 2 {
			t.Errorf("at %v there is %q", jump, n)
		}
		r := retries{most: 1, giveUp: 10 * time.Minute}
		r.next(now, Unreachable, false)
		// The difference of two times of one process is not the clock's.
		if _, again := r.next(time.Now(), Unreachable, false); !again {
			t.Error("it is given up")
		}
	}
}

// F70, F103: what is opened twice is refused the second time, by a lock that
// ends with the process.
func TestPartialIsLocked(t *testing.T) {
	s := newStation(t)
	f := s.wanted(t, "file", 3*mib)
	f.begin(0)
	part, v := chunkOf(f, content(3*mib), 0)
	_, err := s.store(f, 0, part, v)
	must(t, err)
	if _, err := openPartial(f.dir.root, "file"); !errors.Is(err, errBusy) {
		t.Errorf("the second one gets %v", err)
	}
	f.drop(false)
	p, err := openPartial(f.dir.root, "file")
	must(t, err)
	p.keep()
}

// F42: a path of more than 4096 bytes is as good as another one.
func TestDeepPaths(t *testing.T) {
	part := strings.Repeat("d", 100)
	deep := strings.Repeat(part+"/", 45)
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			must(t, os.Mkdir(from, 0o755))
			root, err := os.OpenRoot(from)
			must(t, err)
			defer root.Close()
			must(t, root.MkdirAll(deep, 0o755))
			must(t, root.WriteFile(deep+"file", content(3*mib), 0o644))
			if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
				t.Fatalf("%v: %v %v", tr.State, tr.Err, tr.Failed)
			}
			arrived, err := os.OpenRoot(to)
			must(t, err)
			defer arrived.Close()
			got, err := arrived.ReadFile(deep + "file")
			if err != nil || string(got) != string(content(3*mib)) {
				t.Errorf("%d bytes arrived: %v", len(got), err)
			}
			must(t, arrived.RemoveAll(part)) // what t.TempDir cannot
			must(t, root.RemoveAll(part))
		})
	}
}
