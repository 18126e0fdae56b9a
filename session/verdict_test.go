package session

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What is found out about the two sides of a conflict, in both directions.
func TestVerdicts(t *testing.T) {
	old := fill(t, filepath.Join(t.TempDir(), "old"), 300<<10, 1)
	changed := bytes.Clone(old)
	changed[70_000] ^= 1
	late := bytes.Clone(old)
	late[len(late)-1] ^= 1
	for _, c := range []struct {
		name     string
		new, old []byte
		verdict  Verdict
		first    int64
	}{
		{"a byte", changed, old, VerdictDiffers, 70_000},
		{"the first byte", []byte("new"), []byte("old"), VerdictDiffers, 0},
		{"the old one is the beginning", old, old[:100_000], VerdictBegins, -1},
		{"an empty one is, too", old, nil, VerdictBegins, -1},
		{"the new one is the beginning", old[:100_000], old, VerdictDiffers, 100_000},
		{"further on than anybody looks", late, old, VerdictDiffers, -1},
	} {
		for way, job := range jobs {
			t.Run(c.name+" "+way, func(t *testing.T) {
				t.Parallel()
				b := newBed(t, ServerConfig{})
				j, from, to := job(b, "file")
				put(t, from, string(c.new), newer)
				put(t, to, string(c.old), older)
				id, err := b.engine.Submit(j)
				must(t, err)
				for deadline := time.Now().Add(time.Minute); ; {
					q := b.question(t, id)
					if q.Verdict == c.verdict && q.First == c.first && (c.first >= 0 || c.verdict == VerdictBegins || b.looked(id)) {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("the verdict is %v from %d on", q.Verdict, q.First)
					}
				}
				must(t, b.engine.AnswerAll(id, Rule{Then: Resume, Otherwise: Resume}))
				if tr, err := b.engine.Wait(t.Context(), id); err != nil || tr.State != StateDone {
					t.Fatal(err, tr.State, tr.Err)
				}
				if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, c.new) {
					t.Errorf("%d bytes are there, %v; want %d", len(got), err, len(c.new))
				}
			})
		}
	}
}

// looked tells whether somebody looked at all questions of a transfer.
func (b *bed) looked(id TransferID) bool {
	b.engine.mu.Lock()
	q := b.engine.transfers[id]
	b.engine.mu.Unlock()
	q.asking.mu.Lock()
	defer q.asking.mu.Unlock()
	for _, p := range q.asking.parked {
		if !p.seen || p.Verdict == VerdictComparing {
			return false
		}
	}
	return true
}
