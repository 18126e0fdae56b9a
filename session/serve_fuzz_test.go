package session

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A recording is a stream whose peer has said all it will say.
type recording struct {
	said    *bytes.Reader
	answer  bytes.Buffer
	aborted bool
}

func (r *recording) Read(b []byte) (int, error)         { return r.said.Read(b) }
func (r *recording) Write(b []byte) (int, error)        { return r.answer.Write(b) }
func (r *recording) Close() error                       { return nil }
func (r *recording) Abort(transport.AbortCode)          { r.aborted = true }
func (r *recording) SetReadDeadline(t time.Time) error  { return nil }
func (r *recording) SetWriteDeadline(t time.Time) error { return nil }
func (r *recording) Lane() int                          { return 1 }
func (r *recording) Leaving() <-chan struct{}           { return nil }

// FuzzRequest answers whatever bytes a stream may begin with: no panic, an
// answer of the schema or an abort, and nothing outside of the jail touched.
// It holds M62.
func FuzzRequest(f *testing.F) {
	for _, req := range requests {
		if b, err := wire.Append(nil, req); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	old := slog.Default()
	f.Cleanup(func() { slog.SetDefault(old) })
	f.Fuzz(func(t *testing.T, said []byte) {
		// A panic is answered and logged; here it is what we look for.
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))

		top := t.TempDir()
		write(t, filepath.Join(top, "inside/file"), "content")
		write(t, filepath.Join(top, "outside"), secret)
		near, far := transport.Pipe()
		defer near.Close("the test is over")
		s := NewServer(ServerConfig{Tree: openDir(t, filepath.Join(top, "inside"))})
		v := &visit{
			s: s, link: far,
			requests: make(chan struct{}, 1), refusals: make(chan struct{}, 1), transfers: make(chan struct{}),
			watches: make(chan struct{}), walks: make(chan struct{}, 1),
		}
		take(v.requests)
		st := &recording{said: bytes.NewReader(said)}
		v.answer(context.Background(), st)

		if log.Len() > 0 {
			t.Errorf("%q: %s", said, log.Bytes())
		}
		if len(v.requests) > 0 {
			t.Error("the slot was not given back")
		}
		checkAnswer(t, said, st)
		if b, err := os.ReadFile(filepath.Join(top, "outside")); string(b) != secret {
			t.Errorf("%q: outside is %q, %v", said, b, err)
		}
		if list, err := os.ReadDir(top); err != nil || len(list) != 2 {
			t.Errorf("%q: there are %v, %v", said, list, err)
		}
	})
}

// checkAnswer holds the answer against the schema. There are no slots for
// transfers, so that each request is answered by one of these messages.
func checkAnswer(t *testing.T, said []byte, st *recording) {
	req := new(wire.Request)
	err := wire.Read(bufio.NewReader(bytes.NewReader(said)), req)
	_, isData := req.Ask.(*wire.Request_Data)
	if err != nil && !errors.Is(err, wire.ErrLimit) || err == nil && isData {
		if st.answer.Len() > 0 || !st.aborted {
			t.Errorf("%q: aborted %t, answer %q", said, st.aborted, st.answer.Bytes())
		}
		return
	}
	if err != nil {
		req.Ask = nil
	}
	switch req.Ask.(type) {
	case *wire.Request_List, *wire.Request_Names, *wire.Request_StatAll, *wire.Request_Find, *wire.Request_Glob:
		if st.answer.Len() == 0 {
			return // nothing is there
		}
	}
	m := answerFor(req)
	answer := bufio.NewReader(&st.answer)
	if err := wire.Read(answer, m); err != nil {
		t.Errorf("%q: the answer: %v", said, err)
	}
	rest, _ := io.ReadAll(answer)
	if _, isOpen := req.Ask.(*wire.Request_Open); len(rest) > 0 && !(isOpen && bytes.HasSuffix([]byte("content"), rest)) {
		t.Errorf("%q: after the answer comes %q", said, rest)
	}
}
