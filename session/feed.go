package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// This file sends: what the receiver wants, over as many data streams as there
// are, until it has acknowledged all of it.

// claimed notes which chunks the receiver has from an earlier run.
func (s *sender) claimed(c *wire.Claims) error {
	f, err := s.known(c.GetId())
	if f == nil {
		return err
	}
	if f.entry.Kind != RegularFile || len(c.Values)%32 != 0 {
		return newError(Protocol, f.rel, "claims that are none")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.todo.n != 0 {
		return newError(Protocol, f.rel, "claims after the answer")
	}
	if !f.claim.add(c, min(layout{f.entry.Size, minChunkSize}.count(), mostChunks)) {
		return newError(Limit, f.rel, "more claims than it has chunks")
	}
	return s.keep(f, f.books+len(c.Values))
}

// wanted begins to send f, in chunks of that size; averageCut is that of the
// old file that it is compared with before, or 0.
func (s *sender) wanted(f *outFile, chunkSize, averageCut int) error {
	switch {
	case s.options.DryRun && f.entry.Kind != Other:
		s.settle(f, Item{Result: Copied})
		return nil
	case f.entry.Kind == Link:
		return nil // a result follows
	case f.entry.Kind != RegularFile:
		return newError(Protocol, f.rel, "it has nothing to send")
	}
	if lo, hi := s.policy.minChunk(), s.policy.maxChunk(); chunkSize < lo || chunkSize > hi {
		return newError(ChunkSize, f.rel, "chunks of %d bytes, and only %d to %d are allowed here", chunkSize, lo, hi)
	}
	l := layout{f.entry.Size, chunkSize}
	if l.count() > mostChunks {
		return newError(ChunkSize, f.rel, "%d chunks are too many", l.count())
	}
	if err := s.keep(f, bookSize(l)); err != nil {
		return err
	}
	s.ledger.start(f.id, f.shown, s.nameOf(f), f.entry.Size)
	f.mu.Lock()
	f.layout = l
	f.values = make([]value, l.count())
	reused, ok := f.claim.settle(f.values, l)
	if !ok {
		f.mu.Unlock()
		return newError(Protocol, f.rel, "a claim for a chunk behind the last of %d", l.count())
	}
	f.claims = int(f.claim.left())
	f.todo, f.owed, f.acked = newBitmap(l.count()), newBitmap(l.count()), newBitmap(l.count())
	for i := range l.count() {
		if !f.claim.chunks.has(i) {
			f.todo.add(i)
			f.owed.add(i)
		}
	}
	if averageCut > 0 {
		if err := s.compareWithOld(f, averageCut); err != nil {
			f.mu.Unlock()
			return err
		}
	}
	f.mu.Unlock()
	s.ledger.reuse(f.id, reused)
	if f.claims > 0 {
		s.work.add(func(ctx context.Context) { s.compareClaims(ctx, f) })
	}
	s.pool.add(f)
	return nil
}

// nameOf returns where f ends up at the destination, for people.
func (s *sender) nameOf(f *outFile) Path {
	if s.as == "" {
		return s.dest.Append(f.rel)
	}
	return s.dest.Parent().Append(underName(s.as, f.rel, s.sources[0].path.IsRoot()))
}

// compareClaims reads the chunks that the receiver claims and sends those that
// it has otherwise.
func (s *sender) compareClaims(ctx context.Context, f *outFile) {
	buf := getChunk(f.layout.chunkSize)
	defer putChunk(buf)
	for i := range f.layout.count() {
		f.mu.Lock()
		v, claimed := f.values[i], f.claim.chunks.has(i)
		f.mu.Unlock()
		if !claimed {
			continue
		}
		if ctx.Err() != nil {
			return
		}
		mine, err := f.valueAgain(i, buf)
		if err != nil {
			s.trouble(f, err)
			return
		}
		f.mu.Lock()
		claimed = f.claim.chunks.has(i) // else the receiver needs it after all
		f.claim.chunks.remove(i)
		switch {
		case !claimed:
		case mine == v:
			f.acked.add(i)
		default:
			f.todo.add(i)
			f.owed.add(i)
		}
		f.mu.Unlock()
		if claimed && mine != v {
			s.ledger.reuse(f.id, -int64(f.lengthOf(i)))
			s.pool.add(f)
		}
	}
	s.completeIfReady(f)
}

// needed sends chunks again that went bad on the receiver's disk.
func (s *sender) needed(n *wire.Need) error {
	f, err := s.known(n.GetId())
	if f == nil {
		return err
	}
	if f.todo.n == 0 {
		return newError(Protocol, f.rel, "a need of what was not wanted")
	}
	for _, i := range n.Chunks {
		if i >= f.layout.count() {
			return newError(Protocol, f.rel, "a need of chunk %d of %d", i, f.layout.count())
		}
		_, bytes := f.layout.span(i)
		f.mu.Lock()
		f.claim.chunks.remove(i)
		f.acked.remove(i)
		f.owed.add(i)
		// Complete, if it was told, holds: the file's digest is the same.
		f.mu.Unlock()
		s.ledger.reuse(f.id, -int64(bytes))
		s.pool.again(f, i)
	}
	return nil
}

// feed sends chunks on one data stream until the transfer is over or the
// stream's lane is being taken away, and reads their acknowledgements. id is the
// stream's number for people. When the stream dies before that, what it carried
// goes back to the pool.
func (s *sender) feed(st transport.Stream, id int) error {
	flight := &flight{}
	var reading sync.WaitGroup
	var readErr error
	reading.Go(func() {
		readErr = s.readAcks(st, id, flight)
		if readErr != nil {
			s.enough(flight)
		}
	})
	settled := make(chan struct{})
	reading.Go(func() {
		select {
		case <-st.Leaving():
			s.enough(flight)
		case <-settled:
		}
	})
	err := s.pump(st, id, flight)
	if err == nil {
		err = st.Close()
	} else {
		st.Abort(abortInterrupted)
	}
	close(settled)
	reading.Wait()
	for _, c := range flight.rest() {
		s.landed(c)
		s.pool.again(c.f, c.i)
	}
	return errors.Join(err, readErr)
}

// enough has no more chunks sent on a stream.
func (s *sender) enough(fl *flight) {
	fl.end()
	s.pool.wake()
	s.room.wake()
}

// A flight is what is under way on one stream, in its order.
type flight struct {
	mu     sync.Mutex
	chunks []flying
	last   bool // no more chunks are sent
}

type flying struct {
	f *outFile
	i uint64
	n int // bytes of the room
}

// landed tells that a chunk is not under way any more.
func (s *sender) landed(c flying) {
	s.flying.Add(-1)
	s.room.give(c.n)
}

func (fl *flight) push(c flying) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	fl.chunks = append(fl.chunks, c)
}

