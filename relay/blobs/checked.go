package blobs

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"lukechampine.com/blake3"
)

// Algorithms are the digests that a store may go by.
var Algorithms = map[string]func() hash.Hash{
	"sha256": sha256.New,
	"blake3": func() hash.Hash { return blake3.New(32, nil) },
}

// A checked body ends with io.EOF only if it has had the digest it should; else with
// ErrMismatch, so that who stores it stores nothing.
type checked struct {
	r    io.Reader
	hash hash.Hash
	want Digest
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.hash.Write(p[:n])
	if err == io.EOF {
		return n, c.judge()
	}
	return n, err
}

// Verify reads a body to its end, and says ErrMismatch if it has not the digest d.
func (s *Store) Verify(d Digest, r io.Reader) error {
	_, err := io.Copy(io.Discard, &checked{r: r, hash: s.newHash(), want: d})
	return err
}

// judge is what the end of the body means.
func (c *checked) judge() error {
	if got := Digest(c.hash.Sum(nil)); got != c.want {
		return fmt.Errorf("%w: the bytes have the digest %s", ErrMismatch, got)
	}
	return io.EOF
}

// A long body is read and hashed while what came before is written.
const (
	longBody  = 4 << 20
	readAhead = 4 // buffers
	aheadSize = 512 << 10
)

// ahead reads r in a goroutine of its own, a few buffers in advance. stop ends it; r
// is its until then.
type ahead struct {
	full  chan piece
	empty chan []byte
	done  chan struct{} // closed by stop
	ended chan struct{} // closed when the goroutine is
	now   piece
	rest  []byte
}

type piece struct {
	buffer []byte
	n      int
	err    error
}

func newAhead(r io.Reader) *ahead {
	a := &ahead{full: make(chan piece, readAhead), empty: make(chan []byte, readAhead), done: make(chan struct{}), ended: make(chan struct{})}
	for range readAhead {
		a.empty <- make([]byte, aheadSize)
	}
	go a.run(r)
	return a
}

func (a *ahead) run(r io.Reader) {
	defer close(a.ended)
	for {
		select {
		case b := <-a.empty:
			n, err := fill(r, b)
			a.full <- piece{b, n, err} // there is room for all buffers
			if err != nil {
				return
			}
		case <-a.done:
			return
		}
	}
}

// fill is io.ReadFull that keeps r's own error, and what came before it.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.buffer != nil {
			a.empty <- a.now.buffer
		}
		a.now = <-a.full
		a.rest = a.now.buffer[:a.now.n]
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// stop waits until nobody reads r any more.
func (a *ahead) stop() {
	close(a.done)
	<-a.ended
}
