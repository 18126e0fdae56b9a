package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A Kind says why something failed, by the word that stands in JSON, on the
// screen and (as a number) on the wire. It is an error itself, so that
//
//	errors.Is(err, session.NotFound)
//
// holds for every *Error of that kind.
type Kind string

// The kinds of failure, and what they unwrap to.
const (
	Internal      Kind = "internal"        // a bug, or an error of the system that no kind fits
	Auth          Kind = "auth"            // secret, code or key refused
	Unreachable   Kind = "unreachable"     // no way to the peer
	Timeout       Kind = "timeout"         // context.DeadlineExceeded: the peer or the disk did not answer in time
	Busy          Kind = "busy"            // the client limit is reached, or another writer is at it
	Refused       Kind = "refused"         // fs.ErrPermission: the other side may, but does not want to: read-only, ...
	Version       Kind = "version"         // no common protocol version
	Protocol      Kind = "protocol"        // the peer broke the protocol
	NotFound      Kind = "not-found"       // fs.ErrNotExist
	Exists        Kind = "exists"          // fs.ErrExist
	NotAFile      Kind = "not-a-file"      // a directory, FIFO, device, ... where a file is needed
	NotADirectory Kind = "not-a-directory" // likewise
	BadName       Kind = "name"            // fs.ErrInvalid: a name that cannot be, see ErrPath
	Permission    Kind = "permission"      // fs.ErrPermission
	NoSpace       Kind = "no-space"        // disk or quota full
	Limit         Kind = "limit"           // a limit of the server or the protocol
	ChunkSize     Kind = "chunk-size"      // outside of the server's range
	Invalid       Kind = "invalid"         // fs.ErrInvalid: a request that makes no sense
	Integrity     Kind = "integrity"       // bytes that are not what they should be
	Changed       Kind = "changed"         // the file changed while it was sent
	Cancelled     Kind = "cancelled"       // given up by a person
	Interrupted   Kind = "interrupted"     // stopped, can be resumed
)

// kinds is the table between words and wire numbers.
var kinds = map[Kind]wire.Kind{
	Internal: wire.Kind_KIND_INTERNAL, Auth: wire.Kind_KIND_AUTH, Unreachable: wire.Kind_KIND_UNREACHABLE,
	Timeout: wire.Kind_KIND_TIMEOUT, Busy: wire.Kind_KIND_BUSY, Refused: wire.Kind_KIND_REFUSED,
	Version: wire.Kind_KIND_VERSION, Protocol: wire.Kind_KIND_PROTOCOL, NotFound: wire.Kind_KIND_NOT_FOUND,
	Exists: wire.Kind_KIND_EXISTS, NotAFile: wire.Kind_KIND_NOT_A_FILE, NotADirectory: wire.Kind_KIND_NOT_A_DIRECTORY,
	BadName: wire.Kind_KIND_NAME, Permission: wire.Kind_KIND_PERMISSION, NoSpace: wire.Kind_KIND_NO_SPACE,
	Limit: wire.Kind_KIND_LIMIT, ChunkSize: wire.Kind_KIND_CHUNK_SIZE, Invalid: wire.Kind_KIND_INVALID,
	Integrity: wire.Kind_KIND_INTEGRITY, Changed: wire.Kind_KIND_CHANGED, Cancelled: wire.Kind_KIND_CANCELLED,
	Interrupted: wire.Kind_KIND_INTERRUPTED,
}

var kindsByNumber = func() map[wire.Kind]Kind {
	m := make(map[wire.Kind]Kind, len(kinds))
	for k, n := range kinds {
		m[n] = k
	}
	return m
}()

// Error makes a Kind usable as the target of errors.Is.
func (k Kind) Error() string { return string(k) }

// Unwrap returns what the standard library calls that kind; nil where it has no
// word for it.
func (k Kind) Unwrap() error {
	switch k {
	case NotFound:
		return fs.ErrNotExist
	case Exists:
		return fs.ErrExist
	case Permission, Refused:
		return fs.ErrPermission
	case Invalid, BadName:
		return fs.ErrInvalid
	case Timeout:
		return context.DeadlineExceeded
	}
	return nil
}

// A Side says at which end something failed, as the words of JSON.
type Side string

// The sides.
const (
	Source      Side = "source"
	Destination Side = "destination"
	Relay       Side = "relay"
)

