package session

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"lukechampine.com/blake3"
)

// sparse makes a file of size bytes with data only at the places at, a block
// each, and returns its content.
func sparse(t *testing.T, name string, size int64, at ...int64) []byte {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o777))
	f, err := os.Create(name)
	must(t, err)
	defer f.Close()
	must(t, f.Truncate(size))
	content := make([]byte, size)
	for i, off := range at {
		n := copy(content[off:], bytes.Repeat([]byte{byte(i + 1)}, holeBlock))
		_, err := f.WriteAt(content[off:off+int64(n)], off)
		must(t, err)
	}
	must(t, f.Sync()) // else some disks count the blocks later
	return content
}

func onDisk(t *testing.T, name string) int64 {
	t.Helper()
	fi, err := os.Stat(name)
	must(t, err)
	return allocated(fi)
}

// needHoles skips where the disk of the tests keeps none.
func needHoles(t *testing.T, name string) {
	t.Helper()
	fi, err := os.Stat(name)
	must(t, err)
	if _, ok := hasHoles(fi); !ok {
		t.Skip("this disk keeps no holes")
	}
}

// Holes are neither sent nor written, wherever in the file they are, and the
// digest is that of the whole file.
// F64.
// It holds M57.
func TestHoles(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			for name, size := range map[string]int64{"small": 256 << 10, "large": 40*mib + 5000} {
				b := newBed(t, ServerConfig{})
				j, from, to := job(b, name)
				var digest []byte
				j.Observe = func(it Item) { digest = it.Digest }
				data := sparse(t, from, size, 0, 100<<10, size/2, size-2000)
				needHoles(t, from)
				tr := b.run(j)
				if tr.State != StateDone || tr.Failures > 0 {
					t.Fatalf("%s: %v: %v %v", name, tr.State, tr.Err, tr.Failed)
				}
				sameFile(t, to, data)
				if want := blake3.Sum256(data); !bytes.Equal(digest, want[:]) {
					t.Errorf("%s: the digest is %x, want %x", name, digest, want)
				}
				if was, is := onDisk(t, from), onDisk(t, to); is > was+64<<10 {
					t.Errorf("%s: %d bytes on the disk became %d", name, was, is)
				}
				if tr.Sent > 4*mib {
					t.Errorf("%s: %d bytes were sent", name, tr.Sent)
				}
			}
		})
	}
}

// What an earlier run wrote where the file has a hole by now is cleared.
func TestHolesOverAnEarlierRun(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		fill(t, from, 24*mib, 1)
		id := interrupted(t, b, r, j, func(id TransferID) { must(t, b.engine.Pause(id)) })
		synctest.Wait()
		data := sparse(t, from, 24*mib, 0, 9*mib)
		needHoles(t, from)
		r.release()
		must(t, b.engine.Resume(id))
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.State != StateDone || tr.Failures > 0 {
			t.Fatalf("%v %v: %v", err, tr.State, tr.Err)
		}
		sameFile(t, to, data)
		if is := onDisk(t, to); is > 4*mib {
			t.Errorf("it takes %d bytes on the disk", is)
		}
	})
}

// A chunk is written around its zeros, and what is there already is cleared.
func TestPutAround(t *testing.T) {
	pattern := func(blocks string, tail int) []byte {
		var b []byte
		for _, c := range blocks {
			b = append(b, bytes.Repeat([]byte{byte(c - '0')}, holeBlock)...)
		}
		return b[:len(b)-tail]
	}
	for _, tt := range []struct {
		blocks  string
		tail    int
		written int
	}{
		{"000", 0, 0}, {"111", 0, 3 * holeBlock}, {"0110", 0, 2 * holeBlock}, {"1001", 7, 2*holeBlock - 7}, {"10", 7, holeBlock},
	} {
		for _, fresh := range []bool{true, false} {
			name := filepath.Join(t.TempDir(), "f")
			f, err := os.Create(name)
			must(t, err)
			defer f.Close()
			data := pattern(tt.blocks, tt.tail)
			const off = 2 * holeBlock
			must(t, f.Truncate(off+int64(len(data))))
			if !fresh {
				_, err := f.WriteAt(bytes.Repeat([]byte{9}, len(data)), off)
				must(t, err)
			}
			n, err := putAround(f, data, off, fresh)
			if err != nil || n != tt.written {
				t.Errorf("%s: wrote %d (%v), want %d", tt.blocks, n, err, tt.written)
			}
			got, err := os.ReadFile(name)
			must(t, err)
			if !bytes.Equal(got[off:], data) || !bytes.Equal(got[:off], zeros[:off]) {
				t.Errorf("%s, fresh %t: it became something else", tt.blocks, fresh)
			}
		}
	}
}
