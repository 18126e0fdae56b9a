package session

import (
	"context"
	"sync"

	"github.com/bargee/bargee/internal/drop"
)

// upload seals the data and brings to the depot what that has not yet. It returns the
// names of the chunks.
func (d *deposit) upload(ctx context.Context, plan *depositPlan) ([]DropDigest, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := d.record.askMissing(ctx, d, plan.layout.Chunks()); err != nil {
		return nil, err
	}
	u := &depositUpload{deposit: d, plan: plan, digests: make([]DropDigest, plan.layout.Chunks()),
		buffers: make(chan []byte, depositStreams+2), work: make(chan *depositChunk)}
	for range min(cap(u.buffers), plan.layout.Chunks()) {
		u.buffers <- make([]byte, plan.layout.Chunk+drop.Overhead)
	}
	var running sync.WaitGroup
	for n := range min(depositStreams, plan.layout.Chunks()) {
		running.Go(func() {
			for c := range u.work {
				if err := u.chunk(ctx, n+1, c); err != nil {
					cancel(err)
				}
				u.buffers <- c.buf[:0]
			}
		})
	}
	err := plan.read(ctx, d.q.ledger, u.buffers, func(c *depositChunk) error {
		select {
		case u.work <- c:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(u.work)
	if err != nil {
		cancel(err)
	}
	running.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return u.digests, err
}

type depositUpload struct {
	*deposit
	plan    *depositPlan
	digests []DropDigest
	buffers chan []byte
	work    chan *depositChunk

	mu sync.Mutex // of what is left of entries
}

// chunk seals one chunk and stores it, unless an earlier run has, of the same bytes.
func (u *depositUpload) chunk(ctx context.Context, stream int, c *depositChunk) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if was, ok := u.record.chunk(c.index); ok {
		again := getChunk(len(c.buf) + drop.Overhead)
		_, same := u.record.keys.SealAs(again[:0], was.nonce, drop.Data, uint64(c.index), c.final, c.buf[drop.NonceSize:], was.digest)
		putChunk(again)
		if same {
			u.digests[c.index] = was.digest
			u.stored(stream, c, true)
			return nil
		}
	}
	if err := u.q.limit.passAll(ctx, len(c.buf)); err != nil {
		return err
	}
	for _, p := range c.pieces {
		u.q.ledger.carry(stream, 0, uint64(p.entry+1))
	}
	sealed := u.record.keys.SealInPlace(drop.Data, uint64(c.index), c.final, c.buf)
	digest := drop.DigestOf(sealed)
	err := persist(ctx, u.options.GiveUp, func() error {
		return u.Depot.Put(ctx, u.record.keys.ID, u.record.owner, digest, sealed)
	})
	if err != nil {
		return err
	}
	u.digests[c.index] = digest
	u.record.note(c.index, depositedChunk{[drop.NonceSize]byte(sealed), digest})
	u.q.ledger.wired(len(sealed))
	u.stored(stream, c, false)
	return nil
}

// passAll waits until n bytes may pass.
func (t *throttle) passAll(ctx context.Context, n int) error {
	for n > 0 {
		piece := t.piece(n)
		if !t.wait(piece, ctx.Done()) {
			return context.Cause(ctx)
		}
		n -= piece
	}
	return nil
}

// stored counts a chunk that is at the depot.
func (u *depositUpload) stored(stream int, c *depositChunk, reused bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, p := range c.pieces {
		e, id := &u.plan.entries[p.entry], uint64(p.entry+1)
		if reused {
			e.reused += p.n
			u.q.ledger.reuse(id, p.n)
		} else {
			u.q.ledger.crossed(id, p.n)
			u.q.ledger.verify(stream, id, p.n)
		}
		if e.left -= p.n; e.left == 0 {
			u.q.ledger.over(id, e.item())
		}
	}
}
