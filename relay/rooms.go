package relay

import (
	"net/netip"
	"time"
)

// A roomName is what two peers know and the relay makes nothing of.
type roomName [32]byte

// A room is open as long as somebody keeps it so.
type room struct {
	owner *opener
	until time.Time
	joins int // that are left; negative: any number
}

// Limits on rooms. They are those of a relay for some hundred people; who runs a
// larger one raises them.
type roomLimits struct {
	rooms     int           // open at a time, in all
	perToken  int           // and by one token, which many machines may share
	perPass   int           // and by the holder of a pass, which is one
	longest   time.Duration // that a room is open
	perMinute int           // joins from a source
	perHour   int
	lockout   time.Duration // of a source that did not know a room's secret
	sources   int           // remembered at most
}

var defaultRoomLimits = roomLimits{
	rooms: 32768, perToken: 16384, perPass: 64, longest: 24 * time.Hour,
	perMinute: 5, perHour: 30, lockout: 15 * time.Minute, sources: 65536,
}

// rooms knows which rooms are open, and who may join how often. It is pure: time
// is given to it, and its caller holds the lock.
//
// A join is counted whether the room is there or not, so that nobody can try
// names faster than joins. Sources are an IPv4 /24 or an IPv6 /64: less would let
// a single customer of a provider have as many as it likes.
type rooms struct {
	limits  roomLimits
	open    map[roomName]*room
	tokens  map[string]int // rooms by the token that opened them
	sources map[netip.Prefix]*joiner
	awaited map[roomName]*awaited
}

// awaited is a room that is not open, and that some would join.
type awaited struct {
	opened  chan struct{} // closed when it is
	waiting int
}

// A joiner is a source of joins.
type joiner struct {
	minute, hour window
	locked       time.Time // until
}

// A window counts what happened in a span of time that begins with the first.
type window struct {
	since time.Time
	n     int
}

// take counts one more, unless there are most already; then it says how long to
// wait.
func (w *window) take(now time.Time, span time.Duration, most int) (wait time.Duration) {
	if now.Sub(w.since) >= span {
		*w = window{since: now}
	}
	if w.n >= most {
		return w.since.Add(span).Sub(now)
	}
	w.n++
	return 0
}

func newRooms(l roomLimits) *rooms {
	return &rooms{limits: l, open: map[roomName]*room{}, tokens: map[string]int{}, sources: map[netip.Prefix]*joiner{}, awaited: map[roomName]*awaited{}}
}

