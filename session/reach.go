package session

import (
	"context"

	"github.com/bargee/bargee/transport"
)

// A DialFunc is a Reach of one function, for programs that keep no peers of their
// own: as long as a link dies and Dial succeeds again, transfers go on.
type DialFunc func(ctx context.Context, target, secret string) (transport.Link, error)

// Dial calls f.
func (f DialFunc) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	return f(ctx, target, secret)
}

// Known returns nobody.
func (f DialFunc) Known() []KnownPeer { return nil }

// Pin is refused.
func (f DialFunc) Pin(transport.Link, string, string) error {
	return newError(Refused, Path{}, "no peers are kept here")
}
