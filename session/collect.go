package session

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// This file takes chunks from the data streams (intake) to the partial, and from
// there to the final name.

// take verifies one chunk that is expected and stores it. Its error ends the
// transfer.
func (r *receiver) take(stream, lane int, c *wire.Chunk, data []byte) (wire.Ack_State, error) {
	f := r.file(c.GetId())
	if f == nil {
		return wire.Ack_STATE_UNWANTED, nil
	}
	f.mu.Lock()
	over := f.state != inWanted
	begun := !over && f.begin(c.GetIndex())
	f.mu.Unlock()
	r.ledger.carry(stream, lane, f.id)
	if !c.GetHole() {
		r.ledger.crossed(f.id, int64(len(data)))
	}
	if over {
		return wire.Ack_STATE_UNWANTED, nil
	}
	if !begun {
		return wire.Ack_STATE_VERIFIED, nil
	}
	if len(c.GetParts()) > 0 {
		return r.takeParts(f, stream, lane, c, data)
	}
	return r.keepChunk(f, stream, lane, c, data)
}

func (r *receiver) keepChunk(f *inFile, stream, lane int, c *wire.Chunk, data []byte) (wire.Ack_State, error) {
	v := value(c.GetValue())
	if !r.vouched && valueOf(data, c.GetIndex(), f.chunkSize, f.single()) != v {
		f.mu.Lock()
		f.end(c.GetIndex(), v, false)
		f.mu.Unlock()
		return wire.Ack_STATE_CORRUPT, nil
	}
	if r.onChunk != nil {
		off, _ := f.span(c.GetIndex())
		if err := r.onChunk(r.origin(f.path), off, data); err != nil {
			f.mu.Lock()
			f.end(c.GetIndex(), v, false)
			f.mu.Unlock()
			return wire.Ack_STATE_UNWANTED, err
		}
	}
	if f.single() {
		f.mu.Lock()
		f.end(c.GetIndex(), v, true)
		f.finish(v)
		how := f.claimCommit()
		f.mu.Unlock()
		if how != whole {
			return wire.Ack_STATE_UNWANTED, nil
		}
		r.ledger.verify(stream, f.id, int64(len(data)))
		r.landed(stream, lane, f, c)
		if err := r.commit(f, how, data); err != nil || !f.committed() {
			return wire.Ack_STATE_UNWANTED, err // no partial has it
		}
		return wire.Ack_STATE_VERIFIED, nil
	}
	how, err := r.store(f, c.GetIndex(), data, v)
	if err != nil {
		return wire.Ack_STATE_UNWANTED, r.diskFailed(f, err)
	}
	r.ledger.verify(stream, f.id, int64(len(data)))
	r.landed(stream, lane, f, c)
	return wire.Ack_STATE_VERIFIED, r.commit(f, how, nil)
}

// completed handles the sender's word that it sent all we lacked of a file.
func (r *receiver) completed(c *wire.Complete) error {
	f, err := r.known(c.GetId())
	if err == nil && len(c.GetDigest()) != len(value{}) {
		err = newError(Protocol, Path{}, "entry %d is complete, with a digest that is none", c.GetId())
	}
	if f == nil || err != nil {
		return err // without one, it failed here meanwhile
	}
	f.mu.Lock()
	if f.state != inWanted || f.complete {
		f.mu.Unlock()
		return newError(Protocol, f.path, "a digest that was not due")
	}
	f.finish(value(c.GetDigest()))
	how := f.claimCommit()
	f.mu.Unlock()
	return r.commit(f, how, nil)
}

// commit gives a whole file its name and reports it; an unfinished one it
// leaves alone. data is the content of a file of one chunk, which has no
// partial yet.
func (r *receiver) commit(f *inFile, how completeness, data []byte) error {
	switch how {
	case unfinished:
		return nil
	case mismatched:
		// It stays on the table: the sender announces it anew, or gives it up.
		f.drop(true)
		r.result(f, newError(Integrity, f.path, "the chunks do not make the file that the sender has"))
		return nil
	}
	if err := r.name(f, data); err != nil {
		return r.diskFailed(f, err)
	}
	r.result(f, nil)
	it := Item{Result: Copied, Digest: f.digest[:]}
	if f.resumed {
		it.Result = Resumed
	}
	r.over(f, it)
	return nil
}

// name writes what is not written yet and renames the partial.
func (r *receiver) name(f *inFile, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != inCommitting {
		return errDropped // since its last chunk came; the partial is kept, and may be another run's
	}
	f.closeBase() // where an open file cannot be replaced
	m := r.metaOf(f, f.digest)
	if f.single() {
		if f.part == nil && !f.stale && !f.sparse && len(f.xattrs) == 0 {
			if done, err := f.dir.put(f.name, data, m); done && !errors.Is(err, errAppeared) {
				return err
			}
		}
		if err := r.writeSingle(f, data); err != nil {
			return err
		}
	}
	err := f.part.commit(f.entry.Size, m)
	if err == nil {
		f.part = nil
	}
	return err
}

