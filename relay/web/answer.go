package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
)

// Kinds of errors, as programs read them.
const (
	kindAuth        = "auth"
	kindBusy        = "busy"
	kindExists      = "exists"
	kindIntegrity   = "integrity"
	kindInternal    = "internal"
	kindInvalid     = "invalid"
	kindLimit       = "limit"
	kindNoSpace     = "no-space"
	kindNotFound    = "not-found"
	kindPermission  = "permission"
	kindTimeout     = "timeout"
	kindUnreachable = "unreachable"
	kindVersion     = "version"
)

// A refusal is an answer that is an error: its status, its kind, and a line for
// people that has nothing secret in it.
type refusal struct {
	status  int
	kind    string
	message string
	more    map[string]any    // beside "error" in the answer
	header  map[string]string // of it
	cause   error             // for the log
}

func (e *refusal) Error() string { return e.message }
func (e *refusal) Unwrap() error { return e.cause }

func refuse(status int, kind, message string) *refusal {
	return &refusal{status: status, kind: kind, message: message}
}

var (
	errNotFound = refuse(http.StatusNotFound, kindNotFound, "there is nothing like that")
	errMethod   = refuse(http.StatusMethodNotAllowed, kindInvalid, "the method is not for this")
	errAuth     = refuse(http.StatusUnauthorized, kindAuth, "this needs a key: Authorization: Bearer bgk_...")
	errBadKey   = refuse(http.StatusUnauthorized, kindAuth, "the key is not known, has expired or was revoked")
	errSlow     = refuse(http.StatusRequestTimeout, kindTimeout, "the body came too slowly")
	errTooLarge = refuse(http.StatusRequestEntityTooLarge, kindLimit, "the body is too large")
	errShort    = refuse(http.StatusBadRequest, kindInvalid, "the body is not whole, or not as was announced")
	errAway     = refuse(http.StatusServiceUnavailable, kindUnreachable, "the relay's store does not answer: try again")
	errInternal = refuse(http.StatusInternalServerError, kindInternal, "the relay could not do it; its log says why")
)

// refusalOf is what an error looks like from outside. What is not known is told
// without a word of it: it may have names of files in it, or secrets.
func refusalOf(err error) *refusal {
	var e *refusal
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &big):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlow
	}
	if e := storeRefusal(err); e != nil {
		e.cause = err
		return e
	}
	if errors.Is(err, context.Canceled) {
		return refuse(499, "cancelled", "who asked has gone") // as nginx says; nobody hears it
	}
	return &refusal{status: errInternal.status, kind: errInternal.kind, message: errInternal.message, cause: err}
}

// fail answers with an error.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	e := refusalOf(err)
	if note := noteOf(r); note != nil {
		note.Error, note.cause = e.message, e.cause
	}
	h := w.Header()
	for _, name := range []string{"Content-Length", "Etag", "Accept-Ranges", "Content-Disposition", "Last-Modified", "Content-Range"} {
		h.Del(name)
	}
	switch e.status {
	case http.StatusUnauthorized:
		h.Set("Www-Authenticate", `Bearer realm="bargee"`)
	case http.StatusServiceUnavailable, http.StatusLocked:
		h.Set("Retry-After", "5")
	case http.StatusRequestTimeout:
		h.Set("Connection", "close")
	}
	for k, v := range e.header {
		h.Set(k, v)
	}
	body := map[string]any{"error": map[string]string{"kind": e.kind, "message": e.message}}
	for k, v := range e.more {
		body[k] = v
	}
	answer(w, r, e.status, body)
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // of our own types
		status, b = errInternal.status, []byte(`{"error":{"kind":"internal","message":"no JSON"}}`)
	}
	b = append(b, '\n')
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // who does not listen any more
	}
}

// answerBytes writes raw bytes.
func answerBytes(w http.ResponseWriter, r *http.Request, status int, b []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b)
	}
}
