package session

import (
	"context"
	"errors"
	"os"

	"github.com/bargee/bargee/internal/wire"
)

// This file gives the receiver's answers to entries, and does what goes with
// them.

func (r *receiver) answer(a *wire.Answer) {
	r.out.send(&wire.ToSender{Say: &wire.ToSender_Answer{Answer: a}})
}

// leaveAsking moves f on from asking; only the first answer counts.
func (f *inFile) leaveAsking(to inState) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != inAsking {
		return false
	}
	f.state = to
	return true
}

func (r *receiver) have(f *inFile) {
	if !r.leftBeside(f) {
		r.haveNow(f)
		return
	}
	r.work.add(func(ctx context.Context) {
		// Whoever is slow to end lets go of it soon; whoever still writes it keeps it.
		if p, err := r.grasp(ctx, f); err == nil {
			p.discard()
		}
		r.haveNow(f)
	})
}

// leftBeside tells whether there is a partial beside a file that is there
// already: another transfer of it was faster than one that was interrupted.
func (r *receiver) leftBeside(f *inFile) bool {
	if f.entry.Kind != RegularFile || f.entry.Size <= minChunkSize || r.options.DryRun || f.dir.fresh.Load() {
		return false
	}
	_, err := f.dir.root.Lstat(partialName(f.name, journalSuffix))
	return err == nil
}

func (r *receiver) haveNow(f *inFile) {
	if f.leaveAsking(inOver) {
		r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_HAVE})
		r.over(f, Item{Result: Unchanged})
	}
}

// skip leaves f out; because says why, if it is not the conflict rule.
func (r *receiver) skip(f *inFile, because error) {
	if f.leaveAsking(inOver) {
		a := &wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_SKIP}
		if because != nil {
			a.Error = toWire(because)
		}
		r.answer(a)
		r.over(f, Item{Result: Skipped, Err: because})
	}
}

func (r *receiver) refuse(f *inFile, err error) {
	if r.ctx.Err() != nil {
		return // given up with the transfer: another attempt will see
	}
	if f.leaveAsking(inOver) {
		e := r.atDestination(f.path, err)
		r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_REFUSE, Error: toWire(e)})
		r.over(f, Item{Result: Failed, Err: e})
	}
}

// refuseEntry refuses an entry that has no place in the table.
func (r *receiver) refuseEntry(id uint64, p Path, e Entry, err error) error {
	de := r.atDestination(p, err)
	r.answer(&wire.Answer{Id: id, Verdict: wire.Verdict_VERDICT_REFUSE, Error: toWire(de)})
	r.ledger.over(id, Item{Path: r.origin(p), Name: r.shown.Append(p), Kind: e.Kind, Size: e.Size, Result: Failed, Err: de})
	return nil
}

// refuseUnnamed refuses an entry whose name is no name. Only a sender that
// means harm announces one, so the transfer ends.
func (r *receiver) refuseUnnamed(a *wire.Announce, err error) error {
	return newError(BadName, Path{}, "entry %d: %w", a.GetId(), err)
}

func (r *receiver) atDestination(p Path, err error) *Error {
	e := *about(p, err)
	e.Side = Destination
	return &e
}

// want asks for a file, or makes a link.
func (r *receiver) want(f *inFile) {
	if f.entry.Kind == Link {
		r.makeLink(f)
		return
	}
	if err := r.admit(f); err != nil {
		if KindOf(err) == NoSpace {
			r.fail(r.atDestination(f.path, err)) // what comes after would not fit either
			return
		}
		r.refuse(f, err)
		return
	}
	if r.options.DryRun {
		if f.leaveAsking(inOver) {
			r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_WANT, ChunkSize: defaultChunkSize})
			r.over(f, Item{Result: Copied})
		}
		return
	}
	if r.wantLink(f) || r.seekCopy(f) {
		return
	}
	r.wantData(f)
}

// wantData asks for what is in a file.
func (r *receiver) wantData(f *inFile) {
	size := r.options.ChunkSize
	if size == 0 {
		size = chunkSizeFor(f.entry.Size, r.passage(), r.policy.minChunk(), r.policy.maxChunk())
	}
	l := layout{f.entry.Size, size}
	if l.count() > mostChunks {
		r.refuse(f, newError(ChunkSize, f.path, "%d chunks of %d bytes are too many", l.count(), size))
		return
	}
	if r.openBooks(f, l) {
		r.wantIn(f, l)
	}
}

