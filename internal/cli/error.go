package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3
	exitAuth        = 4
	exitUnreached   = 5
	exitInterrupted = 130
)

// A problem is an error as it is told to people:
//
//	bargee: <what> <where>: <why>
//	<hint>
type problem struct {
	what  string // the verb, "list"; may be empty, as may where
	where string // fit to be shown
	err   error
	hint  string
	usage bool // of the caller: exit code 2
}

// usage returns a problem of how bargee was called.
func usage(why, hint string) *problem {
	return &problem{err: errors.New(why), hint: hint, usage: true}
}

// about returns p with what was tried on what.
func (p problem) about(what, where string) *problem {
	p.what, p.where = what, where
	return &p
}

// failed returns err as a problem with what was tried on t; nil stays nil.
func failed(what string, t target, err error) error {
	var p *problem
	if err == nil || errors.As(err, &p) {
		return err
	}
	return problemOf(what, t, err)
}

// problemOf returns err as a problem with what was tried on t.
func problemOf(what string, t target, err error) *problem {
	return &problem{what: what, where: whereIs(t, err), err: err, hint: hintFor(t, err)}
}

// whereIs returns the place that err is about: t, or what lies below it.
func whereIs(t target, err error) string {
	var e *session.Error
	if !t.isLocal() && errors.As(err, &e) && !e.Path.IsRoot() {
		return t.shown() + e.Path.String()
	}
	return t.String()
}

// Error returns the line without "bargee: " in front.
func (p *problem) Error() string {
	what, where := p.what, p.where
	if where == "" { // then reason may take the only name of a file away
		var of *session.Error
		var pe *fs.PathError
		if !errors.As(p.err, &of) && errors.As(p.err, &pe) {
			what, where = cmp.Or(what, pe.Op), session.Display(pe.Path)
		}
	}
	head := strings.TrimSpace(what + " " + where)
	if head == "" {
		return reason(p.err)
	}
	return head + ": " + reason(p.err)
}

func (p *problem) Unwrap() error { return p.err }

// reason returns the words of err on one line, without the path that the line
// has already. What is not printable in them may come from a peer.
func reason(err error) string {
	var e *session.Error
	var pe *fs.PathError
	var le *os.LinkError
	var se *os.SyscallError
	switch {
	case errors.As(err, &e):
		err = e.Err
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	case errors.As(err, &se):
		err = se.Err
	}
	return oneLine(withoutDial(err.Error()))
}

// withoutDial takes "dial: " and "dial HOST:PORT: " away: the line says before
// where we were going.
func withoutDial(s string) string {
	s = strings.TrimPrefix(s, "dial: ")
	if rest, ok := strings.CutPrefix(s, "dial "); ok {
		if _, why, ok := strings.Cut(rest, ": "); ok {
			return why
		}
	}
	return s
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r != ' ' && !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ReplaceAll(strings.TrimSpace(s), "\n", "; "))
}

// hintFor says what to do about err, in one line.
func hintFor(t target, err error) string {
	var ssh *sshError
	switch {
	case errors.As(err, &ssh):
		return ssh.hint
	case errors.Is(err, transport.ErrKeyChanged):
		if t.kind == knownTarget {
			return "if bargee key show prints that key there: bargee peer forget " + t.name + ", then connect with its token again"
		}
		return "if that is expected, forget the old key with bargee peer forget, then connect again"
	case errors.Is(err, transport.ErrUnknownPeer):
		return "bargee peer list shows the known ones; bargee://HOST/ and ssh://" + t.name + "/ are addresses of others"
	}
	switch kind := session.KindOf(err); {
	case t.kind == codeTarget && kind == session.Auth:
		return "a code is good for one machine, for minutes, and for three tries: ask for the one that is shown there now"
	case t.kind == codeTarget && (kind == session.Unreachable || kind == session.NotFound):
		return "does the other side wait still, and is the code whole? With a relay it ends in @ and the relay's name"
	}
	switch session.KindOf(err) {
	case session.Auth:
		return "give its token with --token-file FILE or BARGEE_TOKEN_FILE"
	case session.Unreachable:
		return "is bargee serve running there, and may UDP pass to that port?"
	case session.NotFound:
		if t.kind == localTarget && strings.Contains(t.path, ":") {
			return "if a peer is meant: its name has at least 2 characters and no slash"
		}
	}
	return ""
}

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var p *problem
	var partly *partlyError
	var ended roleEnded
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &ended):
		return ended.code
	case errors.As(err, &partly) && partly.all:
		return exitCode(partly.first)
	case errors.As(err, &partly):
		return exitPartly
	case errors.As(err, &p) && p.usage:
		return exitUsage
	}
	switch kindOf(err) {
	case session.Auth:
		return exitAuth
	case session.Unreachable, session.Timeout, session.Busy:
		return exitUnreached
	case session.Interrupted:
		return exitInterrupted
	}
	return exitFailed
}

// kindOf returns the kind of err as JSON has it.
func kindOf(err error) session.Kind {
	var p *problem
	switch {
	case errors.As(err, &p) && p.usage:
		return session.Invalid
	case errors.Is(err, errInterrupted):
		return session.Interrupted
	case errors.Is(err, transport.ErrClosed): // by the peer: nobody interrupted us
		return session.Unreachable
	}
	return session.KindOf(err)
}

// errInterrupted is the cause of the context after SIGINT, SIGTERM and SIGHUP.
var errInterrupted = errors.New("interrupted")

// errHungUp is that cause if the terminal is gone.
var errHungUp = fmt.Errorf("%w: the terminal is gone", errInterrupted)

// interrupted returns the problem of a command that a signal ended, with hint
// on how to go on; nil if none came.
func interrupted(ctx context.Context, hint string) error {
	if !errors.Is(context.Cause(ctx), errInterrupted) {
		return nil
	}
	return &problem{err: errInterrupted, hint: hint}
}

// A partlyError ends a command that did what it could, and has told what it
// could not.
type partlyError struct {
	all   bool  // nothing succeeded
	first error // of the failures
}

func (e *partlyError) Error() string { return "some items failed" }