// Error is the error type of this package: what went wrong, at which end, with
// what. It matches its Kind and the fs sentinel of that kind by errors.Is.
type Error struct {
	Kind Kind
	Side Side  // "" where there is only one
	Path Path  // the root where it is about none
	Err  error // the cause, in words; never nil
}

// Error returns one line: what, where, why.
func (e *Error) Error() string {
	if e.Path.IsRoot() {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s: %v", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the Kind, and what that unwraps to.
func (e *Error) Is(target error) bool { return errors.Is(e.Kind, target) }

// newError returns an *Error about p with the words of format.
func newError(k Kind, p Path, format string, args ...any) *Error {
	return &Error{Kind: k, Path: p, Err: fmt.Errorf(format, args...)}
}

// KindOf returns the kind of err: that of the *Error in it, else what the
// errors of the system, of transport and of context amount to.
func KindOf(err error) Kind {
	var e *Error
	var k Kind
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.As(err, &k):
		return k
	}
	for _, m := range matches {
		if errors.Is(err, m.err) {
			return m.kind
		}
	}
	return systemKind(err)
}

// matches is looked through in order.
var matches = []struct {
	err  error
	kind Kind
}{
	{ErrPath, BadName},
	{wire.ErrInvalid, Protocol},
	{wire.ErrLimit, Limit},
	{transport.ErrAuth, Auth},
	{transport.ErrUnreachable, Unreachable},
	{transport.ErrTimeout, Timeout},
	{transport.ErrBusy, Busy},
	{transport.ErrNoRoom, Unreachable},
	{transport.ErrRoomBusy, Busy},
	{transport.ErrNoWeb, Refused},
	{transport.ErrVersion, Version},
	{transport.ErrProtocol, Protocol},
	{transport.ErrClosed, Interrupted},
	{context.Canceled, Cancelled},
	{context.DeadlineExceeded, Timeout},
	{os.ErrDeadlineExceeded, Timeout},
	{fs.ErrNotExist, NotFound},
	{fs.ErrExist, Exists},
	{fs.ErrPermission, Permission},
	{fs.ErrInvalid, Invalid},
	{errors.ErrUnsupported, Refused},
}

// about returns err as an *Error about p, its kind found by KindOf. An *Error
// that says already what it is about keeps that.
func about(p Path, err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Kind: KindOf(err), Path: p, Err: plain(err)}
	}
	if !e.Path.IsRoot() || p.IsRoot() {
		return e
	}
	filled := *e
	filled.Path = p
	return &filled
}

// plain takes the paths that the os package puts into err out again: ours say
// it better, and a server's own paths are none of the peer's business.
func plain(err error) error {
	for {
		switch e := err.(type) {
		case *fs.PathError:
			err = e.Err
		case *os.LinkError:
			err = e.Err
		case *os.SyscallError:
			err = e.Err
		default:
			return err
		}
	}
}

// maxMessage keeps the words of an error within the schema's 512 bytes.
const maxMessage = 500

// toWire returns err as it travels: its kind, its path in the served tree, and
// its words, cut to what the schema takes.
func toWire(err error) *wire.Error {
	e := about(Path{}, err)
	msg := sanitize(e.Err.Error())
	if len(msg) > maxMessage {
		msg = strings.ToValidUTF8(msg[:maxMessage], "")
	}
	return &wire.Error{Kind: kinds[e.Kind], Message: msg, Path: []byte(e.Path.raw)}
}

// fromWire returns what the peer said, with words that are fit to be shown. A
// peer that says nothing is given the words of the kind.
func fromWire(e *wire.Error) *Error {
	k, ok := kindsByNumber[e.GetKind()]
	if !ok {
		k = Internal
	}
	p, err := parseClean(string(e.GetPath()))
	if err != nil {
		p = Path{}
	}
	words := sanitize(e.GetMessage())
	if words == "" {
		words = "the peer gave up: " + string(k)
	}
	return &Error{Kind: k, Path: p, Err: errors.New(words)}
}

// The codes of aborted streams, as transfer.proto has them.
const (
	abortCancelled   transport.AbortCode = 1
	abortInterrupted transport.AbortCode = 2
	abortFailed      transport.AbortCode = 3
)

// codeOf is the code of a browsing stream that is aborted because of a failure
// of kind k: its number on the wire.
func codeOf(k Kind) transport.AbortCode { return transport.AbortCode(kinds[k]) }
