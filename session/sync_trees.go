package session

import "context"

// SyncOptions say how Sync makes a directory like another, and who hears of it. The
// zero value is as good as the command line without flags. Of each function there is
// one call at a time.
type SyncOptions struct {
	// Delete, MaxDelete, Exclude and Include are those of a SyncJob.
	Delete    bool
	MaxDelete int
	Exclude   []string
	Include   []string

	// Options are the choices of the copying; nil: DefaultOptions. What a SyncJob
	// does not heed of them, and what is about attempts, is of no account.
	Options *Options

	OnPlan     func(SyncPlanned) // hears what there is to do, before anything is changed
	OnItem     func(SyncItem)    // hears of each difference when it is settled
	OnProgress func(Transfer)    // hears how far the copying is, as that of CopyOptions
}

// Sync makes the directory at one location like that at another one, as Engine.Sync
// does, without a queue. The trees are those that Copy takes. A link that dies ends
// it; the same call goes on where it was left.
func Sync(ctx context.Context, from, to Location, o SyncOptions) (SyncResult, error) {
	j := SyncJob{
		Source: from.Path, Destination: to.Path, Delete: o.Delete, MaxDelete: o.MaxDelete, Exclude: o.Exclude, Include: o.Include,
		Options: DefaultOptions(), Planned: o.OnPlan, Observe: o.OnItem,
	}
	if o.Options != nil {
		j.Options = *o.Options
	}
	if err := j.check(); err != nil {
		return SyncResult{}, err
	}
	if err := checkOptions(&j.Options); err != nil {
		return SyncResult{}, err
	}
	if from.Tree == nil || to.Tree == nil {
		return SyncResult{}, newError(Invalid, Path{}, "a sync from or to no tree")
	}
	if err := apartIn(from, to); err != nil {
		return SyncResult{}, err
	}
	r := &syncRun{from: from.Tree, to: to.Tree, progress: o.OnProgress, job: j}
	return r.run(ctx)
}

// apartIn is apart for directories of one tree.
func apartIn(from, to Location) error {
	if h, ok := from.Tree.(*Host); ok {
		if _, ok := to.Tree.(*Host); ok {
			return apart(h.behind(from.Path), h.behindParent(to.Path))
		}
	}
	if from.Tree == to.Tree {
		return apart(from.Path, to.Path)
	}
	return nil
}
