package transport

import (
	"errors"
	"fmt"
)

// Why a link could not be made, or came to its end. Errors of this package
// match one of them with errors.Is, and their text is one line in lower case.
var (
	// ErrAuth: the secret is wrong, or there is none where one is needed, on
	// either side.
	ErrAuth = errors.New("not let in")

	// ErrKeyChanged: the peer shows another key than the one that was pinned.
	// It matches ErrAuth too.
	ErrKeyChanged = fmt.Errorf("the peer's key changed: %w", ErrAuth)

	// ErrUnreachable: nothing answers, or what answered is gone.
	ErrUnreachable = errors.New("not reached")

	// ErrTimeout: the peer answered once and then fell silent.
	ErrTimeout = errors.New("no answer in time")

	// ErrBusy: the peer lets nobody in for now; trying later makes sense.
	ErrBusy = errors.New("busy")

	// ErrVersion: the two sides have no version of the protocol in common.
	ErrVersion = errors.New("no common version")

	// ErrProtocol: the peer broke the protocol, or is no bargee.
	ErrProtocol = errors.New("protocol broken")

	// ErrClosed: the link, the stream or the endpoint was closed, here or there.
	ErrClosed = errors.New("closed")
)

// An AbortError is what reads and writes return after one side aborted the stream.
type AbortError struct {
	Code AbortCode
}

func (e *AbortError) Error() string { return fmt.Sprintf("stream aborted with code %d", e.Code) }

// failure is an error whose text says all, and that matches kind.
type failure struct {
	kind  error
	text  string
	cause error // may be nil
}

func (f *failure) Error() string { return f.text }

func (f *failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.kind}
	}
	return []error{f.kind, f.cause}
}

// fail makes an error that matches kind. A %w in format is matched as well.
func fail(kind error, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &failure{kind: kind, text: err.Error(), cause: errors.Unwrap(err)}
}
