package depot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/bargee/bargee/session"
)

// errSlow ends a request that does not move.
var errSlow = errors.New("no progress for too long")

// notReached is what a request came to that had no answer.
func notReached(ctx context.Context, err error) error {
	var known *session.Error
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errSlow):
		return &session.Error{Kind: session.Timeout, Side: session.Relay, Err: fmt.Errorf("the relay does not answer: %w", errSlow)}
	case cause != nil:
		return &session.Error{Kind: session.Interrupted, Err: cause}
	case errors.As(err, &known):
		return known
	}
	return &session.Error{Kind: session.Unreachable, Side: session.Relay, Err: fmt.Errorf("the relay: %w", err)}
}

// kindsOfStatus are for answers that say no kind, as those of a proxy.
var kindsOfStatus = map[int]session.Kind{
	http.StatusBadRequest:            session.Invalid,
	http.StatusUnauthorized:          session.Auth,
	http.StatusForbidden:             session.Auth,
	http.StatusNotFound:              session.NotFound,
	http.StatusGone:                  session.NotFound,
	http.StatusConflict:              session.Exists,
	http.StatusRequestEntityTooLarge: session.Limit,
	http.StatusUnprocessableEntity:   session.Integrity,
	http.StatusTooManyRequests:       session.Busy,
	http.StatusInsufficientStorage:   session.Limit,
	http.StatusBadGateway:            session.Unreachable,
	http.StatusServiceUnavailable:    session.Busy,
	http.StatusGatewayTimeout:        session.Timeout,
}

// kindsOfAPI are what the relay may say; others are of a newer one.
var kindsOfAPI = map[session.Kind]bool{
	session.Limit: true, session.NotFound: true, session.Integrity: true, session.Auth: true, session.Busy: true,
	session.NoSpace: true, session.Invalid: true, session.Exists: true, session.Unreachable: true, session.Internal: true,
	session.Refused: true, session.Timeout: true, session.Version: true,
}

// refusal reads an answer that is an error: at most 64 KiB of it.
func refusal(resp *http.Response) error {
	var m struct {
		Error struct {
			Kind    session.Kind `json:"kind"`
			Message string       `json:"message"`
		} `json:"error"`
		Missing *int `json:"missing"`
	}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	_ = json.Unmarshal(b, &m)
	if resp.StatusCode == http.StatusConflict && m.Missing != nil {
		return &session.Error{Kind: session.Interrupted, Side: session.Relay, Err: fmt.Errorf("%d %w", *m.Missing, session.ErrMissing)}
	}
	kind := m.Error.Kind
	if !kindsOfAPI[kind] {
		kind = kindsOfStatus[resp.StatusCode]
	}
	if kind == "" {
		kind = session.Internal
	}
	text := session.Display(m.Error.Message)
	if len(text) > 300 {
		text = text[:300]
	}
	if text == "" {
		text = fmt.Sprintf("the relay answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return &session.Error{Kind: kind, Side: session.Relay, Err: answered(text)}
}

// answered is what a relay said.
type answered string

func (a answered) Error() string { return string(a) }

// Answered tells whether an error is a relay's answer: it was reached.
func Answered(err error) bool {
	var a answered
	return errors.As(err, &a)
}