// metaOf is what f gets besides its content; f.mu is held.
func (r *receiver) metaOf(f *inFile, digest value) meta {
	return meta{
		mode: f.entry.Mode, modified: f.entry.Modified, keepMode: r.options.KeepMode, keepTime: r.options.KeepTimes,
		fsync: r.options.Fsync, replace: f.replace, xattrs: f.xattrs, digest: digest,
	}
}

// writeSingle writes the content of a file of one chunk. f.mu is held.
func (r *receiver) writeSingle(f *inFile, data []byte) error {
	if f.part == nil {
		p, err := r.grasp(r.ctx, f)
		if err != nil {
			return err
		}
		p.dot, f.part = f.dir.dot, p
	}
	if f.stale { // else the next version of the file would be taken for the rest of the old one
		removeFrom(f.dir.root, partialName(f.name, journalSuffix))
	}
	if !f.sparse {
		return writeAt(f.part.file, data, 0)
	}
	if err := errors.Join(truncate(f.part.file, 0), truncate(f.part.file, f.entry.Size)); err != nil {
		return err
	}
	_, err := putAround(f.part.file, data, 0, true)
	return err
}

// diskFailed ends a file on which the disk gave up; a full disk ends the
// transfer, since nothing else would fit either, and keeps what is there.
func (r *receiver) diskFailed(f *inFile, err error) error {
	if errors.Is(err, errDropped) {
		return nil
	}
	e := r.atDestination(f.path, shortOf(f.dir.root, err))
	if errors.Is(err, errBusy) {
		e.Kind = Busy
	}
	if e.Kind == NoSpace {
		return e
	}
	return r.fileFailed(f, e, false)
}

// fileFailed reports a wanted file that failed. It returns nil: the transfer
// goes on.
func (r *receiver) fileFailed(f *inFile, e *Error, discard bool) error {
	if r.ctx.Err() != nil {
		return nil // given up with the transfer: another attempt will see
	}
	f.drop(discard)
	if r.file(f.id) == f {
		r.result(f, e)
		r.over(f, Item{Result: Failed, Err: e})
	}
	return nil
}

// otherName returns f's name, if it is another one than was announced.
func (r *receiver) otherName(f *inFile) []byte {
	if r.rename(f.path).Base() == f.name {
		return nil
	}
	return []byte(f.name)
}

// result tells the sender how a wanted file ended.
func (r *receiver) result(f *inFile, err error) {
	m := &wire.Result{Id: f.id}
	if err != nil {
		m.Error = toWire(err)
	} else {
		m.Name = r.otherName(f)
	}
	r.out.send(&wire.ToSender{Say: &wire.ToSender_Result{Result: m}})
}

// sourceFailed handles the sender's word that a file cannot be sent.
func (r *receiver) sourceFailed(m *wire.Failed) error {
	e := fromWire(m.GetError())
	e.Side = Source
	if m.GetId() == 0 {
		// Something that was never announced, such as a directory that cannot
		// be listed: its path came with the error, as the source has it.
		r.ledger.over(0, Item{Path: e.Path, Name: e.Path, Result: Failed, Err: e})
		return nil
	}
	f, err := r.known(m.GetId())
	if f == nil {
		return err // without one, it is over here already
	}
	e.Path = r.origin(f.path)
	f.drop(e.Kind == Changed)
	r.over(f, Item{Result: Failed, Err: e})
	return nil
}

// resume opens what an earlier run left of a file and offers its chunks. They
// are read again before the file is committed: at once if the machine was
// restarted since, since then what the journal says may never have reached the
// disk, else in the background.
func (r *receiver) resume(f *inFile, chunkSize int) {
	p, err := openPartial(f.dir.root, f.name)
	if errors.Is(err, errBusy) {
		r.work.add(func(ctx context.Context) {
			p, err := r.grasp(ctx, f)
			if err == nil && r.arrived(f) {
				p.discard()
				r.have(f)
				return
			}
			r.resumeWith(f, p, err, chunkSize)
		})
		return
	}
	r.resumeWith(f, p, err, chunkSize)
}

// arrived tells whether the one who held the partial of f has committed the very
// file meanwhile: the last words of a program that was killed may come late.
func (r *receiver) arrived(f *inFile) bool {
	now, err := r.existing(f)
	return err == nil && same(f.entry, now) && !r.options.Checksum
}

