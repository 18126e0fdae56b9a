package session

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/filelock"
)

// Partials that nobody has touched for long are removed from the directories
// that a transfer comes to; younger ones, and those that somebody holds, stay.
func TestSweep(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			for _, name := range []string{"a", "b"} {
				fill(t, filepath.Join(from, "sub", name), 3*mib, 1)
			}
			private := func(name, suffix string, age time.Duration) string {
				p := filepath.Join(to, "sub", partialName(name, suffix))
				when := time.Now().Add(-age)
				put(t, p, "left", when)
				return p
			}
			const month = 30 * 24 * time.Hour
			old, oldJournal := private("old", partialSuffix, month+time.Hour), private("old", journalSuffix, month+time.Hour)
			orphan := private("committed", journalSuffix, time.Minute)
			young, held := private("young", partialSuffix, month-time.Hour), private("held", partialSuffix, 2*month)
			f, err := os.Open(held)
			must(t, err)
			defer f.Close()
			must(t, filelock.TryLock(f))
			elsewhere := filepath.Join(filepath.Dir(to), "other", partialName("x", partialSuffix))
			put(t, elsewhere, "left", older)
			if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
				t.Fatalf("%v: %v %v", tr.State, tr.Err, tr.Failed)
			}
			// The receiver may still be at it when all that was asked for is done.
			for late := time.Now().Add(time.Minute); time.Now().Before(late) && slices.ContainsFunc([]string{old, oldJournal, orphan}, isThere); {
				runtime.Gosched()
			}
			gone(t, old)
			gone(t, oldJournal)
			gone(t, orphan)
			for _, name := range []string{young, held, elsewhere} {
				holds(t, name, "left")
			}
			j.Options.DryRun = true
			older := private("old", partialSuffix, 2*month)
			b.run(j)
			holds(t, older, "left")
		})
	}
}

func isThere(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
