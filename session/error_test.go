package session

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// Every kind has one word, one number, and survives the way to the peer.
func TestErrorsTravelBothWays(t *testing.T) {
	for number, name := range wire.Kind_name {
		k, ok := kindsByNumber[wire.Kind(number)]
		if !ok {
			t.Errorf("%s has no word", name)
			continue
		}
		if want := "KIND_" + strings.ToUpper(strings.ReplaceAll(string(k), "-", "_")); name != want {
			t.Errorf("%s is the number of %q", name, k)
		}
		sent := newError(k, at(t, "a/\x1b\xff"), "why %s", Display("\x1b]0;"))
		var b bytes.Buffer
		must(t, wire.Write(&b, toWire(sent)))
		read := new(wire.Error)
		must(t, wire.Read(bufio.NewReader(&b), read))
		if got := fromWire(read); got.Kind != k || got.Path != sent.Path || got.Error() != sent.Error() || !errors.Is(got, k) {
			t.Errorf("%v became %v", sent, got)
		}
	}
	if len(kinds) != len(wire.Kind_name) {
		t.Errorf("%d kinds have %d numbers", len(kinds), len(wire.Kind_name))
	}
}

// What a peer says is for people: cut to the limit, with nothing in it that
// steers a terminal, and a path in it is a path.
// It holds M75.
func TestErrorsOfPeersAreTamed(t *testing.T) {
	e := toWire(newError(Internal, Path{}, "%s", strings.Repeat("\x1bé", 1000)))
	if len(e.Message) > 512 || proto.Size(e) == 0 {
		t.Errorf("%d bytes of message", len(e.Message))
	}
	got := fromWire(&wire.Error{Kind: 999, Message: "\x1b[2J\u202e", Path: []byte("../../etc")})
	if got.Kind != Internal || !got.Path.IsRoot() || got.Error() != `\x1b[2J\u202e` {
		t.Errorf("got %q of kind %s", got, got.Kind)
	}
	if got := fromWire(&wire.Error{Kind: wire.Kind_KIND_BUSY}).Error(); got != "the peer gave up: busy" {
		t.Errorf("an error without words: %q", got)
	}
}

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{errors.New("what?"), Internal},
		{newError(Changed, Path{}, "x"), Changed},
		{fmt.Errorf("more: %w", newError(Busy, Path{}, "x")), Busy},
		{fmt.Errorf("more: %w", Integrity), Integrity},
		{transport.ErrAuth, Auth},
		{transport.ErrKeyChanged, Auth},
		{transport.ErrUnreachable, Unreachable},
		{transport.ErrNoRoom, Unreachable},
		{transport.ErrRoomBusy, Busy},
		{transport.ErrTimeout, Timeout},
		{transport.ErrBusy, Busy},
		{transport.ErrVersion, Version},
		{transport.ErrProtocol, Protocol},
		{transport.ErrClosed, Interrupted},
		{context.Canceled, Cancelled},
		{context.DeadlineExceeded, Timeout},
		{os.ErrDeadlineExceeded, Timeout},
		{wire.ErrInvalid, Protocol},
		{wire.ErrLimit, Limit},
		{ErrPath, BadName},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, NotFound},
		{&os.LinkError{Op: "rename", Err: syscall.EEXIST}, Exists},
		{syscall.EACCES, Permission},
		{syscall.EPERM, Permission},
		{syscall.ENOSPC, NoSpace},
		{syscall.ENOTDIR, NotADirectory},
		{errors.ErrUnsupported, Refused},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%v is %s, want %s", c.err, got, c.want)
		}
	}
}

func TestErrorMatchesTheSentinelsOfOthers(t *testing.T) {
	for k, target := range map[Kind]error{
		NotFound: fs.ErrNotExist, Exists: fs.ErrExist, Permission: fs.ErrPermission, Refused: fs.ErrPermission,
		Invalid: fs.ErrInvalid, BadName: fs.ErrInvalid, Timeout: context.DeadlineExceeded,
	} {
		if err := error(newError(k, Path{}, "x")); !errors.Is(err, target) || !errors.Is(err, k) || errors.Is(err, io.EOF) {
			t.Errorf("%s does not match %v", k, target)
		}
	}
}

// about fills in what is missing and overwrites nothing.
func TestAbout(t *testing.T) {
	p, q := at(t, "p"), at(t, "q")
	var e *Error
	for _, c := range []struct {
		err  error
		path Path
		text string
	}{
		{newError(Busy, Path{}, "why"), p, "/p: why"},
		{newError(Busy, q, "why"), q, "/q: why"},
		{&fs.PathError{Op: "openat", Path: "/srv/private/x", Err: syscall.ENOENT}, p, "/p: no such file or directory"},
		{&os.LinkError{Op: "rename", Old: "/srv/a", New: "/srv/b", Err: os.NewSyscallError("x", syscall.EEXIST)}, p, "/p: file exists"},
	} {
		if err := about(p, c.err); !errors.As(err, &e) || e.Path != c.path || err.Error() != c.text {
			t.Errorf("about(/p, %v) = %v", c.err, err)
		}
	}
	shared := newError(Busy, Path{}, "shared")
	about(p, shared)
	if !shared.Path.IsRoot() {
		t.Error("about changed the error it was given")
	}
}

func wantOneOf(t *testing.T, what string, err error, kinds ...Kind) {
	t.Helper()
	for _, k := range kinds {
		if errors.Is(err, k) {
			return
		}
	}
	t.Errorf("%s: kind %s (%v), want one of %v", what, KindOf(err), err, kinds)
}
