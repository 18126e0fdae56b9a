package session

import (
	"context"
	"io"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// A listing goes out in parts: a small one first, so that a pane has something
// to show, then as many entries or bytes as one message holds with ease.
const (
	firstEntries  = 64
	maxEntries    = 512
	maxEntryBytes = 256 << 10
)

// list writes the entries of a directory.
func (e *exchange) list(ctx context.Context, ask *wire.List) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	part, bytes, most := new(wire.Entries), 0, firstEntries
	for entry, err := range e.s.tree().List(ctx, p) {
		if err != nil {
			part.Error = toWire(err)
			break
		}
		w := entryToWire(entry)
		part.Entries = append(part.Entries, w)
		bytes += proto.Size(w)
		if len(part.Entries) < most && bytes < maxEntryBytes {
			continue
		}
		if err := e.write(part); err != nil {
			e.st.Abort(codeOf(KindOf(err)))
			return nil
		}
		part, bytes, most = new(wire.Entries), 0, maxEntries
	}
	if len(part.Entries) > 0 || part.Error != nil {
		e.write(part)
	}
	e.st.Close()
	return nil
}

// open writes a file's entry, then the bytes of it that were asked for.
func (e *exchange) open(ctx context.Context, ask *wire.Open) (err error) {
	var sent int64
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	f, err := e.s.tree().openFile(p)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return about(p, err)
	}
	if most := e.s.cfg.MaxFileSize; most > 0 && fi.Size() > most {
		return newError(Limit, p, "%d bytes, and files here have at most %d", fi.Size(), most)
	}
	entry := entryOf(fi)
	entry.Name = p.Base()
	if err := e.write(&wire.Reply{Answer: &wire.Reply_Entry{Entry: entryToWire(entry)}}); err != nil {
		return err
	}
	e.begun = true
	over := e.v.opens.begin(e.v.link.Peer(), p)
	defer func() { over(sent, err) }()
	part := io.NewSectionReader(f, int64(ask.GetOffset()), int64(ask.GetLength()))
	if sent, err = e.copy(ctx, part); err != nil {
		return err
	}
	return e.st.Close()
}

// copy writes what r reads, in pieces, each of which the peer must take in time.
func (e *exchange) copy(ctx context.Context, r io.Reader) (sent int64, err error) {
	buf := make([]byte, 128<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			e.st.SetWriteDeadline(time.Now().Add(writeWait))
			if _, err := e.st.Write(buf[:n]); err != nil {
				return sent, err
			}
			sent += int64(n)
		}
		if err == io.EOF {
			return sent, ctx.Err()
		}
		if err != nil {
			return sent, err
		}
	}
}
