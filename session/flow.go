package session

import (
	"io"

	"github.com/bargee/bargee/transport"
)

// An outlet writes to a data stream and counts what crosses it.
type outlet struct {
	s  *sender
	st transport.Stream
}

func (s *sender) outlet(st transport.Stream) io.Writer { return &outlet{s, st} }

// pieceSize is how much is written at a time: every piece is a sign of life.
const pieceSize = 256 << 10

func (o *outlet) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		var m int
		m, err = o.st.Write(b[:min(len(b), pieceSize)])
		o.s.ledger.wired(m)
		n, b = n+m, b[m:]
	}
	return n, err
}

// An inlet reads from a data stream and counts what crosses it.
type inlet struct {
	r  *receiver
	st transport.Stream
}

func (r *receiver) inlet(st transport.Stream) io.Reader { return &inlet{r, st} }

func (i *inlet) Read(b []byte) (int, error) {
	n, err := i.st.Read(b)
	i.r.ledger.wired(n)
	return n, err
}
