package transport

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// A conversation is the exchange on the first stream of a lane. It remembers
// the hash of all frames so far, both ways, in the order of time, which is the
// same on both sides since they take turns.
type conversation struct {
	w    io.Writer
	r    *bufio.Reader
	seen bytes.Buffer // what r took from the stream
	hash hash.Hash
}

func converse(rw io.ReadWriter) *conversation {
	c := &conversation{w: rw, hash: sha256.New()}
	c.r = bufio.NewReaderSize(io.TeeReader(rw, &c.seen), 4096)
	return c
}

func (c *conversation) send(m proto.Message) error {
	b, err := wire.Append(nil, m)
	if err != nil {
		return err
	}
	c.hash.Write(b)
	_, err = c.w.Write(b)
	return err
}

func (c *conversation) receive(m proto.Message) error {
	err := wire.Read(c.r, m)
	// What the reader holds ahead is no part of this message.
	frame := c.seen.Next(c.seen.Len() - c.r.Buffered())
	c.hash.Write(frame)
	return err
}

// transcript is the hash of all frames so far.
func (c *conversation) transcript() [sha256.Size]byte {
	return [sha256.Size]byte(c.hash.Sum(nil))
}

// The roles that a proof is made in. A proof made in one is worthless in the
// other, so that nobody can send our own back to us.
const (
	clientRole = "client"
	serverRole = "server"
)

// A channel is the TLS connection that a conversation runs in, as both sides
// see it and nobody else can make it.
type channel struct {
	login   [32]byte          // exporter, label loginLabel
	join    [32]byte          // exporter, label joinLabel
	fec     [32]byte          // exporter, label fecLabel
	holder  ed25519.PublicKey // the client's; nil in a client
	client  Fingerprint       // of it
	server  Fingerprint
	address string // of the other side, for messages
}

const (
	loginLabel = "EXPORTER-bargee-login"
	joinLabel  = "EXPORTER-bargee-join"
	fecLabel   = "EXPORTER-bargee-fec"
)

// bind returns what a proof is about: who makes it (role), in which connection,
// between which keys, after which hellos.
func (ch channel) bind(role string, hellos [sha256.Size]byte) []byte {
	b := []byte("bargee login v1 " + role + "\x00")
	b = append(b, ch.login[:]...)
	b = append(b, ch.client[:]...)
	b = append(b, ch.server[:]...)
	return append(b, hellos[:]...)
}

// isMalformed tells an unreadable message from a broken connection.
func isMalformed(err error) bool {
	return errors.Is(err, wire.ErrInvalid) || errors.Is(err, wire.ErrLimit) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
