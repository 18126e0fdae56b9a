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

func (e *exchange) takeDraft(ctx context.Context, ask *wire.Draft) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	o := CreateOptions{New: ask.GetMustBeNew(), Keep: ask.GetKeep(), Fsync: ask.GetFsync()}
	if e.s.cfg.WriteOnly && (o.Keep || !o.New) {
		return newError(Refused, p, "write-only: what is here stays as it is, only new files are taken")
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
	if err := e.describe(f.size); err != nil {
		return err
	}
	digest, err := e.pieces(ctx, f)
	if err != nil {
		return err
	}
	if err := f.commit(digest); err != nil {
		return err
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
func (e *exchange) pieces(ctx context.Context, f *diskDraft) (digest []byte, err error) {
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
