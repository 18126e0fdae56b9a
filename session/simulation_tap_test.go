//go:build linux

package session

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// A tap listens to one direction of a stream: so the simulation knows which
// chunks travel, and which of them the receiver says it has.
type tap struct {
	core     *simCore
	bulk     bool
	asks     bool     // this is the asker's direction
	answers  *simHalf // the asker's direction, if this is the other
	buf      []byte   // the part of a message that is there
	body     int      // bytes of a chunk's body that are still to come
	begun    bool     // the Request has passed
	transfer string   // "": none
}

// overheard takes what s writes; w.mu is held.
func (w *world) overheard(s *simStream, p []byte) {
	t := s.out.tap
	for len(p) > 0 {
		if t.body > 0 {
			n := min(t.body, len(p))
			if w.flip && w.heal == 0 {
				w.flip, w.flipped = false, true
				at := len(s.out.sent) - len(p) + w.rng.IntN(n)
				s.out.sent[at] ^= 1 << w.rng.IntN(8)
				w.logf("a byte of a chunk flips on %s", s.name)
			}
			t.body -= n
			p = p[n:]
			continue
		}
		t.buf = append(t.buf, p...)
		rest := w.listen(t)
		if t.body == 0 {
			return
		}
		p = p[len(p)-rest:]
	}
}

// listen takes whole messages from t.buf, up to the body of a chunk, of which
// it returns how much is there.
func (w *world) listen(t *tap) (rest int) {
	for {
		r := bytes.NewReader(t.buf)
		br := bufio.NewReaderSize(r, 16)
		ok, err := w.hear(t, br)
		if err != nil {
			return 0 // more is to come
		}
		t.buf = t.buf[len(t.buf)-r.Len()-br.Buffered():]
		if !ok {
			t.buf = nil
			return 0
		}
		if t.body > 0 {
			rest = len(t.buf)
			t.buf = nil
			return rest
		}
	}
}

// hear takes one message, and reports whether the stream is of interest.
func (w *world) hear(t *tap, br *bufio.Reader) (bool, error) {
	read := func(m proto.Message) error {
		err := wire.Read(br, m)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			w.fail("a message that is none is written: %v", err)
		}
		return err
	}
	if t.asks && !t.begun {
		var req wire.Request
		if err := read(&req); err != nil {
			return true, err
		}
		t.begun = true
		switch ask := req.Ask.(type) {
		case *wire.Request_Send:
			t.transfer = string(ask.Send.Transfer)
		case *wire.Request_Fetch:
			t.transfer = string(ask.Fetch.Transfer)
		case *wire.Request_Data:
			t.transfer = string(ask.Data.Transfer)
		}
		return t.transfer != "", nil
	}
	if t.answers != nil {
		if t.transfer = t.answers.tap.transfer; t.transfer == "" {
			return false, nil
		}
	}
	fromSender := t.asks == w.upload
	switch {
	case t.bulk && fromSender:
		var c wire.Chunk
		if err := read(&c); err != nil {
			return true, err
		}
		t.body = bodyOf(&c)
		w.chunkSent(t, &c)
	case t.bulk:
		var acks wire.Acks
		if err := read(&acks); err != nil {
			return true, err
		}
		for _, a := range acks.Acks {
			if a.State == wire.Ack_STATE_VERIFIED {
				w.stored[w.chunkName(t, a.Id, a.Index)] = t.transfer
			}
		}
	case fromSender:
		var m wire.ToReceiver
		if err := read(&m); err != nil {
			return true, err
		}
		w.announced(t, &m)
	default:
		return false, nil
	}
	return true, nil
}

// bodyOf returns how many bytes follow the header of a chunk.
func bodyOf(c *wire.Chunk) (n int) {
	switch {
	case c.GetHole():
		return 0
	case c.GetCodec() != wire.Codec_CODEC_NONE:
		return int(c.GetSize())
	case len(c.GetParts()) == 0:
		return int(c.GetLength())
	}
	for _, p := range c.GetParts() {
		n += int(p.GetLiteral())
	}
	return n
}

// announced notes which version of which file an id stands for.
func (w *world) announced(t *tap, m *wire.ToReceiver) {
	names := t.core.names[t.transfer]
	if names == nil {
		names = map[uint64]string{}
		t.core.names[t.transfer] = names
	}
	switch say := m.Say.(type) {
	case *wire.ToReceiver_Entry:
		a := say.Entry
		names[a.Id] = fmt.Sprintf("%s@%d.%d.%d", a.Path, a.Entry.GetSize(), a.Entry.GetModifiedS(), a.Entry.GetModifiedNs())
		if old := names[a.GetReplaces()]; old != "" {
			w.dropped(old)
		}
	case *wire.ToReceiver_Failed:
		if old := names[say.Failed.GetId()]; old != "" {
			w.dropped(old)
		}
	}
}

// dropped tells that the receiver may forget what it has of a file.
func (w *world) dropped(name string) {
	for c := range w.stored {
		if c.file == name {
			delete(w.stored, c)
		}
	}
}

// A simChunk is a chunk of one version of a file.
type simChunk struct {
	file  string
	index uint64
}

func (w *world) chunkName(t *tap, id, index uint64) simChunk {
	return simChunk{t.core.names[t.transfer][id], index}
}

// chunkSent holds a chunk that is sent against the promise of the journal: what
// the receiver said that it has is not sent again by another attempt.
func (w *world) chunkSent(t *tap, c *wire.Chunk) {
	name := w.chunkName(t, c.Id, c.Index)
	w.sentChunks++
	if before, ok := w.stored[name]; ok && before != t.transfer && !w.forgetful && !w.twice() {
		w.fail("chunk %d of %s is sent again, which the receiver has acknowledged in an earlier attempt", c.Index, name.file)
	}
}
