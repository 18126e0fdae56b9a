package session

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that fills up pauses the transfer, with the reason, and keeps what is
// there; when there is room again it goes on with that.
// F28, F32.
// It holds M56.
func TestNoSpace(t *testing.T) {
	for name, before := range map[string]bool{"before it begins": true, "half-way": false} {
		t.Run(name, func(t *testing.T) {
			r := &brittleReach{halt: 6 * mib}
			b := &bed{tb: t, here: t.TempDir(), there: t.TempDir()}
			if err := unix.Mount("tmpfs", b.there, "tmpfs", 0, "size=12m"); err != nil {
				t.Skipf("a small disk cannot be mounted here: %v", err)
			}
			t.Cleanup(func() { unix.Unmount(b.there, unix.MNT_DETACH) })
			r.server = NewServer(ServerConfig{Tree: openDir(t, b.there)})
			b.start(t, r)
			j, from, to := jobs["upload"](b, "file")
			data := fill(t, from, 10*mib, 1)
			eater := filepath.Join(b.there, "eater")
			if before {
				fill(t, eater, 5*mib, 2)
				r.release()
			}
			id, err := b.engine.Submit(j)
			must(t, err)
			if !before {
				r.await()
				os.WriteFile(eater, make([]byte, 12*mib), 0o600) // until nothing is left
				r.release()
			}
			tr, err := b.engine.Wait(t.Context(), id)
			if err != nil || tr.State != StatePaused || KindOf(tr.Err) != NoSpace {
				t.Fatalf("%v %v: %v", err, tr.State, tr.Err)
			}
			gone(t, to)
			must(t, os.Remove(eater))
			must(t, b.engine.Resume(id))
			tr, err = b.engine.Wait(t.Context(), id)
			if err != nil || tr.State != StateDone || !before && tr.Reused == 0 {
				t.Errorf("%v %v: %v, %d reused", err, tr.State, tr.Err, tr.Reused)
			}
			sameFile(t, to, data)
		})
	}
}
