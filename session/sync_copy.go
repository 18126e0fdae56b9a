package session

import (
	"context"
	"slices"
)

// This file has transfers copy what a sync finds missing.

// copyBytes is how many bytes of paths one transfer is asked for: they travel to a
// peer that sends.
const copyBytes = 4 << 20

// copy copies what is new, changed or has to be compared.
func (r *syncRun) copy(ctx context.Context, adds, changes, suspect []syncChange) error {
	r.due = make(map[Path]syncDue, len(adds)+len(changes)+len(suspect))
	paths := make([]Path, 0, len(adds)+len(changes)+len(suspect))
	note := func(list []syncChange, sign SyncChange, suspect bool) {
		for _, c := range list {
			r.due[c.path] = syncDue{c, sign, suspect}
			paths = append(paths, c.path)
		}
	}
	note(adds, SyncAdded, false)
	note(changes, SyncChanged, false)
	note(suspect, SyncChanged, true)
	r.way = pickedOf(paths)
	slices.SortFunc(paths, func(a, b Path) int { return comparePaths(a, b, foldCompare) })
	for len(paths) > 0 {
		n, bytes := 0, 0
		for n < len(paths) && bytes < copyBytes {
			bytes += len(paths[n].raw) + pickCost
			n++
		}
		if err := r.transfer(ctx, paths[:n]); err != nil {
			return err
		}
		paths = paths[n:]
	}
	return nil
}

// transfer copies paths, and returns when they are over.
func (r *syncRun) transfer(ctx context.Context, paths []Path) error {
	j := &r.job
	job := Job{
		From: j.From, Sources: []Path{j.Source}, To: j.To, Destination: j.Destination, Into: true, Sync: true, only: paths,
		Options: j.Options, Priority: DefaultPriority, Foreground: true, Observe: r.copied,
	}
	if r.engine == nil {
		t, err := copyingOf(job, At(r.from, j.Source), At(r.to, j.Destination), CopyOptions{OnProgress: r.progress}).run(ctx)
		if t.State == StateDone {
			return nil // what failed was told of
		}
		return err
	}
	id, err := r.engine.Submit(job)
	if err != nil {
		return err
	}
	if j.Copies != nil {
		j.Copies(id)
	}
	t, err := r.engine.Wait(ctx, id)
	if err != nil {
		_ = r.engine.Interrupt(id)
		return context.Cause(ctx)
	}
	switch t.State {
	case StateDone:
		return nil
	case StateCancelled:
		return &Error{Kind: Cancelled, Path: j.Destination, Err: errCancelled.Err}
	}
	_ = r.engine.Cancel(id, true) // where it only waits for somebody to make room
	if t.Err == nil {
		return newError(Interrupted, j.Destination, "the copy was ended")
	}
	return t.Err
}

// copied is Job.Observe of the transfers.
func (r *syncRun) copied(it Item) {
	p, err := parseClean(trimBase(it.Path, r.job.Source))
	if err != nil {
		p = it.Path
	}
	r.mu.Lock()
	d, ok := r.due[p]
	delete(r.due, p)
	r.mu.Unlock()
	out := SyncItem{Change: d.sign, Path: p, Kind: it.Kind, Size: it.Size, Result: it.Result, Sent: it.Sent, Reused: it.Reused, Digest: it.Digest, Err: it.Err}
	switch {
	case it.Result == Failed:
	case !ok:
		return // a directory on the way
	case it.Result == Skipped:
		if out.Err == nil {
			out.Err = newError(Changed, p, "it is not any more what it was when both sides were compared")
		}
	case it.Result == Unchanged && it.Kind == RegularFile && d.dst.Kind == RegularFile:
		if !r.same(d) {
			return
		}
	}
	if it.Result == Copied && it.Kind == RegularFile && it.Sent == 0 {
		r.mu.Lock()
		r.linked = true
		r.mu.Unlock()
	}
	r.tell(out)
}

// same handles a file whose content is the same at both ends, and reports whether
// that is to be told.
func (r *syncRun) same(d syncDue) bool {
	dry := r.job.Options.DryRun
	if d.suspect && (dry || !r.choice.modeDiffers(d.syncChange)) {
		return d.suspect && dry && r.choice.modeDiffers(d.syncChange)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.suspect {
		r.late = append(r.late, d.syncChange)
	} else {
		r.set = append(r.set, d.syncChange)
	}
	return !d.suspect
}

// trimBase returns p below base.
func trimBase(p, base Path) string {
	if base.IsRoot() {
		return p.raw
	}
	if !p.Within(base) || p == base {
		return ""
	}
	return p.raw[len(base.raw)+1:]
}
