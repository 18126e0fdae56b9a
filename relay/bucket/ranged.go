package bucket

import (
	"errors"
	"fmt"
	"io"
)

// A ranged reads an object that is far away. It is open at a place; who reads from
// another one pays for another request.
type ranged struct {
	body io.ReadCloser // at place `from`; nil: none
	from int64
	at   int64 // where the next Read is to begin
	size int64
	open func(at int64) (io.ReadCloser, error)
}

func (r *ranged) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.body != nil && r.from != r.at {
		r.body.Close()
		r.body = nil
	}
	if r.body == nil {
		body, err := r.open(r.at)
		if err != nil {
			return 0, err
		}
		r.body, r.from = body, r.at
	}
	n, err := r.body.Read(p)
	r.at += int64(n)
	r.from = r.at
	if err == io.EOF && r.at < r.size {
		err = fmt.Errorf("%w: it ended %d bytes early", ErrUnavailable, r.size-r.at)
	}
	return n, err
}

var errSeek = errors.New("before the beginning")

func (r *ranged) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.at, errSeek
	}
	r.at = offset
	return offset, nil
}

func (r *ranged) Close() error {
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body, r.at = nil, r.size
	return body.Close()
}