// wantIn asks for a file in chunks of that layout.
func (r *receiver) wantIn(f *inFile, l layout) {
	f.assembly = newAssembly(l, nil)
	if f.dir.fresh.Load() {
		r.wantNow(f, nil)
		return
	}
	if _, err := f.dir.root.Lstat(partialName(f.name, journalSuffix)); err == nil {
		f.stale = true
		if f.entry.Size > minChunkSize {
			r.resume(f, l.chunkSize)
			return
		}
	}
	r.wantNow(f, nil)
}

// admit holds a file against the limits and the space.
func (r *receiver) admit(f *inFile) error {
	if m := r.policy.MaxFileSize; m > 0 && f.entry.Size > m {
		return newError(Limit, f.path, "%d bytes, and at most %d are taken", f.entry.Size, m)
	}
	if f.room() > minChunkSize && !r.options.DryRun {
		if err := r.enoughSpace(f); err != nil {
			return err
		}
	}
	return r.book(f)
}

// enoughSpace reports NoSpace if f does not fit on the disk beside what else is
// wanted and not written yet. What its partial holds counts twice, so a file
// that is resumed is let through: its partial proved that there is room.
func (r *receiver) enoughSpace(f *inFile) error {
	if _, err := f.dir.root.Lstat(partialName(f.name, partialSuffix)); err == nil {
		return nil
	}
	free, _, err := spaceOf(f.dir.root)
	if err != nil || free == 0 {
		return nil // a disk that does not tell will say when it is full
	}
	var promised int64
	r.mu.Lock()
	for _, other := range r.files {
		promised += max(other.promised.Load(), 0)
	}
	r.mu.Unlock()
	if left := int64(min(free, 1<<62)) - promised; f.room() > left {
		return newError(NoSpace, f.path, "%d bytes, and there is room for %d", f.room(), max(left, 0))
	}
	f.promised.Store(f.room())
	return nil
}

// wantNow answers WANT, naming the chunks that are there already.
func (r *receiver) wantNow(f *inFile, claims []*wire.Claims) {
	r.ledger.start(f.id, r.origin(f.path), r.shown.Append(f.target()), f.entry.Size)
	r.ledger.reuse(f.id, claimedBytes(claims, f.layout))
	if !f.leaveAsking(inWanted) {
		return
	}
	f.resumed = len(claims) > 0
	for _, c := range claims {
		r.out.send(&wire.ToSender{Say: &wire.ToSender_Claims{Claims: c}})
	}
	r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_WANT, ChunkSize: uint32(f.chunkSize), Holes: f.sparse, AverageCut: f.averageCut()})
	if f.base != nil {
		r.cutter.add(func(ctx context.Context) { r.tellCuts(ctx, f) })
	}
}

func claimedBytes(claims []*wire.Claims, l layout) (sum int64) {
	for _, c := range claims {
		for i := range uint64(len(c.Values) / 32) {
			_, n := l.span(c.First + i)
			sum += int64(n)
		}
	}
	return sum
}

// makeLink makes a link; nothing is sent for it.
func (r *receiver) makeLink(f *inFile) {
	if !r.options.DryRun {
		if err := r.linkTo(f); err != nil {
			r.refuse(f, err)
			return
		}
	}
	if f.leaveAsking(inOver) {
		r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_WANT})
		if !r.options.DryRun {
			r.result(f, nil)
		}
		r.over(f, Item{Result: Copied})
	}
}

// linkTo makes the link under a private name and renames it, so that what had
// the name is replaced at once or not at all.
func (r *receiver) linkTo(f *inFile) error {
	tmp := partialName(f.name, linkSuffix)
	if err := removeFrom(f.dir.root, tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := symlinkIn(f.dir.root, f.entry.Target, tmp); err != nil {
		return err
	}
	if err := renameIn(f.dir.root, tmp, f.name); err != nil {
		removeFrom(f.dir.root, tmp)
		return err
	}
	if r.options.KeepTimes { // not before: a private name with an old time is swept
		if err := setModified(f.dir.root, f.name, f.entry.Modified); err != nil {
			return err
		}
	}
	if r.options.Fsync {
		return syncDir(f.dir.root)
	}
	return nil
}
