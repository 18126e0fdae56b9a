//go:build linux

package faults

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const (
	chunk = 256 << 10
	size  = 5<<20 + 7
)

// options of all copies here: small chunks, so that a file has many.
var options = []string{"--fsync", "--chunk-size", "256K", "--streams", "2"}

// TestReceiverKilledAtEachCall: F01 to F09, F12 (the journal is never
// compacted, but begun). The receiver is killed at each call that it makes on
// its disk, for a new file and for one that replaces an older one. RES: at each
// instant the final name has nothing, all of the old or all of the new; the
// same command then ends the copy, sends no chunk that the journal has, and
// leaves nothing.
func TestReceiverKilledAtEachCall(t *testing.T) {
	traceable(t)
	want, old := noise(size, 1), noise(size-chunk, 2)
	for mode, before := range map[string][]byte{"new": nil, "replaced": old} {
		t.Run(mode, func(t *testing.T) {
			b := newBed(t)
			b.write(filepath.Join(b.far, "file"), want)
			args := append(slices.Clone(options), "--on-conflict", "overwrite", b.at("file"))
			prepare := func(t *testing.T) string {
				dir := t.TempDir()
				if before != nil {
					b.write(filepath.Join(dir, "file"), before)
				}
				return dir
			}
			dir := prepare(t)
			s, found := b.record(dir, "file", append(args, dir+"/")...)
			requireCalls(t, found)
			for _, c := range found {
				for _, when := range []string{"1+", "4+", "8+"} {
					if when != "1+" && c.name != "pwrite64" && c.name != "write" {
						continue
					}
					t.Run(c.String()+" "+when, func(t *testing.T) {
						b := &bed{t: t, near: b.near, far: b.far}
						s := subject{prepare(t), s.final, s.part, s.journal}
						k := b.copy(inject(s.paths(c.object), c.name, "signal=SIGKILL", when), append(args, s.dir+"/")...)
						if k.ExitCode() >= 0 && when == "1+" {
							t.Errorf("it was not killed: %s", k.Why())
						}
						final := filepath.Join(s.dir, "file")
						state := b.whole(final, before, want)
						kept := chunksOf(filepath.Join(s.dir, s.journal))
						done := b.ends(b.copy(nil, append(args, s.dir+"/")...))
						b.whole(final, want)
						b.clean(s.dir)
						if most := size - kept*chunk + chunk; state == 0 && done.BytesSent > most {
							t.Errorf("%d bytes were sent, with %d chunks in the journal", done.BytesSent, kept)
						}
						if state == 1 && done.BytesSent > 0 {
							t.Errorf("%d bytes were sent, with the file there", done.BytesSent)
						}
					})
				}
			}
		})
	}
}

// requireCalls fails if a call that a row of the catalogue is about is not made
// any more: then look for what replaced it.
func requireCalls(t *testing.T, found []call) {
	t.Helper()
	has := func(object string, names ...string) {
		if !slices.ContainsFunc(found, func(c call) bool { return c.object == object && slices.Contains(names, c.name) }) {
			t.Errorf("none of %v on the %s: %v", names, object, found)
		}
	}
	has("part", "openat")                                               // F01
	has("journal", "openat")                                            // F02
	has("part", "pwrite64", "pwritev", "write", "writev")               // F03
	has("journal", "write", "pwrite64")                                 // F04
	has("part", "fsync", "fdatasync")                                   // F06
	has("part", "renameat", "renameat2", "linkat")                      // F07
	has("journal", "unlinkat")                                          // F08
	has("dir", "fsync")                                                 // F08
	has("final", "close")                                               // F09: all is done but the acknowledgement
	has("part", "fchmod")                                               // of the metadata
	has("part", "ftruncate", "fallocate", "utimensat", "pwrite64")      // likewise
	has("journal", "ftruncate", "pwrite64", "write", "writev", "fsync") // F12
}

// chunksOf returns how many chunks a journal has (its header is 40 bytes, a
// record 44).
func chunksOf(journal string) int64 {
	fi, err := os.Stat(journal)
	if err != nil || fi.Size() < 40 {
		return 0
	}
	return (fi.Size() - 40) / 44
}

// TestReceiverKilledInTheResumeScan: F11. Killed while it reads again what an
// earlier run left, RES: nothing of that is lost.
func TestReceiverKilledInTheResumeScan(t *testing.T) {
	traceable(t)
	b := newBed(t)
	want := noise(size, 1)
	b.write(filepath.Join(b.far, "file"), want)
	dir := t.TempDir()
	args := append(slices.Clone(options), b.at("file"))
	other := t.TempDir()
	s, _ := b.record(other, "file", append(args, other+"/")...)
	s.dir = dir
	args = append(args, dir+"/")
	b.copy(inject(s.paths("part"), "fchmod", "signal=SIGKILL", "1+"), args...)
	kept := chunksOf(filepath.Join(dir, s.journal))
	if kept != size/chunk+1 {
		t.Fatalf("the journal has %d chunks", kept)
	}
	for _, when := range []string{"1+", "3+", "6+"} {
		k := b.copy(inject(s.paths("part"), "pread64", "signal=SIGKILL", when), args...)
		if k.ExitCode() >= 0 && when == "1+" {
			t.Errorf("it was not killed: %s", k.Why())
		}
		if k.ExitCode() < 0 {
			b.whole(filepath.Join(dir, "file"), nil)
			if n := chunksOf(filepath.Join(dir, s.journal)); n < kept {
				t.Errorf("the journal has %d chunks, and had %d", n, kept)
			}
		}
	}
	if done := b.ends(b.copy(nil, args...)); done.BytesSent > 0 {
		t.Errorf("%d bytes were sent again", done.BytesSent)
	}
	b.whole(filepath.Join(dir, "file"), want)
	b.clean(dir)
}

// TestSenderKilledAtEachCall: F13. The sender is killed where it opens, looks
// at, reads and closes its file. RES: the next run ends the copy, and finds the
// destination let go of by the peer.
func TestSenderKilledAtEachCall(t *testing.T) {
	traceable(t)
	want := noise(size, 3)
	for _, name := range []string{"openat", "newfstatat", "pread64", "close"} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			from := filepath.Join(b.near, "file")
			b.write(from, want)
			args := append(slices.Clone(options), from, b.at(""))
			k := b.copy(inject([]string{from, "file"}, name, "signal=SIGKILL", "1+"), args...)
			if k.ExitCode() >= 0 {
				t.Errorf("it was not killed: %s", k.Why())
			}
			b.whole(filepath.Join(b.far, "file"), nil, want)
			b.ends(b.copy(nil, args...))
			b.whole(filepath.Join(b.far, "file"), want)
			b.clean(b.far)
		})
	}
}
