package session

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// This file copies what is in the destination tree already, under another name,
// instead of having it sent: the sender tells the digest of a file, and if one
// of the same size has it, that is cloned or copied, read again, and committed.

// reuse is the receiver's knowledge of its own tree.
type reuse struct {
	begun  sync.Once
	ready  chan struct{} // closed when the index is made
	index  treeIndex     // after that
	seeks  *chores       // of files that wait for it
	copies *chores       // of files whose digest is known

	mu   sync.Mutex
	luck luck
}

func newReuse() *reuse {
	return &reuse{ready: make(chan struct{}), seeks: newChores(), copies: newChores()}
}

// seekCopy looks for a file that may have the content of f. If it reports true,
// f was taken over: it will be copied, or wanted later. A peer that may only
// write does not get to know what is there.
func (r *receiver) seekCopy(f *inFile) bool {
	if f.entry.Kind != RegularFile || f.entry.Size < worthwhile || r.policy.WriteOnly {
		return false
	}
	if _, err := f.dir.root.Lstat(partialName(f.name, journalSuffix)); err == nil {
		return false // an earlier run has begun to receive it
	}
	u := r.reuse
	u.begun.Do(func() {
		r.indexing.Go(func() {
			defer close(u.ready)
			u.index.walk(r.ctx, r.into)
		})
	})
	select {
	case <-u.ready:
		return r.askForDigest(f)
	default:
	}
	until := time.Now().Add(patienceFor(f.entry.Size))
	u.seeks.add(func(ctx context.Context) {
		patience := time.NewTimer(time.Until(until))
		defer patience.Stop()
		found := false
		select {
		case <-u.ready:
			found = r.askForDigest(f)
		case <-patience.C:
		case <-ctx.Done():
			return
		}
		if !found {
			r.wantData(f)
		}
	})
	return true
}

// askForDigest asks the sender for f's digest if there are files that may have
// it, and reports whether.
func (r *receiver) askForDigest(f *inFile) bool {
	u := r.reuse
	u.mu.Lock()
	left := u.luck.left()
	u.mu.Unlock()
	list := u.index.candidates(f.entry, f.target())
	if len(list) == 0 || !left {
		return false
	}
	f.mu.Lock()
	f.alike = list
	known := f.theirs != nil // it was compared with what has its name
	f.mu.Unlock()
	if known {
		u.copies.add(func(ctx context.Context) { r.tryCopies(ctx, f) })
	} else {
		r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_DIGEST})
	}
	return true
}

// tryCopies copies the first file that has f's digest. Without one f is wanted.
func (r *receiver) tryCopies(ctx context.Context, f *inFile) {
	over := stopped(ctx, f, inAsking)
	for _, l := range f.alike {
		if over() {
			return
		}
		if r.digestOf(ctx, l, f.entry.Size) == *f.theirs && r.copyLike(ctx, f, l) {
			r.reuse.settle(true)
			return
		}
	}
	if !over() {
		r.reuse.settle(false)
		r.wantData(f)
	}
}

func (u *reuse) settle(hit bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if hit {
		u.luck.hits++
	} else {
		u.luck.misses++
	}
}

// digestOf returns the digest of l, or one that no file has.
func (r *receiver) digestOf(ctx context.Context, l *likely, size int64) value {
	if l.digest == nil {
		l.digest = new(value)
		if file, err := r.into.openFile(l.path); err == nil {
			*l.digest, _ = digestOpen(ctx, file, layout{size, defaultChunkSize})
			file.Close()
		}
	}
	return *l.digest
}

// copyLike makes f from l, verifies and commits it. It reports false if that
// was not possible and f is to be sent.
func (r *receiver) copyLike(ctx context.Context, f *inFile, l *likely) bool {
	file, err := r.into.openFile(l.path)
	if err != nil {
		return false
	}
	defer file.Close()
	p, err := r.grasp(ctx, f)
	if err != nil {
		return false
	}
	p.dot = f.dir.dot
	if err = copyContent(ctx, p.file, file, f.entry.Size, f.sparse); err == nil {
		var v value
		if v, err = digestOpen(ctx, p.file, layout{f.entry.Size, defaultChunkSize}); v != *f.theirs {
			err = errors.Join(err, errChanged)
		}
	}
	if err != nil {
		p.discard()
		return false
	}
	f.mu.Lock()
	asking := f.state == inAsking
	if asking {
		f.state = inCommitting
		err = p.commit(f.entry.Size, r.metaOf(f, *f.theirs))
		f.state = inAsking
	}
	f.mu.Unlock()
	switch {
	case !asking:
		p.discard()
	case err != nil:
		p.remove()
		r.refuse(f, err)
	case f.leaveAsking(inOver):
		r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_HAVE, Copied: true, Name: r.otherName(f)})
		r.over(f, Item{Result: Copied, Digest: f.theirs[:]})
	}
	return true
}

// copyContent makes to a copy of from, which has size bytes: a clone where the
// disk can, which takes no room and no time. With sparse what is zeros is left out.
func copyContent(ctx context.Context, to, from *os.File, size int64, sparse bool) error {
	if err := truncate(to, 0); err != nil {
		return err
	}
	if err := before(changeWrite, to, ""); err != nil {
		return err
	}
	if clone(to, from) == nil {
		return nil
	}
	if sparse {
		return copyData(ctx, to, from, size)
	}
	if _, err := to.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for left := size; left > 0; left -= 64 << 20 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := io.CopyN(to, from, min(left, 64<<20)); err != nil { // in the kernel, where it can
			return err
		}
	}
	return nil
}

// copyData copies what is not zeros.
func copyData(ctx context.Context, to, from *os.File, size int64) error {
	if err := truncate(to, size); err != nil {
		return err
	}
	l := layout{size, defaultChunkSize}
	buf := getChunk(l.chunkSize)
	defer putChunk(buf)
	for i := range l.count() {
		off, n := l.span(i)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if inHole(from, off, n) {
			continue
		}
		if m, err := from.ReadAt(buf[:n], off); m < n {
			return errors.Join(err, errChanged)
		}
		if _, err := putAround(to, buf[:n], off, true); err != nil {
			return err
		}
	}
	return nil
}
