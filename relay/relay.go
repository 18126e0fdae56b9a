package relay

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// Config says what a Relay is made of.
type Config struct {
	Plane    *Plane
	Endpoint *transport.Endpoint // on Plane.Own: admits tokens, and guests who may only join

	// Ledger has the limits, and what they are held against; nil: one with
	// DefaultLimits.
	Ledger *Ledger

	// Good, if set, says why a grant that the endpoint let somebody in with is none any
	// more. It is asked when Revoke would find the link: who logged in while his token
	// was revoked is cut off by one or the other.
	Good func(transport.Grant) error

	// Web, if set, answers what peers ask over HTTP (wire.OpenWeb), and finds who asks by
	// VisitorOf. It must not hold a request for ever that its peer does not move.
	Web http.Handler

	// Report, if set, hears of what peers were refused. It must not block.
	Report func(from string, err error)
}

// A Relay brings peers together and has its Plane forward for them. It lives as
// long as Serve.
type Relay struct {
	cfg   Config
	since time.Time
	now   func() time.Time

	askWait time.Duration // for a request

	mu       sync.Mutex
	rooms    *rooms
	sessions map[uint64]*match
	guests   *places // links without a token
	readers  *places // of those, that use Web
	draining bool
	lately   lately

	web *webDoor // set by Serve; nil: it has none
}

// A match is a session with those it is between.
type match struct {
	session *Session
	token   string       // that opened the room
	stay    *stay        // in the ledger
	source  netip.Prefix // of who joined
	idle    time.Time    // since when no leg is bound
	welcome bool         // who joined knew the secret
}

// graceful is how long a session lives without a bound leg: the time to bind
// one, or to come back.
const graceful = time.Minute

// New returns a relay that has yet to serve.
func New(cfg Config) *Relay {
	if cfg.Ledger == nil {
		cfg.Ledger = NewLedger(DefaultLimits, time.Now())
	}
	r := &Relay{cfg: cfg, askWait: askWait, now: time.Now, rooms: newRooms(defaultRoomLimits), sessions: map[uint64]*match{}, guests: newPlaces(mostGuests, mostOfASource), readers: newPlaces(mostReaders, mostReadersOfSource)}
	r.since = r.now()
	return r
}

// Serve takes in links until ctx ends or the endpoint is closed, and returns why
// when all of them are over.
func (r *Relay) Serve(ctx context.Context) error {
	var links sync.WaitGroup
	defer links.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	links.Go(func() { r.sweep(ctx) })
	if r.cfg.Web != nil {
		r.web = newWebDoor(r.cfg.Web)
		links.Go(r.web.serve)
		defer r.web.close()
	}
	for {
		l, err := r.cfg.Endpoint.Accept(ctx)
		if err != nil {
			return err
		}
		links.Go(func() { r.serve(ctx, l) })
	}
}

// Drain refuses what is new from now on, and waits until nothing is forwarded any
// more, or ctx ends.
func (r *Relay) Drain(ctx context.Context) error {
	r.mu.Lock()
	r.draining = true
	r.mu.Unlock()
	return r.cfg.Plane.Drained(ctx)
}

// match makes a session between the opener of a room and who joins it.
func (r *Relay) match(name roomName, at netip.AddrPort) (o *opener, opens, joins *wire.SessionLeg, refused *refusal) {
	now, from := r.now(), sourceOf(at)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining {
		return nil, nil, nil, refuse(whyDraining, "the relay is about to end", 0)
	}
	o, refused = r.rooms.owner(name, now)
	if refused != nil {
		return nil, nil, nil, refused
	}
	stay, refused := r.cfg.Ledger.begin(o.token, o.source, from, now)
	if refused != nil {
		r.rooms.back(name, o)
		return nil, nil, nil, refused
	}
	keys := [2][]byte{make([]byte, 32), make([]byte, 32)}
	rand.Read(keys[0])
	rand.Read(keys[1])
	s, err := r.cfg.Plane.Open(keys, stay.limited...)
	if err != nil {
		r.cfg.Ledger.leave(stay, now)
		return nil, nil, nil, refuse(whyDraining, "the relay is about to end", 0)
	}
	s.home(o.at.Addr(), at.Addr())
	r.sessions[s.ID] = &match{session: s, token: o.token, stay: stay, source: from, idle: now}
	return o, &wire.SessionLeg{Session: s.ID, Leg: 0, Key: keys[0], Observed: observed(o.at), Quick: true},
		&wire.SessionLeg{Session: s.ID, Leg: 1, Key: keys[1], Observed: observed(at), Quick: true}, nil
}

// reject ends a session that the opener of its room does not want.
func (r *Relay) reject(id uint64, token string, wrong bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.sessions[id]
	if m == nil || m.token != token {
		return
	}
	if wrong {
		r.rooms.wrong(m.source, r.now())
	}
	r.end(id, m)
}

// welcome takes a join back that was honest.
func (r *Relay) welcome(id uint64, token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.sessions[id]; m != nil && m.token == token && !m.welcome {
		m.welcome = true
		r.rooms.forgive(m.source)
	}
}

// end ends a session; r.mu is held.
func (r *Relay) end(id uint64, m *match) {
	delete(r.sessions, id)
	r.cfg.Plane.End(m.session)
	r.cfg.Ledger.leave(m.stay, r.now())
}

// Revoke ends what a token (transport.Grant's Origin) has here: its links, and with
// them its rooms, and its sessions. It returns how many links and sessions these
// were. What keeps the token from coming back is the Admission of the endpoint.
func (r *Relay) Revoke(origin, reason string) (links, sessions int) {
	links = r.cfg.Endpoint.Revoke(origin, reason)
	return links, r.endAll(origin)
}

// endAll ends the sessions of a token, and its rooms, so that nobody joins one whose
// opener has yet to notice that its link is closed.
func (r *Relay) endAll(origin string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, x := range r.rooms.open {
		if x.owner.token == origin {
			r.rooms.end(name, x.owner)
		}
	}
	for id, m := range r.sessions {
		if m.token == origin {
			r.end(id, m)
			n++
		}
	}
	return n
}

// settle ends what the passes and quotas that are over had.
func (r *Relay) settle(now time.Time) {
	for origin, why := range r.cfg.Ledger.tick(now) {
		if origin != "" {
			r.Revoke(origin, why.Error())
		}
		r.note(nameOfAccount(origin), why)
	}
}

// nameOfAccount is a token, or all, for the log.
func nameOfAccount(origin string) string {
	if origin == "" {
		return "all tokens"
	}
	return "token " + origin
}

// sweep ends sessions that nobody uses, and closes rooms whose time is over.
func (r *Relay) sweep(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.sweepOnce(r.now())
			r.settle(r.now())
		case <-ctx.Done():
			return
		}
	}
}

func (r *Relay) sweepOnce(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rooms.sweep(now)
	for id, m := range r.sessions {
		if opener, joiner := m.session.Bound(); opener || joiner {
			m.idle = now
		} else if now.Sub(m.idle) > graceful {
			r.end(id, m)
		}
	}
}
