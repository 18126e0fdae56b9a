package session

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// Transfers that only wait for answers hold no others up, in both directions,
// and go on when they are answered.
func TestConflictsHoldNobodyUp(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			must(t, b.engine.SetConcurrency(1))
			var asking []TransferID
			for i := range 3 {
				j, from, to := job(b, fmt.Sprintf("taken%d", i))
				put(t, from, "new content", newer)
				put(t, to, "old", older)
				id, err := b.engine.Submit(j)
				must(t, err)
				asking = append(asking, id)
			}
			j, from, to := job(b, "free")
			put(t, from, "content", newer)
			id, err := b.engine.Submit(j)
			must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if tr, err := b.engine.Wait(ctx, id); err != nil || tr.State != StateDone {
				t.Fatalf("the transfer behind three that ask: %v, %v", tr.State, err)
			}
			holds(t, to, "content")
			for _, id := range asking {
				must(t, b.engine.AnswerAll(id, Rule{Then: Overwrite, Otherwise: Overwrite}))
				if tr, err := b.engine.Wait(ctx, id); err != nil || tr.State != StateDone {
					t.Fatalf("an answered transfer: %v, %v", tr.State, err)
				}
			}
		})
	}
}

// Ten thousand conflicts are parked, and the files behind them do not wait.
func TestFilesBehindConflictsDoNotWait(t *testing.T) {
	if testing.Short() {
		t.Skip("makes twenty thousand files")
	}
	const taken = 10_000
	b := newBed(t, ServerConfig{})
	for i := range taken {
		put(t, filepath.Join(b.here, "tree", fmt.Sprintf("a%05d", i)), "new content", newer)
		put(t, filepath.Join(b.there, "tree", fmt.Sprintf("a%05d", i)), "old", older)
	}
	put(t, filepath.Join(b.here, "tree", "z free"), "content", newer)
	_, err := b.engine.Submit(Job{From: Here, To: b.peer, Sources: []Path{b.path("tree")}, Into: true, Options: DefaultOptions()})
	must(t, err)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		p := b.engine.Page(TabActive, 0, 1)
		if tr := p.Rows[0]; tr.Asking == taken && tr.FilesDone == 1 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d of %d are parked, %d files done", tr.Asking, taken, tr.FilesDone)
		}
	}
	holds(t, filepath.Join(b.there, "tree", "z free"), "content")
}
