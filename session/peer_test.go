package session

import (
	"bufio"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// chunkMessage is the header of a chunk.
func chunkMessage(id, index uint64, data []byte, v value) *wire.Chunk {
	return &wire.Chunk{Id: id, Index: index, Length: uint32(len(data)), Value: v[:]}
}

// A rawSender is an asker that sends to a real server, message by message.
type rawSender struct {
	t    *testing.T
	link transport.Link
	dir  string
	st   transport.Stream
	in   *bufio.Reader
}

func newRawSender(t *testing.T, cfg ServerConfig, o *wire.Options) *rawSender {
	s := &rawSender{t: t, dir: t.TempDir()}
	cfg.Tree = openDir(t, s.dir)
	_, s.link = served(t, cfg)
	s.st = stream(t, s.link)
	s.in = bufio.NewReader(s.st)
	must(t, wire.Write(s.st, &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{Transfer: rawID, Into: true, Options: o}}}))
	if s.hear().GetReady() == nil {
		t.Fatal("no Ready")
	}
	return s
}

// rawID names the transfer of raw peers.
var rawID = []byte("0123456789abcdef")

func (s *rawSender) hear() *wire.ToSender {
	s.t.Helper()
	m := new(wire.ToSender)
	s.st.SetReadDeadline(time.Now().Add(time.Minute))
	must(s.t, wire.Read(s.in, m))
	return m
}

// say says messages, one after the other.
func (s *rawSender) say(messages ...*wire.ToReceiver) {
	s.t.Helper()
	for _, m := range messages {
		must(s.t, wire.Write(s.st, m))
	}
}

// data opens a data stream.
func (s *rawSender) data() (transport.Stream, *bufio.Reader) {
	s.t.Helper()
	st := stream(s.t, s.link)
	must(s.t, wire.Write(st, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: rawID}}}))
	return st, bufio.NewReader(st)
}

// fails expects that the receiver says an error of kind k, and ends the stream.
func (s *rawSender) fails(k Kind) {
	s.t.Helper()
	s.st.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		m := new(wire.ToSender)
		if err := wire.Read(s.in, m); err != nil {
			s.t.Fatalf("want an error of kind %s, got the end: %v", k, err)
		}
		if e := m.GetError(); e != nil {
			if got := fromWire(e); got.Kind != k {
				s.t.Errorf("got %s (%v), want %s", got.Kind, got, k)
			}
			break
		}
	}
	if err := wire.Read(s.in, new(wire.ToSender)); err == nil {
		s.t.Error("it goes on after the error")
	}
	s.nothing()
}

// nothing expects no file under a final name.
func (s *rawSender) nothing() {
	s.t.Helper()
	for _, name := range names(s.t, s.dir) {
		if !isPrivate(name) {
			s.t.Errorf("there is %q", name)
		}
	}
}

// announce is the message that announces a file.
func announce(id uint64, path string, size int) *wire.ToReceiver {
	return &wire.ToReceiver{Say: &wire.ToReceiver_Entry{Entry: &wire.Announce{
		Id: id, Path: []byte(path), Entry: &wire.Entry{Size: uint64(size), Mode: 0o644, ModifiedS: 1},
	}}}
}

func complete(id uint64, v value) *wire.ToReceiver {
	return &wire.ToReceiver{Say: &wire.ToReceiver_Complete{Complete: &wire.Complete{Id: id, Digest: v[:]}}}
}

var end = &wire.ToReceiver{Say: &wire.ToReceiver_End{End: &wire.End{}}}

// sendChunk writes a chunk to a data stream and returns what is acknowledged.
func sendChunk(t *testing.T, st transport.Stream, in *bufio.Reader, c *wire.Chunk, data []byte) (wire.Ack_State, error) {
	t.Helper()
	st.SetReadDeadline(time.Now().Add(time.Minute))
	if err := wire.Write(st, c); err != nil {
		return 0, err
	}
	if _, err := st.Write(data); err != nil {
		return 0, err
	}
	acks := new(wire.Acks)
	if err := wire.Read(in, acks); err != nil {
		return 0, err
	}
	return acks.Acks[0].State, nil
}

// content is some bytes of that length.
func content(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}