// pop takes the oldest, which must be chunk i of the entry id.
func (fl *flight) pop(id, i uint64) (flying, bool) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if len(fl.chunks) == 0 || fl.chunks[0].f.id != id || fl.chunks[0].i != i {
		return flying{}, false
	}
	c := fl.chunks[0]
	fl.chunks = fl.chunks[1:]
	return c, true
}

func (fl *flight) end() {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	fl.last = true
}

func (fl *flight) ended() bool {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	return fl.last
}

func (fl *flight) rest() []flying {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	return fl.chunks
}

// pump writes chunks.
func (s *sender) pump(st transport.Stream, id int, fl *flight) error {
	w := bufio.NewWriterSize(s.outlet(st), streamBuffer(id))
	for {
		var flushErr error
		flush := func() { flushErr = w.Flush() }
		f, i, ok := s.pool.next(st, id, fl.ended, flush)
		if !ok {
			return errors.Join(flushErr, w.Flush())
		}
		off, n := f.layout.span(i)
		if flushErr != nil || !s.room.take(n, fl.ended, flush) {
			s.pool.again(f, i)
			return errors.Join(flushErr, w.Flush())
		}
		c := flying{f, i, n}
		buf := getChunk(n)
		data, v, parts, err := f.load(i, buf)
		if err != nil {
			putChunk(buf)
			s.room.give(n)
			s.trouble(f, err)
			continue
		}
		if s.onChunk != nil {
			if err := s.onChunk(f.shown, off, data); err != nil {
				putChunk(buf)
				s.room.give(n)
				s.pool.again(f, i)
				return err
			}
		}
		f.mu.Lock()
		f.values[i] = v
		f.mu.Unlock()
		hole := f.holes && isHole(data)
		if hole {
			s.room.give(n)
			c.n = 0
		}
		fl.push(c)
		s.flying.Add(1)
		s.ledger.carry(id, st.Lane(), f.id)
		// Counted before: when it is written, the receiver may have said already what
		// became of the file, and that is told with its count.
		sent := int64(len(data))
		if hole {
			sent = 0
		}
		s.ledger.crossed(f.id, sent)
		err = s.writeChunk(w, c, data, v, parts, hole)
		putChunk(buf)
		if err != nil {
			s.ledger.crossed(f.id, -sent)
			return err
		}
	}
}

