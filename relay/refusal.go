package relay

import (
	"fmt"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A refusal is why a relay does not do what was asked: an error here, a message
// of the protocol for the peer.
type refusal struct {
	why   wire.RelayRefusal_Why
	words string
	wait  time.Duration // when it may be tried again; 0: not known
}

const (
	whyNoRoom   = wire.RelayRefusal_NO_ROOM
	whyExists   = wire.RelayRefusal_EXISTS
	whyLimit    = wire.RelayRefusal_LIMIT
	whyToken    = wire.RelayRefusal_TOKEN
	whyExpired  = wire.RelayRefusal_EXPIRED
	whyDraining = wire.RelayRefusal_DRAINING
	whyInvalid  = wire.RelayRefusal_INVALID
	whyNoWeb    = wire.RelayRefusal_NO_WEB
)

func refuse(why wire.RelayRefusal_Why, words string, wait time.Duration) *refusal {
	return &refusal{why, words, wait}
}

func (r *refusal) Error() string {
	if r.wait > 0 {
		return fmt.Sprintf("%s: try again in %v", r.words, r.wait.Round(time.Second))
	}
	return r.words
}

func (r *refusal) message() *wire.RelayRefusal {
	seconds := (r.wait + time.Second - 1) / time.Second
	return &wire.RelayRefusal{Why: r.why, Message: r.words, Seconds: uint32(min(seconds, 604800))}
}
