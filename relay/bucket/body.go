package bucket

import (
	"fmt"
	"io"
)

// An exact reads a body of which size bytes were announced. It ends with io.EOF only
// where it has been just as long, and withholds its last bytes until it knows: who
// stores what it reads, and stops at an error, never stores a body of another length.
type exact struct {
	r     io.Reader
	left  int64
	ended bool // it was seen to be as long as announced
}

func (e *exact) Read(p []byte) (int, error) {
	if e.left == 0 {
		if !e.ended { // a body of no bytes
			return 0, e.end()
		}
		return 0, io.EOF
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.r.Read(p)
	if int64(n) < e.left {
		if err == io.EOF {
			return 0, fmt.Errorf("it ends %d bytes early: %w", e.left-int64(n), ErrLength)
		}
		e.left -= int64(n)
		return n, err
	}
	if err == nil { // the last of what was announced: it must be the last there is
		err = e.end()
	}
	if err != nil && err != io.EOF {
		return 0, err
	}
	e.left, e.ended = 0, true
	return n, nil
}

// end returns io.EOF if nothing follows.
func (e *exact) end() error {
	var one [1]byte
	for range 100 { // as io.ErrNoProgress
		switch n, err := e.r.Read(one[:]); {
		case n > 0:
			return fmt.Errorf("more follows: %w", ErrLength)
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}
