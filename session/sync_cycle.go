package session

import (
	"context"
	"iter"
	"time"
)

// A peer may serve the disk that the other side of a sync is on, so that the source
// lies within the destination, or the other way round, without the paths showing it.
// Then a sync would remove what it reads, or copy what it has written.

// maxSuspects is how many directories are looked at for that, of each side.
const maxSuspects = 4

// suspects are the directories on one side that may be the other side itself: they
// have its time.
type suspects struct {
	of   Entry
	name string // that they have to have; "": any
	list []Path
}

// watch looks for them in a scan as it goes by.
func (s *suspects) watch(scan iter.Seq2[scannedDir, error]) iter.Seq2[scannedDir, error] {
	return func(yield func(scannedDir, error) bool) {
		for d, err := range scan {
			for i := range d.entries {
				e := &d.entries[i]
				if e.Kind == Directory && e.Modified.Equal(s.of.Modified) && (s.name == "" || e.Name == s.name) && len(s.list) < maxSuspects {
					s.list = append(s.list, d.path.Append(Path{e.Name}))
				}
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// baseAt is the name of a directory of a tree, where that is sure to be its own: on
// this machine a link may have led there.
func baseAt(t Tree, p Path) string {
	if _, ok := t.(remoteTree); ok {
		return p.Base()
	}
	return ""
}

// refuseCycle refuses to go on where one side lies within the other. That a directory
// is the one that it looks like is seen by giving it another time for a moment.
func (r *syncRun) refuseCycle(ctx context.Context, inSource, inDestination suspects) error {
	if r.job.Options.DryRun {
		return nil // nothing is changed, not for a moment either
	}
	for _, p := range inDestination.list {
		same, err := r.isSource(ctx, p)
		if err != nil {
			return err
		}
		if same {
			return newError(Invalid, r.job.Source, "the source lies within the destination, as %s", r.job.Destination.Append(p))
		}
	}
	for _, p := range inSource.list {
		if r.isDestination(ctx, p) {
			return newError(Invalid, r.job.Destination, "the destination lies within the source, as %s", r.job.Source.Append(p))
		}
	}
	return nil
}

// isSource tells whether the directory p below the destination is the source.
func (r *syncRun) isSource(ctx context.Context, p Path) (bool, error) {
	give := func(ctx context.Context, modified time.Time) error {
		_, err := r.dst.amend(ctx, []syncStep{{kind: stepSet, path: p, was: scanEntry{Entry: Entry{Kind: Directory}}, be: Entry{Modified: modified}, modified: true}}, false)
		return err
	}
	mark := r.root.Modified.Add(time.Hour)
	if err := give(ctx, mark); err != nil {
		return false, atDestination(p, err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		give(ctx, r.root.Modified)
	}()
	e, err := r.from.Stat(ctx, r.job.Source)
	if err != nil {
		return false, atSource(r.job.Source, err)
	}
	return e.Modified.Equal(mark), nil
}

// isDestination tells whether the directory p below the source is the destination. Of
// one that cannot be given a time it does not.
func (r *syncRun) isDestination(ctx context.Context, p Path) bool {
	mark, at := r.dstRoot.Modified.Add(time.Hour), r.job.Destination
	if at.IsRoot() || r.to.Touch(ctx, at, mark, false) != nil {
		return false
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		r.to.Touch(ctx, at, r.dstRoot.Modified, false)
	}()
	e, err := r.from.Stat(ctx, r.job.Source.Append(p))
	return err == nil && e.Modified.Equal(mark)
}
