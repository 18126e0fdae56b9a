package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A conduit is what stands between two peers of which one sends to the other: it
// asks the one as a receiver would and the other as a sender would, and hands on
// what they say. So the receiver verifies what the sender computed, nothing is on
// a disk here, and what is resumed is what lies at the receiver. Each data stream
// of the one is joined to one of the other; conflicts are decided here.
//
// One goroutine reads the manifest stream of each peer, one writes each, and two
// serve each pair of data streams.
type conduit struct {
	*tally
	to     transport.Link // to the receiver
	send   *wire.Send
	limits throttles
	next   chan struct{} // see outlet
	picks  []*wire.Picks // what the sender is asked for, said behind Ready; nil: all
	asks   bool          // conflicts are decided here
	ask    func(Question, func(Conflict))
	from   transport.Peer // the sender, if it may bring the data itself
	pace   paces

	toReceiver, toSender *outbox
	flying               atomic.Int64 // chunks that went by and were not acknowledged
	done                 chan struct{}
	once                 sync.Once
	cause                error
}

func newConduit(t *tally, to transport.Link, send *wire.Send) *conduit {
	return &conduit{
		tally: t, to: to, send: send, next: make(chan struct{}, 1),
		toReceiver: newOutbox(), toSender: newOutbox(), done: make(chan struct{}),
	}
}

// run hands on until the transfer is over, and returns why, if not because all
// entries are. from is the manifest stream of the sender; it ends both.
func (c *conduit) run(ctx context.Context, from transport.Stream) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	to, err := c.to.OpenStream(ctx, transport.Control)
	if err == nil {
		err = wire.Write(to, &wire.Request{Ask: &wire.Request_Send{Send: c.send}})
	}
	if err != nil {
		from.Abort(abortInterrupted)
		if to != nil {
			to.Abort(abortInterrupted)
		}
		c.end(err, func() {})
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		code := abortCodeOf(context.Cause(ctx))
		from.Abort(code)
		to.Abort(code)
	})
	defer stop()
	atSender, atReceiver := speak(ctx, c.toSender, from), speak(ctx, c.toReceiver, to)
	hearing, deaf := context.WithCancel(ctx)
	defer deaf()
	var heard sync.WaitGroup
	if c.straight {
		heard.Go(func() { c.pacing(hearing) })
	}
	heard.Go(func() { c.hearSender(hearing, from) })
	heard.Go(func() { c.hearReceiver(hearing, to) })
	<-c.done
	deaf()
	err = c.cause
	if ctx.Err() != nil {
		err = context.Cause(ctx) // what the streams say is only the consequence
	}
	c.toSender.close()
	c.toReceiver.close()
	for _, st := range []transport.Stream{from, to} { // they end their directions now
		st.SetReadDeadline(time.Now().Add(dataPatience))
	}
	atSender.finish()
	atReceiver.finish()
	heard.Wait()
	code := abortCodeOf(err)
	from.Abort(code)
	to.Abort(code)
	cancel(err)
	return err
}

// end ends the transfer, because of err or nil, and says a last word; the first
// call counts. A peer may obey that word before whoever spoke it got any further:
// what it does then is only the consequence.
func (c *conduit) end(err error, say func()) {
	c.once.Do(func() {
		say()
		c.cause = err
		close(c.done)
	})
}

// fail ends it because of what one peer said or did, and tells both.
func (c *conduit) fail(err error) {
	we := toWire(err)
	c.end(err, func() {
		c.toSender.sendLast(&wire.ToSender{Say: &wire.ToSender_Error{Error: we}})
		c.toReceiver.sendLast(&wire.ToReceiver{Say: &wire.ToReceiver_Error{Error: we}})
	})
}

// hearSender hands on what the sender says.
func (c *conduit) hearSender(ctx context.Context, st transport.Stream) {
	br := bufio.NewReaderSize(st, flushAt)
	for {
		m := new(wire.ToReceiver)
		err := wire.Read(br, m)
		if s := m.GetStraight(); err == nil && s != nil && c.straight {
			c.ledger.straight(s)
			continue
		}
		if isClosed(c.done) {
			if err != nil {
				return
			}
			continue // it does not know yet
		}
		if err != nil {
			err = meaning(err)
		} else {
			err = c.fromSender(m)
		}
		if err != nil {
			c.fail(err)
			return
		}
		if m.GetPace() != nil {
			c.pace.heeded()
		}
		c.toReceiver.await(ctx, maxUntaken)
		c.toReceiver.send(m)
	}
}