// sourceOf is what joins are counted by.
func sourceOf(at netip.AddrPort) netip.Prefix {
	ip := at.Addr().Unmap().WithZone("")
	bits := 24
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

// begin opens a room for an owner, for as long as wanted and allowed.
func (r *rooms) begin(name roomName, o *opener, wanted time.Duration, joins int, now time.Time) (until time.Time, refused *refusal) {
	was := r.open[name]
	if was != nil && (now.After(was.until) || was.owner.gaveWayTo(o)) {
		r.remove(name, was)
		was = nil
	}
	switch {
	case was != nil:
		return until, refuse(whyExists, "the room is open already", was.until.Sub(now))
	case len(r.open) >= r.limits.rooms:
		return until, refuse(whyLimit, "the relay has as many rooms as it can", time.Minute)
	case isPass(o.token) && r.tokens[o.token] >= r.limits.perPass:
		return until, refuse(whyLimit, "this pass has as many rooms as it may", time.Minute)
	case r.tokens[o.token] >= r.limits.perToken:
		return until, refuse(whyLimit, "this token has as many rooms as it may", time.Minute)
	}
	if wanted <= 0 || wanted > r.limits.longest {
		wanted = r.limits.longest
	}
	if joins == 0 {
		joins = -1
	}
	until = now.Add(wanted)
	r.open[name] = &room{owner: o, until: until, joins: joins}
	r.tokens[o.token]++
	if a := r.awaited[name]; a != nil {
		delete(r.awaited, name)
		close(a.opened)
	}
	return until, nil
}

// await returns what is closed when a room is opened. Its caller has to call leave.
func (r *rooms) await(name roomName) (opened <-chan struct{}) {
	a := r.awaited[name]
	if a == nil {
		a = &awaited{opened: make(chan struct{})}
		r.awaited[name] = a
	}
	a.waiting++
	return a.opened
}

// leave undoes await.
func (r *rooms) leave(name roomName, opened <-chan struct{}) {
	if a := r.awaited[name]; a != nil && a.opened == opened {
		if a.waiting--; a.waiting == 0 {
			delete(r.awaited, name)
		}
	}
}

// owner finds the owner of a room for one who joins.
func (r *rooms) owner(name roomName, now time.Time) (o *opener, refused *refusal) {
	x := r.open[name]
	if x != nil && now.After(x.until) {
		r.remove(name, x)
		x = nil
	}
	switch {
	case x == nil:
		return nil, refuse(whyNoRoom, "nobody waits there: the code is wrong, or its time is over", 0)
	case x.joins == 0:
		return nil, refuse(whyExpired, "as many have joined as may", 0)
	}
	if x.joins > 0 {
		x.joins--
	}
	return x.owner, nil
}

// back undoes a join of a room that came to nothing: so many may join as wanted.
func (r *rooms) back(name roomName, o *opener) {
	if x := r.open[name]; x != nil && x.owner == o && x.joins >= 0 {
		x.joins++
	}
}

// count counts a join from a source, or says how long it has to wait.
func (r *rooms) count(from netip.Prefix, now time.Time) (refused *refusal) {
	if wait := r.take(from, now); wait > 0 {
		return refuse(whyLimit, "too many joins came from your network", wait)
	}
	return nil
}

func (r *rooms) take(from netip.Prefix, now time.Time) (wait time.Duration) {
	j := r.sources[from]
	if j == nil {
		if len(r.sources) >= r.limits.sources {
			r.forgetOne(now)
		}
		j = new(joiner)
		r.sources[from] = j
	}
	if now.Before(j.locked) {
		return j.locked.Sub(now)
	}
	// Who is told to wait a minute has not joined: that does not count for the hour.
	if wait := j.minute.take(now, time.Minute, r.limits.perMinute); wait > 0 {
		return wait
	}
	return j.hour.take(now, time.Hour, r.limits.perHour)
}

// wrong locks a source out for a while: it joined and did not know the secret.
func (r *rooms) wrong(from netip.Prefix, now time.Time) {
	if j := r.sources[from]; j != nil {
		j.locked = now.Add(r.limits.lockout)
	}
}

// waited takes a join back that waited for a room in vain, but not for the minute: a
// known peer that is off is waited for again and again, and who waits tries no names.
func (r *rooms) waited(from netip.Prefix) {
	if j := r.sources[from]; j != nil {
		j.hour.n = max(0, j.hour.n-1)
	}
}

// forgive takes a join of a source back: it knew the secret.
func (r *rooms) forgive(from netip.Prefix) {
	if j := r.sources[from]; j != nil {
		j.minute.n, j.hour.n = max(0, j.minute.n-1), max(0, j.hour.n-1)
	}
}

// end closes a room, if it is still this owner's.
func (r *rooms) end(name roomName, o *opener) {
	if x := r.open[name]; x != nil && x.owner == o {
		r.remove(name, x)
	}
}

func (r *rooms) remove(name roomName, x *room) {
	delete(r.open, name)
	if r.tokens[x.owner.token]--; r.tokens[x.owner.token] <= 0 {
		delete(r.tokens, x.owner.token)
	}
}

// sweep closes the rooms whose time is over, and forgets sources that are as if
// they were new.
func (r *rooms) sweep(now time.Time) {
	for name, x := range r.open {
		if now.After(x.until) {
			r.remove(name, x)
		}
	}
	for s, j := range r.sources {
		if j.idle(now) {
			delete(r.sources, s)
		}
	}
}

func (j *joiner) idle(now time.Time) bool {
	return now.After(j.locked) && now.Sub(j.hour.since) >= time.Hour
}

// forgetOne makes room for another source: one that is as good as new, else one
// that is not locked out, of a few that the map happens to begin with.
func (r *rooms) forgetOne(now time.Time) {
	var victim netip.Prefix
	looked := 0
	for s, j := range r.sources {
		if looked == 0 || now.After(j.locked) {
			victim = s
		}
		if looked++; looked == 32 || j.idle(now) {
			break
		}
	}
	delete(r.sources, victim)
}
