package web

import (
	"errors"
	"io/fs"
	"net/http"

	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
)

// What the errors of the stores are in HTTP, the first that fits. Their text is for
// people where there are no words here.
var storeErrors = []struct {
	err    error
	status int
	kind   string
	words  string // "": the error's own
}{
	{drops.ErrInvalid, http.StatusBadRequest, kindInvalid, ""},
	{drops.ErrOwner, http.StatusUnauthorized, kindAuth, "that is not the secret of who began the drop"},
	{drops.ErrClaim, http.StatusForbidden, kindAuth, "its downloads are counted: POST take first, and show Bargee-Claim"},
	{drops.ErrMismatch, http.StatusUnprocessableEntity, kindIntegrity, "the bytes are not what their digest says"},
	{drops.ErrExists, http.StatusConflict, kindExists, "there is another drop of that id, or it is complete already"},
	{drops.ErrGone, http.StatusGone, kindNotFound, ""},
	{drops.ErrNotFound, http.StatusNotFound, kindNotFound, "there is nothing like that"},
	{drops.ErrLimit, http.StatusRequestEntityTooLarge, kindLimit, ""},
	{bucket.ErrNoSpace, http.StatusInsufficientStorage, kindNoSpace, "the relay's disk is full"},
	{drops.ErrNoSpace, http.StatusInsufficientStorage, kindLimit, ""},
	{drops.ErrVersion, http.StatusNotImplemented, kindVersion, "a newer relay has stored it, in a way that this one does not know"},
	{drops.ErrDamaged, http.StatusInternalServerError, kindIntegrity, "it is damaged in the relay's store"},
	{drops.ErrUnavailable, http.StatusServiceUnavailable, kindUnreachable, errAway.message},

	{blobs.ErrNotFound, http.StatusNotFound, kindNotFound, "there is nothing like that"},
	{blobs.ErrMismatch, http.StatusUnprocessableEntity, kindIntegrity, "the bytes are not what their digest says"},
	{blobs.ErrInvalid, http.StatusBadRequest, kindInvalid, ""},
	{blobs.ErrTooLarge, http.StatusRequestEntityTooLarge, kindLimit, ""},
	{blobs.ErrBusy, http.StatusLocked, kindBusy, "another request is about this: try again"},
	{blobs.ErrOffset, http.StatusConflict, kindInvalid, "the piece does not begin at the end of what is there"},

	{bucket.ErrLength, http.StatusBadRequest, kindInvalid, "the body is not as long as was announced"},
	{bucket.ErrRefused, http.StatusServiceUnavailable, kindUnreachable, "the relay's store refuses it: its log says why"},
	{bucket.ErrUnavailable, http.StatusServiceUnavailable, kindUnreachable, errAway.message},
	{fs.ErrNotExist, http.StatusNotFound, kindNotFound, "there is nothing like that"},
}

// storeRefusal is what an error of a store is, or nil.
func storeRefusal(err error) *refusal {
	var missing *drops.MissingError
	if errors.As(err, &missing) {
		e := refuse(http.StatusConflict, kindInvalid, missing.Error())
		e.more = map[string]any{"missing": missing.Count}
		return e
	}
	for _, s := range storeErrors {
		if errors.Is(err, s.err) {
			words := s.words
			if words == "" {
				words = err.Error()
			}
			return refuse(s.status, s.kind, words)
		}
	}
	return nil
}
