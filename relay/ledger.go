package relay

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A Ledger knows who uses a relay how much: all together, each token or holder of
// a pass, each network. It is what limits are held against, and what a restart has
// to remember. All methods may be called from several goroutines; time is given
// to them.
//
// What a loop forwards is asked of the accounts of a session from the narrowest
// to the widest, so that one who is over its limit takes nothing of the others'.
type Ledger struct {
	mu      sync.Mutex
	limits  Limits
	month   month
	total   *account
	tokens  map[string]*account // by transport.Grant's Origin
	sources map[netip.Prefix]*account
	own     map[string][]lease // of passes, by Origin, the one that was shown last at the end
	ticked  time.Time
	changed bool // since Usage was asked for
}

// mostAccounts is how many tokens, and how many networks, a ledger remembers.
const mostAccounts = 65536

// NewLedger returns one in which nobody has used anything.
func NewLedger(l Limits, now time.Time) *Ledger {
	b := &Ledger{limits: l, month: monthOf(now), total: new(account), ticked: now,
		tokens: map[string]*account{}, sources: map[netip.Prefix]*account{}, own: map[string][]lease{}}
	b.total.set(l.Total)
	return b
}

// SetLimits puts other limits in force, for sessions that run too.
func (b *Ledger) SetLimits(l Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limits = l
	b.total.set(l.Total)
	for origin, a := range b.tokens {
		a.set(b.termsOf(origin))
	}
	for _, a := range b.sources {
		a.set(l.PerSource)
	}
}

// A lease is what a pass allows, and how long.
type lease struct {
	id    string
	terms Terms
	until time.Time
}

func (b *Ledger) termsOf(origin string) Terms {
	if own := b.own[origin]; len(own) > 0 {
		return b.limits.PerToken.tighter(own[len(own)-1].terms)
	}
	return b.limits.PerToken
}

// admit puts the terms of a pass in force. Of several of one holder those of the last
// one that was shown are, until it expires.
func (b *Ledger) admit(origin string, l lease, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token(origin, now)
	b.own[origin] = append(slices.DeleteFunc(b.own[origin], func(x lease) bool { return x.id == l.id || now.After(x.until) }), l)
	b.lastUntil(origin)
}

// withdraw takes the terms of one pass out of force. Who has no other has nothing here
// any more, and stays held to them meanwhile.
func (b *Ledger) withdraw(origin, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if own := b.own[origin]; len(own) > 1 {
		b.own[origin] = slices.DeleteFunc(own, func(x lease) bool { return x.id == id })
		b.lastUntil(origin)
	}
}

// lastUntil has the account know its terms, and how long it has any; b.mu is held.
func (b *Ledger) lastUntil(origin string) {
	a := b.tokens[origin]
	if a == nil {
		return
	}
	a.set(b.termsOf(origin))
	a.until = time.Time{}
	for _, x := range b.own[origin] {
		if x.until.After(a.until) {
			a.until = x.until
		}
	}
}

// expire drops the leases of an account that are over, and tells whether the last one
// is; b.mu is held.
func (b *Ledger) expire(origin string, now time.Time) (over bool) {
	own := b.own[origin]
	left := slices.DeleteFunc(slices.Clone(own), func(x lease) bool { return now.After(x.until) })
	if len(left) == len(own) {
		return false
	}
	if b.own[origin] = left; len(left) == 0 {
		delete(b.own, origin)
	}
	b.lastUntil(origin)
	return len(left) == 0
}

// token returns the account of a token, source that of a network; b.mu is held.
func (b *Ledger) token(origin string, now time.Time) *account {
	a := b.tokens[origin]
	if a == nil {
		a = &account{seen: now}
		a.set(b.termsOf(origin))
		forgetOldest(b.tokens)
		b.tokens[origin] = a
	}
	return a
}

func (b *Ledger) source(from netip.Prefix, now time.Time) *account {
	a := b.sources[from]
	if a == nil {
		a = &account{seen: now}
		a.set(b.limits.PerSource)
		forgetOldest(b.sources)
		b.sources[from] = a
	}
	return a
}