// resumeWith resumes with the partial p, if there is no err.
func (r *receiver) resumeWith(f *inFile, p *partial, err error, chunkSize int) {
	if err != nil {
		if errors.Is(err, errBusy) {
			err = &Error{Kind: Busy, Path: f.path, Err: errBusy}
		}
		r.refuse(f, err)
		return
	}
	l, claims, sameBoot, err := p.resume(f.entry.Size, chunkSize, r.policy.minChunk(), r.policy.maxChunk())
	if err == nil && f.sparse {
		err = truncate(p.file, f.entry.Size)
	}
	if err != nil {
		p.keep()
		r.refuse(f, err)
		return
	}
	if !f.adopt(p, newAssembly(l, claims)) {
		p.keep()
		return
	}
	if sameBoot {
		r.wantNow(f, claimsToWire(f.id, f.assembly))
		if len(claims) > 0 {
			r.work.add(func(ctx context.Context) { r.recheck(ctx, f) })
		}
		return
	}
	r.work.add(func(ctx context.Context) {
		if _, _, err := f.reread(stopped(ctx, f, inAsking)); err != nil {
			r.refuse(f, err)
			return
		}
		r.wantNow(f, claimsToWire(f.id, f.assembly))
	})
}

// adopt makes p the partial of f and a its bookkeeping, unless f was dropped.
func (f *inFile) adopt(p *partial, a *assembly) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != inAsking {
		return false
	}
	p.dot, f.part, f.assembly = f.dir.dot, p, a
	return true
}

// letGo is how long a transfer that was given up has to let go of its partials,
// before another one that wants them is refused.
const letGo = 2 * time.Second

// grasp opens the partial of f. Where another transfer holds it, that may be
// one of a program that was killed, or one that was paused a moment ago and is
// resumed now: it is given time to let go.
func (r *receiver) grasp(ctx context.Context, f *inFile) (p *partial, err error) {
	err = r.dirs.patiently(func() error {
		p, err = openPartial(f.dir.root, f.name)
		return err
	})
	if !errors.Is(err, errBusy) {
		return p, err
	}
	if r.contest != nil {
		r.contest(ctx)
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	ctx, cancel := context.WithTimeout(ctx, letGo)
	defer cancel()
	for {
		if p, err = openPartial(f.dir.root, f.name); !errors.Is(err, errBusy) {
			return p, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// recheck reads claimed chunks again while the others come in.
func (r *receiver) recheck(ctx context.Context, f *inFile) {
	missing, how, err := f.reread(stopped(ctx, f, inWanted))
	if err != nil {
		if err := r.diskFailed(f, err); err != nil {
			r.fail(err)
		}
		return
	}
	for len(missing) > 0 {
		n := min(len(missing), 4096)
		for _, i := range missing[:n] {
			_, bytes := f.span(i)
			r.ledger.reuse(f.id, -int64(bytes))
		}
		r.out.send(&wire.ToSender{Say: &wire.ToSender_Need{Need: &wire.Need{Id: f.id, Chunks: missing[:n]}}})
		missing = missing[n:]
	}
	if err := r.commit(f, how, nil); err != nil {
		r.fail(err)
	}
}

// stopped tells whether reading f again has become pointless.
func stopped(ctx context.Context, f *inFile, in inState) func() bool {
	return func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.state != in || ctx.Err() != nil
	}
}

// digestFile digests a file of size bytes.
func digestFile(ctx context.Context, dir *os.Root, name string, size int64) (value, error) {
	file, err := openRegular(dir, name)
	if err != nil {
		return value{}, err
	}
	defer file.Close()
	return digestOpen(ctx, file, layout{size, defaultChunkSize})
}

// digestOpen digests an open file. One that turns out shorter is errChanged.
func digestOpen(ctx context.Context, file *os.File, l layout) (value, error) {
	buf := getChunk(l.chunkSize)
	defer putChunk(buf)
	values := make([]value, l.count())
	fi, err := file.Stat()
	if err != nil {
		return value{}, err
	}
	_, sparse := hasHoles(fi)
	for i := range values {
		if ctx.Err() != nil {
			return value{}, context.Cause(ctx)
		}
		off, n := l.span(uint64(i))
		if sparse && off+int64(n) <= fi.Size() && inHole(file, off, n) {
			values[i] = valueOf(zeros[:n], uint64(i), l.chunkSize, l.single())
			continue
		}
		if m, err := file.ReadAt(buf[:n], off); m < n {
			if err == io.EOF {
				err = errChanged
			}
			return value{}, err
		}
		values[i] = valueOf(buf[:n], uint64(i), l.chunkSize, l.single())
	}
	return combine(values), nil
}
