package session

import (
	"context"
	"errors"

	"github.com/bargee/bargee/transport"
)

// ErrAwaited is what Reach.Dial returns, of kind Unreachable, for a peer that can
// only come by itself. Its place asks again now and then, and waits for Adopt.
var ErrAwaited = errors.New("the other side has gone, and can come back")

// Adopt makes a place of a link that came in, or gives it to the place that the
// peer at its other end had: one of the same target, or one that was adopted and
// whose peer had the same key. An older link of that place is closed. When the
// link dies, the place waits for the peer to come again, and dials target if
// Reach knows a way.
//
// Both ends of a link may ask: EngineConfig.Serve says what the peer gets.
func (e *Engine) Adopt(target string, l transport.Link) (PlaceID, error) {
	if e.cfg.Reach == nil {
		return 0, newError(Unreachable, Path{}, "only this machine can be reached")
	}
	if err := l.Err(); err != nil {
		return 0, about(Path{}, err)
	}
	key := l.Peer().Key
	e.mu.Lock()
	if e.ctx.Err() != nil {
		e.mu.Unlock()
		return 0, errClosing
	}
	p := e.placeFor(target, key)
	if p == nil {
		p = e.addPlace(target)
	}
	e.mu.Unlock()
	p.mu.Lock()
	p.adopted, p.peer = true, key
	secret := p.secret
	p.mu.Unlock()
	e.keepPlace(p, secret, l)
	return p.id, nil
}

func (p *place) isAdopted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.adopted
}

// placeFor returns the place that a link from the peer with that key is for; e.mu
// is held.
func (e *Engine) placeFor(target string, key transport.Fingerprint) *place {
	address := e.lastingTarget(target)
	var found *place
	for _, p := range e.places {
		p.mu.Lock()
		same, adopted := p.peer == key, p.adopted
		fresh := p.peer.IsZero()
		p.mu.Unlock()
		switch {
		case e.lastingTarget(p.target) == address && (same || fresh):
			return p
		case same && adopted:
			found = p
		}
	}
	return found
}

// serve answers the peer at the other end of l until ctx ends or the link does.
func (p *place) serve(ctx context.Context, l transport.Link) {
	for ctx.Err() == nil && l.Err() == nil {
		server, until := NewServer(ServerConfig{}), (<-chan struct{})(nil)
		if f := p.engine.cfg.Serve; f != nil {
			if s, u := f(p.target, l.Peer()); s != nil {
				server, until = s, u
			}
		}
		serving, stop := context.WithCancel(ctx)
		if until != nil {
			go func() {
				select {
				case <-until:
					stop()
				case <-serving.Done():
				}
			}()
		}
		_ = server.ServeLink(serving, l)
		stop()
	}
}