// hearReceiver hands on what the receiver says, until it says that all is over.
func (c *conduit) hearReceiver(ctx context.Context, st transport.Stream) {
	br := bufio.NewReaderSize(st, flushAt)
	for {
		m := new(wire.ToSender)
		err := wire.Read(br, m)
		if isClosed(c.done) {
			if err != nil {
				return
			}
			continue
		}
		var q *Question
		var id uint64
		if err != nil {
			err = meaning(err)
		} else if m.GetLanded() != nil {
			err = c.landed(m.GetLanded())
		} else {
			q, id, err = c.fromReceiver(m)
		}
		switch {
		case err == nil && (m.GetLanded() != nil || c.straight && !c.adapt(m)):
			continue
		case err == nil && m.GetAnswer().GetVerdict() == wire.Verdict_VERDICT_CONFLICT:
			err = c.decide(id, q)
		case err == nil && m.GetFinished() != nil:
			c.end(nil, func() { c.toSender.sendLast(m) })
			continue
		case err == nil:
			c.toSender.await(ctx, maxUntaken)
			c.toSender.send(m)
			if m.GetReady() != nil {
				for _, p := range c.picks {
					c.toSender.send(&wire.ToSender{Say: &wire.ToSender_Picks{Picks: p}})
				}
			}
		}
		if err != nil {
			c.fail(err)
			return
		}
	}
}

// decide has a conflict decided. q is nil for one that is over meanwhile.
func (c *conduit) decide(id uint64, q *Question) error {
	if !c.asks {
		return newError(Protocol, Path{}, "a question that the options answered")
	}
	if q == nil {
		return nil
	}
	c.ask(*q, func(d Conflict) {
		c.toReceiver.send(&wire.ToReceiver{Say: &wire.ToReceiver_Decide{Decide: &wire.Decide{Id: id, Decision: wire.Conflict(d)}}})
	})
	return nil
}

func (c *conduit) isOver() <-chan struct{} { return c.done }

func (c *conduit) due() debt {
	if c.flying.Load() > 0 {
		return debtData
	}
	return c.tally.due()
}

// carry joins a data stream of the sender to one of the receiver until the sender
// ends it. n is its number for people.
func (c *conduit) carry(from transport.Stream, n int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-c.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	to, err := c.to.OpenStream(ctx, transport.Bulk)
	if err != nil {
		return err
	}
	defer to.Abort(abortInterrupted)
	if err := wire.Write(to, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: c.send.GetTransfer()}}}); err != nil {
		return err
	}
	var under atomic.Int64 // chunks of this pair that are not acknowledged
	over := make(chan error, 1)
	go func() { over <- c.acknowledge(from, to, n, &under) }()
	err = c.chunks(from, to, n, &under)
	if err == nil {
		err = to.Close()
	}
	if err != nil { // the other direction is of no use any more
		from.Abort(abortInterrupted)
		to.Abort(abortInterrupted)
	}
	err = errors.Join(err, <-over)
	c.flying.Add(-under.Load())
	if !isClosed(c.done) {
		c.ledger.parted(n)
	}
	return err
}

