package dav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/bargee/bargee/session"
)

// A request is what is known of one request while it is answered. webdav asks its
// file system from one goroutine at a time.
type request struct {
	method   string
	replaces bool            // what stands at the destination goes, if all else succeeds
	modified time.Time       // that a file gets which is put; zero: now
	listed   map[string]info // of a PROPFIND, by key: what it listed need not be asked for again
	broken   error           // why what is being written is incomplete
	last     error           // what went wrong last
	aside    []aside
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// maxListed bounds what a PROPFIND remembers; what is more is asked for again.
const maxListed = 100_000

func (r *request) list(key string, i info) {
	if r.method == "PROPFIND" && len(r.listed) < maxListed {
		r.listed[key] = i
	}
}

// failed records err and returns it as webdav understands it: that asks by
// os.IsNotExist, which knows the errors of os only, and leaves names out of a
// listing that come with an *fs.PathError.
func (r *request) failed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	if list, ok := errors.AsType[*listError](err); ok {
		r.last = list.why
		return err
	}
	r.last = err
	switch session.KindOf(err) {
	case session.NotFound:
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	case session.Exists:
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrExist}
	}
	return err
}

// broke records that something that is being written will not be complete.
func (r *request) broke(err error) {
	if r.broken == nil {
		r.broken = err
	}
}

// statuses are what kinds of errors mean to a client, where webdav says 404 or 405
// of all. The other kinds are left to it.
var statuses = map[session.Kind]int{
	session.Permission: http.StatusForbidden, session.Refused: http.StatusForbidden,
	session.BadName: http.StatusBadRequest, session.Invalid: http.StatusConflict,
	session.NotAFile: http.StatusMethodNotAllowed, session.NotADirectory: http.StatusConflict,
	session.NoSpace: http.StatusInsufficientStorage, session.Limit: http.StatusInsufficientStorage,
	session.Busy: http.StatusLocked, session.Changed: http.StatusConflict,
	session.Unreachable: http.StatusGatewayTimeout, session.Timeout: http.StatusGatewayTimeout,
	session.Auth: http.StatusBadGateway, session.Version: http.StatusBadGateway,
	session.Protocol: http.StatusBadGateway, session.Integrity: http.StatusBadGateway,
	session.Interrupted: http.StatusServiceUnavailable, session.Cancelled: http.StatusServiceUnavailable,
	session.Internal: http.StatusInternalServerError,
}

// A response puts the status of what went wrong in place of webdav's. When that
// finds an error after it has begun to answer, the connection ends, so that the
// client does not take what it has for the whole.
type response struct {
	http.ResponseWriter
	r      *request
	status int
	mute   bool // what webdav says is about another status
}

func (w *response) WriteHeader(status int) {
	if w.status != 0 {
		if status >= http.StatusBadRequest {
			panic(http.ErrAbortHandler)
		}
		return
	}
	if own, ok := statuses[session.KindOf(w.r.last)]; ok && w.r.last != nil && status >= http.StatusBadRequest {
		status, w.mute = own, true
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.status = status
	w.ResponseWriter.WriteHeader(status)
	if w.mute {
		fmt.Fprintln(w.ResponseWriter, w.r.last)
	}
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.mute {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A body is that of a PUT. webdav closes, and so would keep, a file of which only
// a part came.
type body struct {
	io.ReadCloser
	r *request
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.r.broke(err)
	}
	return n, err
}

// A wait is a context that ends when nothing moves for too long.
type wait struct {
	context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	long   time.Duration
}

var errStalled = &session.Error{Kind: session.Timeout, Err: errors.New("the peer does not answer")}

func (f *fileSystem) wait(parent context.Context) *wait {
	ctx, cancel := context.WithCancelCause(parent)
	return &wait{ctx, cancel, time.AfterFunc(f.cfg.Wait, func() { cancel(errStalled) }), f.cfg.Wait}
}

func (w *wait) moved() { w.timer.Reset(w.long) }
func (w *wait) end()   { w.timer.Stop(); w.cancel(nil) }

// explain returns err, or that the wait was too long if that is behind it.
func (w *wait) explain(err error) error {
	if err != nil && context.Cause(w) == error(errStalled) {
		return errStalled
	}
	return err
}
