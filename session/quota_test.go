package session

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// What does not fit is refused before its first byte, and what does counts.
func TestQuota(t *testing.T) {
	var told int64
	quota := NewQuota(100_000, 10_000, func(used int64) { told = used })
	b := newBed(t, ServerConfig{Quotas: func(transport.Grant) []*Quota { return []*Quota{quota} }})
	fill(t, filepath.Join(b.here, "large"), 90_001, 1)
	fill(t, filepath.Join(b.here, "fits"), 90_000, 2)
	fill(t, filepath.Join(b.here, "byte"), 1, 3)
	tr := b.up("large")
	if tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Limit {
		t.Errorf("%v %v", tr.State, tr.Failed)
	}
	if names := privates(t, b.there); len(names) > 0 {
		t.Errorf("left are %q", names)
	}
	if tr = b.up("fits"); tr.State != StateDone || tr.Failures > 0 || quota.Used() != 100_000 || told != 100_000 {
		t.Errorf("%v %v, used %d, told %d", tr.State, tr.Failed, quota.Used(), told)
	}
	if tr = b.up("byte"); tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Limit {
		t.Errorf("one byte more: %v %v", tr.State, tr.Failed)
	}
	quota.mu.Lock()
	defer quota.mu.Unlock()
	if quota.promised != 0 {
		t.Errorf("%d are promised still", quota.promised)
	}
}

// The quota of a tree counts what lies there, by whomever, and partials with it.
func TestTreeQuota(t *testing.T) {
	there := t.TempDir()
	write(t, filepath.Join(there, "a/old"), string(bytes.Repeat([]byte("x"), 60_000)))
	write(t, filepath.Join(there, "b", partialName("p", partialSuffix)), string(bytes.Repeat([]byte("x"), 8192)))
	q := NewTreeQuota(100_000, openDir(t, there), Path{})
	q.settle(0, 0)
	if err := q.book(t.Context(), 40_000); KindOf(err) != Limit {
		t.Errorf("beside 60000 and a partial: %v", err)
	}
	if err := q.book(t.Context(), 30_000); err != nil {
		t.Error(err)
	}
	q.settle(30_000, 0)
	must(t, os.Remove(filepath.Join(there, "a/old")))
	q.mu.Lock()
	q.measured = q.measured.Add(-time.Minute) // the pause between two measurements is over
	q.mu.Unlock()
	if err := q.book(t.Context(), 90_000); err != nil {
		t.Errorf("after something was removed: %v", err)
	}
	if err := q.book(t.Context(), 10_000); KindOf(err) != Limit {
		t.Errorf("beside what is promised: %v", err)
	}
	part := NewTreeQuota(100_000, openDir(t, there), at(t, "a"))
	if err := part.book(t.Context(), 100_000); err != nil {
		t.Errorf("in an empty part of it: %v", err)
	}
}

// What an interrupted transfer has left counts, and is not counted again when that
// goes on.
func TestQuotaOfAPartial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quota, r := NewQuota(11*mib, 0, nil), slowly()
		b := brittleBed(t, r, ServerConfig{Quotas: func(transport.Grant) []*Quota { return []*Quota{quota} }})
		j, from, to := jobs["upload"](b, "file")
		data := fill(t, from, 10*mib, 1)
		id := interrupted(t, b, r, j, func(id TransferID) { must(t, b.engine.Pause(id)) })
		synctest.Wait()
		if used := quota.Used(); used < mib || used > 10*mib {
			t.Errorf("%d are used by what is there", used)
		}
		r.release()
		must(t, b.engine.Resume(id))
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.State != StateDone || tr.Failures > 0 {
			t.Fatalf("%v %v: %v", err, tr.State, tr.Failed)
		}
		sameFile(t, to, data)
		if used := quota.Used(); used < 10*mib || used > 10*mib+mib {
			t.Errorf("%d are used in the end", used)
		}
	})
}
