package session

import (
	"context"
	"time"
)

// How often a sync that watches looks at both sides when nothing is heard, and when
// nothing can be: then it takes ten times what the last look took, but within bounds.
const (
	SyncPause     = 5 * time.Second // after one that failed
	syncLookHeard = time.Minute
	syncLookLeast = 2 * time.Second
	syncLookMost  = 2 * time.Minute
	syncQuiet     = 200 * time.Millisecond // between a change and the sync
)

// SyncWatch syncs, and does so again whenever something changes, until each returns
// an error, which it returns, or ctx ends. each is told of every sync before it
// begins: it calls run with j, or with a j that has other observers, and returns nil
// for another one. Changes of a source on this machine are heard of at once on Linux;
// else, and at a peer, both sides are compared every 2 s to 2 min, by what that costs.
func (e *Engine) SyncWatch(ctx context.Context, j SyncJob, each func(j SyncJob, run func(SyncJob) (SyncResult, error)) error) error {
	if j.Options.DryRun {
		return newError(Invalid, j.Destination, "a dry run watches nothing")
	}
	var ear *treeEar
	if j.From == Here {
		ear = listenTo(e.host.Name(e.host.behind(j.Source)), newRules(j.Exclude))
		defer ear.close()
	}
	for {
		var failure error
		begun := time.Now()
		err := each(j, func(j SyncJob) (res SyncResult, err error) {
			res, err = e.Sync(ctx, j)
			if failure = err; err == nil && res.Failed > 0 {
				failure = errSyncPartly
			}
			return res, err
		})
		if err != nil {
			return err
		}
		wait := min(max(10*time.Since(begun), syncLookLeast), syncLookMost)
		if ear.hears() {
			wait = syncLookHeard
		}
		if failure != nil {
			wait = min(wait, SyncPause)
		}
		if err := ear.await(ctx, wait); err != nil {
			return err
		}
	}
}

// errSyncPartly: some items failed.
var errSyncPartly = newError(Interrupted, Path{}, "some items failed")

// A treeEar hears that something changes below a directory. The nil one hears nothing.
type treeEar struct {
	changed chan struct{} // has one element when something did
	stop    func()
	deaf    chan struct{} // closed when it cannot hear all
}

func (t *treeEar) hears() bool { return t != nil && !isClosed(t.deaf) }

func (t *treeEar) close() {
	if t != nil && t.stop != nil {
		t.stop()
	}
}

// await returns when something changed and it is quiet again, or after wait.
func (t *treeEar) await(ctx context.Context, wait time.Duration) error {
	var changed, deaf <-chan struct{}
	if t != nil {
		changed = t.changed
		if t.hears() {
			deaf = t.deaf
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	case <-deaf:
		return nil
	case <-changed:
	}
	for most := time.Now().Add(10 * syncQuiet); time.Now().Before(most); {
		quiet := time.NewTimer(syncQuiet)
		select {
		case <-ctx.Done():
			quiet.Stop()
			return context.Cause(ctx)
		case <-quiet.C:
			return nil
		case <-changed:
			quiet.Stop()
		}
	}
	return nil
}
