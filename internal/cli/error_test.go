package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

func TestExitCodes(t *testing.T) {
	of := func(k session.Kind) error { return &problem{err: &session.Error{Kind: k, Err: errors.New("x")}} }
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{of(session.NotFound), 1},
		{of(session.Integrity), 1},
		{of(session.Version), 1},
		{of(session.Cancelled), 1},
		{usage("x", ""), 2},
		{fmt.Errorf("more: %w", usage("x", "")), 2},
		{&partlyError{first: of(session.NotFound)}, 3},
		{&partlyError{all: true, first: of(session.Auth)}, 4},
		{of(session.Auth), 4},
		{&problem{err: transport.ErrKeyChanged}, 4},
		{of(session.Unreachable), 5},
		{of(session.Timeout), 5},
		{of(session.Busy), 5},
		{&problem{err: transport.ErrClosed}, 5},
		{&problem{err: errInterrupted}, 130},
	} {
		if got := exitCode(tt.err); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestErrorLine(t *testing.T) {
	below, err := session.ParsePath("a/b")
	if err != nil {
		t.Fatal(err)
	}
	remote := target{kind: knownTarget, name: "nas", path: "/a"}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"plain", failed("list", remote, errors.New("why")), "list nas:/a: why"},
		{"path below", failed("list", remote, &session.Error{Kind: session.NotFound, Path: below, Err: errors.New("gone")}), "list nas:/a/b: gone"},
		{"path of the system", failed("read", target{path: "x"}, &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}), "read x: file does not exist"},
		{"two lines", failed("list", remote, errors.New("one\ntwo\x1b[31m")), "list nas:/a: one; two\uFFFD[31m"},
		{"said twice", failed("connect to", remote, fmt.Errorf("dial: %w", errors.New("dial nas:1: no"))), "connect to nas:/a: no"},
		{"of a place", usage("why", "").about("do", "here"), "do here: why"},
		{"of none", usage("why", ""), "why"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A signal explains every failure that comes with it.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	if err := interrupted(ctx, ""); err != nil {
		t.Errorf("before: %v", err)
	}
	cancel(errInterrupted)
	if err := interrupted(ctx, "hint"); exitCode(err) != exitInterrupted || kindOf(err) != session.Interrupted {
		t.Errorf("after: %v", err)
	}
}