// chunks hands on chunks until the sender has no more.
func (c *conduit) chunks(from, to transport.Stream, n int, under *atomic.Int64) error {
	br := bufio.NewReaderSize(from, streamBuffer(n))
	w := bufio.NewWriterSize(&outlet{to, c.limits, c.next, c.done, c.ledger}, streamBuffer(n))
	for {
		h := new(wire.Chunk)
		err := wire.Read(br, h)
		if errors.Is(err, io.EOF) {
			return w.Flush()
		}
		if err == nil {
			err = c.carried(n, from.Lane(), h)
		}
		if KindOf(err) == Protocol || KindOf(err) == Limit {
			c.fail(sideOf(err, Source))
		}
		if err != nil {
			return err
		}
		under.Add(1)
		c.flying.Add(1)
		if err := wire.Write(w, h); err != nil {
			return err
		}
		if _, err := io.CopyN(w, br, int64(travels(h))); err != nil {
			return err
		}
		if br.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}

// travels returns how many bytes follow a chunk's header.
func travels(h *wire.Chunk) int {
	switch {
	case h.GetHole():
		return 0
	case h.GetCodec() != wire.Codec_CODEC_NONE:
		return int(h.GetSize())
	}
	return bodySize(h)
}

func sideOf(err error, side Side) *Error {
	e := *about(Path{}, err)
	e.Side = side
	return &e
}

// acknowledge hands on what the receiver says of chunks, until it has said all, and
// has the sender end the stream when a lane is being taken away.
func (c *conduit) acknowledge(from, to transport.Stream, n int, under *atomic.Int64) error {
	var mu sync.Mutex // of what is written to from
	settled := make(chan struct{})
	defer close(settled)
	go func() {
		select {
		case <-from.Leaving():
		case <-to.Leaving():
		case <-settled:
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if !isClosed(settled) {
			wire.Write(from, &wire.Acks{Enough: true}) // else it ends with the lane
		}
	}()
	br := bufio.NewReaderSize(to, 4<<10)
	for {
		m := new(wire.Acks)
		err := wire.Read(br, m)
		if errors.Is(err, io.EOF) {
			mu.Lock()
			defer mu.Unlock()
			return from.Close()
		}
		if err == nil {
			err = c.verified(n, m.GetAcks())
		}
		if KindOf(err) == Protocol || KindOf(err) == Limit {
			c.fail(sideOf(err, Destination))
		}
		if err != nil {
			from.Abort(abortInterrupted)
			return err
		}
		under.Add(-int64(len(m.GetAcks())))
		c.flying.Add(-int64(len(m.GetAcks())))
		mu.Lock()
		err = wire.Write(from, m)
		mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// A bridge is what a copy between two peers needs of who asks for it.
type bridge struct {
	options    *wire.Options
	transferID func() []byte
	straight   bool // the data may go straight from the one to the other
	limits     throttles
	ask        func(Question, func(Conflict)) // nil: nobody is there to decide
}

// across copies what q is about, but for what of it is settled, from one peer to
// another.
func (q *queued) across(ctx context.Context, from, to transport.Link, paths []Path, b bridge) error {
	j := q.job
	j.Sources = paths
	send := &wire.Send{
		Transfer: b.transferID(), Destination: []byte(j.Destination.raw), Into: j.Into || len(j.Sources) > 1,
		Exact: j.Exact, Options: b.options,
	}
	c := newConduit(newTally(q.ledger, &j), to, send)
	if b.straight && !j.Options.DryRun {
		c.goStraight(from)
	}
	c.limits, c.ask, c.asks = b.limits, b.ask, j.Options.OnConflict == Ask && b.ask != nil
	id := b.transferID()
	fetch := &wire.Fetch{Transfer: id, Options: b.options, Picked: j.only != nil}
	if j.only != nil {
		c.picks = picksOf(j.only)
	}
	for _, p := range paths {
		fetch.Paths = append(fetch.Paths, []byte(p.raw))
	}
	return q.transfer(ctx, from, &wire.Request{Ask: &wire.Request_Fetch{Fetch: fetch}}, id, c)
}

// between copies paths from one peer to another.
func (e *Engine) between(ctx context.Context, q *queued, paths []Path) error {
	return e.withLink(ctx, q.job.To, func(to transport.Link) error {
		return e.withLink(ctx, q.job.From, func(from transport.Link) error {
			if boxOf(to) != nil || boxOf(from) != nil {
				return errBoxed
			}
			return q.across(ctx, from, to, paths, bridge{
				options: e.optionsToWire(q.job.Options), transferID: e.cfg.transferID, straight: !e.cfg.plain,
				limits: throttles{q.limit, e.out}, ask: q.asking.ask,
			})
		})
	})
}