// writeChunk writes a chunk's header and body; a hole has none.
func (s *sender) writeChunk(w *bufio.Writer, c flying, data []byte, v value, parts recipe, hole bool) error {
	h := &wire.Chunk{Id: c.f.id, Index: c.i, Length: c.f.lengthOf(c.i), Value: v[:], Parts: parts.toWire(), Hole: hole}
	if hole || len(data) == 0 {
		return wire.Write(w, h)
	}
	b := s.zip.pack(&c.f.grain, &c.f.mu, c.i, data)
	defer s.zip.wrote(&b)
	b.describe(h)
	if err := wire.Write(w, h); err != nil {
		return err
	}
	_, err := w.Write(b.bytes)
	return err
}

// readAcks handles what the receiver says of the chunks of one stream.
func (s *sender) readAcks(st transport.Stream, id int, fl *flight) error {
	br := bufio.NewReaderSize(st, 4<<10)
	for {
		var m wire.Acks
		err := wire.Read(br, &m)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if KindOf(err) == Protocol || KindOf(err) == Limit {
			s.fail(err)
		}
		if err != nil {
			return err
		}
		for _, a := range m.Acks {
			c, ok := fl.pop(a.GetId(), a.GetIndex())
			if !ok {
				err := newError(Protocol, Path{}, "an acknowledgement of chunk %d of entry %d, which is not the next one", a.GetIndex(), a.GetId())
				s.fail(err)
				return err
			}
			s.landed(c)
			if id > maxStreams {
				s.landings.Add(1)
			}
			s.acked(c.f, c.i, a.GetState(), id)
		}
		if m.Enough {
			s.enough(fl)
		}
	}
}

// acked acts on one acknowledgement.
func (s *sender) acked(f *outFile, i uint64, state wire.Ack_State, stream int) {
	switch state {
	case wire.Ack_STATE_VERIFIED:
		_, n := f.layout.span(i)
		f.mu.Lock()
		fresh := f.acked.add(i)
		f.mu.Unlock()
		if fresh {
			s.ledger.verify(stream, f.id, int64(n))
		}
		s.completeIfReady(f)
	case wire.Ack_STATE_CORRUPT:
		if f.spoilt(i) {
			s.pool.again(f, i)
			return
		}
		f.mu.Lock()
		f.faults++
		faults := f.faults
		f.mu.Unlock()
		if faults > maxFaults {
			s.sourceFailed(f, newError(Integrity, f.rel, "chunk %d arrived corrupted again and again: memory or network of a machine may be bad", i))
			return
		}
		s.pool.again(f, i)
	case wire.Ack_STATE_UNWANTED:
		f.mu.Lock()
		f.denied = true
		f.mu.Unlock()
	}
}

// completeIfReady tells the receiver that it has all of f, if so, and if the
// file is still the one that was announced.
func (s *sender) completeIfReady(f *outFile) {
	if !f.ready() {
		return
	}
	if err := f.check(); err != nil {
		s.trouble(f, err)
		return
	}
	s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Complete{Complete: &wire.Complete{Id: f.id, Digest: f.sum()}}})
}

// trouble handles a file that could not be read: one that changed is announced
// anew, a few times.
func (s *sender) trouble(f *outFile, err error) {
	if f.drop != nil && s.ctx.Err() == nil && KindOf(err) != Integrity {
		s.fail(err) // what one file of a drop cannot be had for, none can
		return
	}
	if !errors.Is(err, errChanged) && !errors.Is(err, Changed) {
		s.sourceFailed(f, err)
		return
	}
	if f.tries < maxTries {
		s.again(f)
		return
	}
	s.sourceFailed(f, &Error{Kind: Changed, Path: f.rel, Err: errors.New("it changes faster than it can be sent")})
}

// again announces a file that changed as it is now.
func (s *sender) again(f *outFile) {
	s.mu.Lock()
	ours := s.crossOut(f)
	s.mu.Unlock()
	if !ours {
		return // another stream was first
	}
	f.close()
	s.freePlace(f)
	if f.drop != nil {
		next := &outFile{path: f.path, rel: f.rel, shown: f.shown, entry: f.entry, drop: f.drop, tries: f.tries + 1}
		s.ledger.restart(f.id, f.entry.Size)
		s.ledger.seen(next.shown, next.entry.Kind, next.entry.Size)
		s.announce(next, f.id)
		return
	}
	next, err := inspect(&outFile{tree: f.tree, dirs: f.dirs, path: f.path, rel: f.rel, shown: f.shown})
	if err == nil && next.entry.Kind != f.entry.Kind {
		err = newError(Changed, f.rel, "it is no file any more")
	}
	if err != nil {
		s.mu.Lock()
		s.files[f.id] = f
		s.mu.Unlock()
		s.sourceFailed(f, err)
		return
	}
	s.ledger.restart(f.id, f.entry.Size)
	next.tries = f.tries + 1
	s.ledger.seen(next.shown, next.entry.Kind, next.entry.Size)
	s.announce(next, f.id)
}
