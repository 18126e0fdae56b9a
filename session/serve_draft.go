package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// draft answers Request{draft}: it writes the pieces to a file that gets its
// name in the end, or not at all.
func (e *exchange) draft(ctx context.Context, ask *wire.Draft) {
	defer e.rescue(codeOf(Internal))
	err := e.takeDraft(ctx, ask)
	var said *Error
	switch {
	case err == nil:
		e.st.Close()
		e.st.Abort(0)
	case errors.As(err, &said):
		e.refuse(err)
	default: // the stream's: nobody is there to be told
		e.st.Abort(codeOf(KindOf(err)))
	}
}

func (e *exchange) takeDraft(ctx context.Context, ask *wire.Draft) (err error) {
	began := time.Now()
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	o := CreateOptions{New: ask.GetMustBeNew(), Keep: ask.GetKeep(), Fsync: ask.GetFsync()}
	if e.s.cfg.WriteOnly && (o.Keep || !o.New) {
		return newError(Refused, p, "write-only: what is here stays as it is, only new files are taken")
	}
	if err := e.s.cfg.mayBeMade(p, false); err != nil && !e.isThere(ctx, p) {
		return err
	}
	if ask.GetKeepTime() {
		o.Modified = timeFromWire(ask.GetModifiedS(), ask.GetModifiedNs())
	}
	f, err := e.s.cfg.Tree.draft(ctx, p, o)
	if KindOf(err) == Busy && e.s.contest(ctx, e.v.link) {
		f, err = e.s.cfg.Tree.draft(ctx, p, o)
	}
	if err != nil {
		return err
	}
	defer f.Discard()
	defer e.s.transfers.draft(e.v.link)()
	if ask.GetKeepMode() {
		f.meta.mode, f.meta.keepMode = fs.FileMode(ask.GetMode()&permBits), true
	}
	b := &draftBooking{quotas: e.s.cfg.quotas}
	defer func() { b.settle(err == nil, f.size) }()
	if err := b.grow(ctx, f.size); err != nil {
		return about(p, err)
	}
	if err := e.describe(f.size); err != nil {
		return err
	}
	digest, err := e.pieces(ctx, f, b)
	if err != nil {
		return err
	}
	if err := f.commit(digest); err != nil {
		return err
	}
	if e.s.cfg.Observe != nil {
		e.v.tell(Deed{Peer: e.v.link.Peer(), What: DeedLeft, Path: p, Began: began, Ended: time.Now(), Files: 1, Bytes: f.size, Sent: f.size})
	}
	return e.describe(f.size)
}

// describe tells what size the file has now.
func (e *exchange) describe(size int64) error {
	entry := Entry{Kind: RegularFile, Size: size, Modified: time.Unix(0, 0)} // of which only the size counts
	return e.write(&wire.Reply{Answer: &wire.Reply_Entry{Entry: entryToWire(entry)}})
}

// pieces writes what comes to f until the commit, and returns the digest that it
// names. A draft may lie open for as long as its link.
func (e *exchange) pieces(ctx context.Context, f *diskDraft, b *draftBooking) (digest []byte, err error) {
	in := bufio.NewReaderSize(e.st, 64<<10)
	pace, leave := e.s.pace()
	defer leave()
	for {
		m := new(wire.Piece)
		switch err := wire.Read(in, m); {
		case errors.Is(err, wire.ErrInvalid), errors.Is(err, wire.ErrLimit):
			return nil, newError(Protocol, f.path, "%w", err)
		case err == io.EOF:
			return nil, newError(Protocol, f.path, "the stream ends without a commit")
		case err != nil:
			return nil, err
		}
		end := int64(m.GetOffset()) + int64(len(m.GetData()))
		if most := e.s.cfg.MaxFileSize; most > 0 && end > most || end < 0 {
			return nil, newError(Limit, f.path, "%d bytes, and files here have at most %d", end, most)
		}
		if err := b.grow(ctx, end); err != nil {
			return nil, about(f.path, err)
		}
		if _, err := f.WriteAt(m.GetData(), int64(m.GetOffset())); err != nil {
			return nil, err
		}
		if m.GetCut() {
			if err := f.Truncate(end); err != nil {
				return nil, err
			}
		}
		if m.GetCommit() {
			return m.GetDigest(), nil
		}
		pace(ctx, len(m.GetData()))
	}
}

// pace joins those who share the limit of what is received; what it returns
// holds bytes up that came too soon.
func (s *Server) pace() (hold func(ctx context.Context, n int), leave func()) {
	m, brake, came := s.in.join(time.Now()), newThrottle(0), int64(0)
	hold = func(ctx context.Context, n int) {
		came += int64(n)
		if part := s.in.part(m, came, time.Now()); differs(part, brake.get()) {
			brake.set(part)
		}
		for n > 0 {
			piece := brake.piece(n)
			if !brake.wait(piece, ctx.Done()) {
				return
			}
			n -= piece
		}
	}
	return hold, func() { s.in.leave(m) }
}

// A draftBooking is what quotas have promised to a draft: nobody knows its size
// before its end, so it books as it grows.
type draftBooking struct {
	quotas []*Quota
	booked int64
}

// draftStep is how much is booked at a time.
const draftStep = 1 << 20

// grow books what a file of size bytes lacks; as much as is left if a whole step
// is not.
func (b *draftBooking) grow(ctx context.Context, size int64) error {
	if size <= b.booked {
		return nil
	}
	for _, more := range []int64{max(size-b.booked, draftStep), size - b.booked} {
		if err := b.book(ctx, more); err == nil || more == size-b.booked {
			return err
		}
	}
	return nil
}

func (b *draftBooking) book(ctx context.Context, n int64) error {
	for i, q := range b.quotas {
		if err := q.book(ctx, n); err != nil {
			for _, before := range b.quotas[:i] {
				before.settle(n, 0)
			}
			return err
		}
	}
	b.booked += n
	return nil
}

// settle ends the promise: the file is there with size bytes, or is not.
func (b *draftBooking) settle(there bool, size int64) {
	if !there {
		size = 0
	}
	for _, q := range b.quotas {
		q.settle(b.booked, size)
	}
}
