package session

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/bargee/bargee/transport"
)

// This file is about the end of a transfer, for both halves. An end comes in
// one of three ways: all is over and both sides say so; one side says why it
// gives up, and ends the stream behind that; or the stream is aborted, by a
// person, by the machine or with its link.

// What an aborted manifest stream means, where nothing was said before.
var (
	errPeerCancelled   = &Error{Kind: Cancelled, Err: errors.New("cancelled by the other side")}
	errPeerInterrupted = &Error{Kind: Interrupted, Err: errors.New("interrupted by the other side")}
	errPeerFailed      = &Error{Kind: Internal, Err: errors.New("given up by the other side, which does not say why")}
)

// meaning returns what err, with which reading a manifest ended, says about the
// other side.
func meaning(err error) error {
	var a *transport.AbortError
	switch {
	case errors.Is(err, io.EOF):
		return newError(Protocol, Path{}, "the other side ended the transfer too early")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newError(Timeout, Path{}, "the other side does not take what is said to it")
	case !errors.As(err, &a):
		return err
	case a.Code == abortCancelled:
		return errPeerCancelled
	case a.Code == abortInterrupted:
		return errPeerInterrupted
	}
	return errPeerFailed
}

// abortCodeOf returns the code that tells the other end why we give up. A
// context that ended for no reason of its own is a program that stops: what
// there is stays.
func abortCodeOf(err error) transport.AbortCode {
	if errors.Is(err, context.Canceled) {
		return abortInterrupted
	}
	switch KindOf(err) {
	case Cancelled:
		return abortCancelled
	case Interrupted, Unreachable, Timeout:
		return abortInterrupted
	}
	return abortFailed
}

// A speaker is the writing goroutine of a manifest stream. It gives the other
// side time to tell why it takes no more: to abort at once would throw its
// words away.
type speaker struct {
	st   transport.Stream
	done chan struct{}
}

func speak(ctx context.Context, out *outbox, st transport.Stream) *speaker {
	s := &speaker{st, make(chan struct{})}
	go func() {
		defer close(s.done)
		if out.run(ctx, st) != nil {
			st.SetReadDeadline(time.Now().Add(dataPatience))
		}
	}()
	return s
}

// finish waits until all is written that was sent before the outbox was closed.
func (s *speaker) finish() {
	s.st.SetWriteDeadline(time.Now().Add(dataPatience))
	<-s.done
}
