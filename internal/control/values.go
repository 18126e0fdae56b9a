package control

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// What travels is written by these functions and read by their counterparts,
// which take nothing that the schema's limits let pass and Go's types do not.

// errSays is what decoders return for a value that cannot be.
func errSays(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, wire.ErrInvalid)...)
}

func putTime(t time.Time) *wire.QueueTime {
	if t.IsZero() {
		return nil
	}
	return &wire.QueueTime{S: t.Unix(), Ns: uint32(t.Nanosecond())}
}

// The years 1 to 9999 in seconds since 1970: with far-off ones time.Time counts
// round.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

func takeTime(t *wire.QueueTime) time.Time {
	if t == nil {
		return time.Time{}
	}
	return time.Unix(min(max(t.S, firstSecond), lastSecond), int64(t.Ns))
}

func takePath(b []byte) (session.Path, error) {
	p, err := session.ParsePath(string(b))
	if err != nil {
		return p, errSays("a path: %v", err)
	}
	return p, nil
}

// How long texts may be, by the schema.
const (
	maxMessage = 2048
	maxAddress = 8192
	maxShort   = 256
)

func putError(err error) *wire.QueueError {
	if err == nil {
		return nil
	}
	out := &wire.QueueError{Kind: string(session.KindOf(err)), Message: clip(err.Error(), maxMessage)}
	var e *session.Error
	if errors.As(err, &e) {
		out.Side, out.Path, out.Message = string(e.Side), []byte(e.Path.Raw()), clip(e.Err.Error(), maxMessage)
	}
	return out
}

// clip returns s as a string field takes it that has room for so many bytes.
func clip(s string, room int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > room {
		s = strings.ToValidUTF8(s[:room], "")
	}
	return s
}

// takeError returns the error that was told, an *session.Error; nil for none.
func takeError(e *wire.QueueError) error {
	if e == nil {
		return nil
	}
	path, err := takePath(e.Path)
	if err != nil {
		path = session.Path{}
	}
	out := &session.Error{Kind: session.Kind(word(e.Kind)), Side: session.Side(word(e.Side)), Path: path, Err: errors.New(e.Message)}
	if out.Kind == "" {
		out.Kind = session.Internal
	}
	return out
}

// word returns s if it looks like one of JSON's, else "".
func word(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }) {
		return ""
	}
	return s
}

func putEntry(e session.Entry) *wire.Entry {
	out := &wire.Entry{Name: []byte(e.Name), Kind: wire.EntryKind(e.Kind), Size: uint64(max(e.Size, 0)), Mode: uint32(e.Mode & 0o7777), Target: []byte(e.Target)}
	if !e.Modified.IsZero() {
		out.ModifiedS, out.ModifiedNs = e.Modified.Unix(), uint32(e.Modified.Nanosecond())
	}
	return out
}

func takeEntry(e *wire.Entry) session.Entry {
	out := session.Entry{
		Name: string(e.GetName()), Kind: session.EntryKind(e.GetKind()), Size: int64(e.GetSize()),
		Mode: fs.FileMode(e.GetMode()), Target: string(e.GetTarget()),
	}
	if e.GetModifiedS() != 0 || e.GetModifiedNs() != 0 {
		out.Modified = takeTime(&wire.QueueTime{S: e.GetModifiedS(), Ns: e.GetModifiedNs()})
	}
	return out
}

func putItem(it session.Item) *wire.QueueItem {
	return &wire.QueueItem{
		Path: []byte(it.Path.Raw()), Name: []byte(it.Name.Raw()), Kind: wire.EntryKind(it.Kind),
		Size: uint64(max(it.Size, 0)), Sent: uint64(max(it.Sent, 0)), Reused: uint64(max(it.Reused, 0)),
		Result: string(it.Result), Digest: it.Digest, Error: putError(it.Err),
	}
}

func takeItem(m *wire.QueueItem) (session.Item, error) {
	path, err := takePath(m.GetPath())
	if err != nil {
		return session.Item{}, err
	}
	name, err := takePath(m.GetName())
	if err != nil {
		return session.Item{}, err
	}
	switch r := session.Result(m.GetResult()); r {
	case session.Copied, session.Resumed, session.Skipped, session.Unchanged, session.Failed:
	default:
		return session.Item{}, errSays("a result %q", m.GetResult())
	}
	return session.Item{
		Path: path, Name: name, Kind: session.EntryKind(m.GetKind()),
		Size: int64(m.GetSize()), Sent: int64(m.GetSent()), Reused: int64(m.GetReused()),
		Result: session.Result(m.GetResult()), Digest: m.GetDigest(), Err: takeError(m.GetError()),
	}, nil
}

func milliseconds(d time.Duration) uint64 { return uint64(max(d, 0).Milliseconds()) }

func fromMilliseconds(ms uint64) time.Duration { return time.Duration(ms) * time.Millisecond }
