package session

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// This file takes chunks from the data streams, one at a time of each.

// maxAcks is how many acknowledgements are gathered before they are sent.
const maxAcks = 256

// readChunks takes the chunks of one data stream until the sender ends it. id
// is the stream's number for people.
func (r *receiver) readChunks(st transport.Stream, id int) error {
	br := bufio.NewReaderSize(r.inlet(st), streamBuffer(id))
	var acks []*wire.Ack
	var unsaid int // bytes that they are about
	say := func() error {
		if len(acks) == 0 {
			return nil
		}
		err := wire.Write(st, &wire.Acks{Acks: acks, Enough: isClosed(st.Leaving())})
		acks, unsaid = acks[:0], 0
		return err
	}
	for {
		var c wire.Chunk
		err := wire.Read(br, &c)
		if errors.Is(err, io.EOF) {
			return st.Close()
		}
		if err == nil {
			err = r.expected(&c)
		}
		if KindOf(err) == Protocol || KindOf(err) == Limit {
			r.fail(err)
		}
		if err != nil {
			return err
		}
		if err := r.awaitRoom(memoryOf(&c), say); err != nil {
			return err
		}
		state, err := r.readChunk(br, id, st.Lane(), &c)
		if err != nil {
			return err
		}
		acks = append(acks, &wire.Ack{Id: c.GetId(), Index: c.GetIndex(), State: state})
		// With more at hand already, acknowledgements can travel together. But
		// what is not acknowledged is sent again when the stream dies.
		if !c.GetHole() {
			unsaid += int(c.GetLength())
		}
		if br.Buffered() == 0 || len(acks) == maxAcks || unsaid >= defaultChunkSize {
			if err := say(); err != nil {
				return err
			}
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// memoryOf returns how many bytes of room a chunk takes.
func memoryOf(c *wire.Chunk) int {
	if c.GetHole() {
		return 0
	}
	if len(c.GetParts()) > 0 {
		return int(c.GetLength()) + bodySize(c)
	}
	return int(c.GetLength())
}

// awaitRoom takes room for a chunk. If there is none the sender hears first of
// what it need not hold any more.
func (r *receiver) awaitRoom(n int, say func() error) error {
	var err error
	if !r.room.take(n, r.isFinished, func() { err = say() }) {
		return context.Canceled // by the transfer's end
	}
	if err != nil {
		r.room.give(n)
	}
	return err
}

// readChunk takes in what follows a header that is expected, and gives back the
// room for it.
func (r *receiver) readChunk(br *bufio.Reader, stream, lane int, c *wire.Chunk) (wire.Ack_State, error) {
	defer r.room.give(memoryOf(c))
	data := zeros[:c.GetLength()]
	var err error
	if !c.GetHole() {
		data = getChunk(bodySize(c))
		defer putChunk(data)
		err = readBody(br, c, data)
	}
	if err == nil {
		var state wire.Ack_State
		if state, err = r.take(stream, lane, c, data); err == nil {
			return state, nil
		}
		r.fail(err)
	} else if KindOf(err) == Protocol {
		r.fail(err)
	}
	return 0, err
}

// expected holds a chunk's header against its file, before its bytes are read.
func (r *receiver) expected(c *wire.Chunk) error {
	r.mu.Lock()
	f, announced := r.files[c.GetId()], c.GetId() > 0 && c.GetId() <= r.lastID
	r.mu.Unlock()
	if f == nil && announced && len(c.GetValue()) == len(value{}) {
		return r.checkBody(c) // it is over
	}
	if f == nil {
		return newError(Protocol, Path{}, "a chunk of what was not announced")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == inAsking || f.assembly == nil {
		return newError(Protocol, f.path, "data that was not asked for")
	}
	if c.GetHole() && !f.sparse {
		return newError(Protocol, f.path, "a hole in a file that has none")
	}
	if c.GetIndex() >= f.count() {
		return newError(Protocol, f.path, "chunk %d of %d", c.GetIndex(), f.count())
	}
	if _, want := f.span(c.GetIndex()); int(c.GetLength()) != want || len(c.GetValue()) != len(value{}) {
		return newError(Protocol, f.path, "chunk %d has %d bytes instead of %d", c.GetIndex(), c.GetLength(), want)
	}
	if err := f.expectedParts(c); err != nil {
		return err
	}
	return r.checkBody(c)
}
