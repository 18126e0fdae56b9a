package transport

import (
	"errors"
	"io"
	"os"

	"github.com/quic-go/quic-go"
)

// explain turns what quic-go says about the end of a connection to address
// into an error of ours.
func explain(err error, address string) error {
	var (
		app       *quic.ApplicationError
		transport *quic.TransportError
		idle      *quic.IdleTimeoutError
		handshake *quic.HandshakeTimeoutError
		reset     *quic.StatelessResetError
		version   *quic.VersionNegotiationError
		ours      *failure
	)
	switch {
	case err == nil || errors.As(err, &ours):
		return err
	case errors.As(err, &app) && app.Remote:
		return explainClose(app, address)
	case errors.As(err, &app):
		return fail(ErrClosed, "the link to %s was closed here", address)
	case errors.As(err, &idle):
		return fail(ErrTimeout, "%s fell silent", address)
	case errors.As(err, &handshake):
		return fail(ErrUnreachable, "no answer from %s", address)
	case errors.As(err, &reset):
		return fail(ErrUnreachable, "%s was restarted", address)
	case errors.As(err, &version):
		return fail(ErrVersion, "%s speaks no QUIC version 1", address)
	case errors.Is(err, quic.ErrTransportClosed):
		return fail(ErrClosed, "the endpoint was closed")
	case errors.As(err, &transport):
		return explainTransport(transport, address)
	}
	return fail(ErrUnreachable, "%s: %w", address, err)
}

func explainClose(e *quic.ApplicationError, address string) error {
	switch e.ErrorCode {
	case codePenalty:
		return fail(ErrBusy, "%s does not listen to this address: %s", address, printable(e.ErrorMessage))
	case codeRefused:
		return fail(ErrAuth, "%s refuses: %s", address, printable(e.ErrorMessage))
	case codeLimit:
		return fail(ErrTimeout, "%s cut the connection off: %s", address, printable(e.ErrorMessage))
	}
	return fail(ErrClosed, "%s closed the link: %s", address, printable(e.ErrorMessage))
}

func explainTransport(e *quic.TransportError, address string) error {
	switch {
	case e.ErrorCode == quic.ConnectionRefused:
		return fail(ErrBusy, "%s takes no more connections from this address now: try again later", address)
	case e.ErrorCode.IsCryptoError():
		return fail(ErrProtocol, "%s is no bargee of this kind: %w", address, e)
	case e.ErrorCode == quic.NoViablePathError:
		return fail(ErrUnreachable, "no path to %s is left", address)
	}
	return fail(ErrProtocol, "the connection to %s broke: %w", address, e)
}

// isSilence tells whether a connection ended because nothing was heard.
func isSilence(err error) bool {
	var idle *quic.IdleTimeoutError
	var handshake *quic.HandshakeTimeoutError
	return errors.As(err, &idle) || errors.As(err, &handshake)
}

// closedByPeer tells whether the peer ended the link, not just a lane.
func closedByPeer(err error) bool {
	var app *quic.ApplicationError
	return errors.As(err, &app) && app.Remote && app.ErrorCode == codeClosed
}

// closedHere reports that it was us who closed a connection.
func closedHere(err error) bool {
	var app *quic.ApplicationError
	return errors.As(err, &app) && !app.Remote
}

// explainStream does for reads and writes of a stream what explain does for
// connections.
func explainStream(err error, address string) error {
	var aborted *quic.StreamError
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.As(err, &aborted):
		return &AbortError{Code: AbortCode(aborted.ErrorCode)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return err
	}
	return explain(err, address)
}