// forgetOldest makes place for another account, if there is none: of a few that
// are not in use, the one that was seen last the longest ago goes.
func forgetOldest[K comparable](m map[K]*account) {
	if len(m) < mostAccounts {
		return
	}
	var victim K
	var oldest time.Time
	looked := 0
	for k, a := range m {
		if a.sessions == 0 && (oldest.IsZero() || a.seen.Before(oldest)) {
			victim, oldest = k, a.seen
		}
		if looked++; looked >= 64 && !oldest.IsZero() {
			break
		}
	}
	delete(m, victim)
}

// A stay is what a session has of a ledger, until leave.
type stay struct {
	accounts []*account // the narrowest first
	limited  []Allowance
}

// mayOpen says why a token has no use for a room now.
func (b *Ledger) mayOpen(origin string, from netip.Prefix, now time.Time) *refusal {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(now)
	if r := b.total.overdrawn("this relay", now); r != nil {
		return r
	}
	if r := b.token(origin, now).overdrawn("your token", now); r != nil {
		return r
	}
	if a := b.sources[from]; a != nil {
		return a.overdrawn("your network", now)
	}
	return nil
}

// begin counts a session in, or says which limit leaves no place for it, in
// words for who joins.
func (b *Ledger) begin(origin string, opener, joiner netip.Prefix, now time.Time) (*stay, *refusal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(now)
	s := new(stay)
	add := func(a *account, who string, limited bool) *refusal {
		if r := a.full(who, now); r != nil {
			return r
		}
		if s.accounts = append(s.accounts, a); limited {
			s.limited = append(s.limited, a)
		}
		return nil
	}
	perSource := b.limits.PerSource.Rate > 0 || b.limits.PerSource.Bytes > 0
	refused := add(b.source(joiner, now), "your network", perSource)
	if refused == nil && opener != joiner {
		refused = add(b.source(opener, now), "the network of who opened the room", perSource)
	}
	if refused == nil {
		refused = add(b.token(origin, now), "the token that opened the room", true)
	}
	if refused == nil {
		refused = add(b.total, "this relay", true)
	}
	if refused != nil {
		return nil, refused
	}
	for _, a := range s.accounts {
		a.sessions++
		a.seen = now
	}
	return s, nil
}

// leave counts a session out.
func (b *Ledger) leave(s *stay, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range s.accounts {
		a.sessions--
		a.seen = now
	}
	s.accounts = nil
}

// turn begins another month when it is time; b.mu is held. A clock that was set back
// gives nobody his quota once more: what is counted stays.
func (b *Ledger) turn(now time.Time) {
	m := monthOf(now)
	if m <= b.month {
		b.month = m
		return
	}
	b.month, b.changed = m, true
	for a := range b.all() {
		a.used.Store(0)
		a.before, a.reported = 0, false
	}
}

func (b *Ledger) all() func(yield func(*account) bool) {
	return func(yield func(*account) bool) {
		if !yield(b.total) {
			return
		}
		for _, a := range b.tokens {
			if !yield(a) {
				return
			}
		}
		for _, a := range b.sources {
			if !yield(a) {
				return
			}
		}
	}
}

// tick measures speeds, forgets networks that nothing is to be remembered of, and
// returns the tokens whose time or quota is over, with what to tell them; "" is all
// of them together. It is called every few seconds.
func (b *Ledger) tick(now time.Time) (over map[string]*refusal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(now)
	span := now.Sub(b.ticked).Seconds()
	b.ticked = now
	for a := range b.all() {
		used := a.used.Load()
		if span > 0 {
			a.speed = int64(float64(used-a.before) / span)
		}
		b.changed = b.changed || used != a.before
		a.before = used
	}
	for from, a := range b.sources {
		if a.idle() {
			delete(b.sources, from)
		}
	}
	over = map[string]*refusal{}
	if r := b.total.overdrawn("this relay", now); r != nil && !b.total.reported {
		over[""], b.total.reported = r, true
	} else if r == nil {
		b.total.reported = false
	}
	for origin, a := range b.tokens {
		switch r := a.overdrawn("your token", now); {
		case b.expire(origin, now):
			over[origin] = refuse(whyToken, "your pass expired", 0)
		case r != nil && !a.reported:
			over[origin], a.reported = r, true
		case r == nil:
			a.reported = false
		}
	}
	return over
}
