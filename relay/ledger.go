package relay

import (
	"net/netip"
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
	own     map[string]Terms // of passes, by Origin
	ticked  time.Time
	changed bool // since Usage was asked for
}

// mostAccounts is how many tokens, and how many networks, a ledger remembers.
const mostAccounts = 65536

// NewLedger returns one in which nobody has used anything.
func NewLedger(l Limits, now time.Time) *Ledger {
	b := &Ledger{limits: l, month: monthOf(now), total: new(account), ticked: now,
		tokens: map[string]*account{}, sources: map[netip.Prefix]*account{}, own: map[string]Terms{}}
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

func (b *Ledger) termsOf(origin string) Terms { return b.limits.PerToken.tighter(b.own[origin]) }

// admit puts the terms of a pass in force; until is when it expires.
func (b *Ledger) admit(origin string, t Terms, until, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.own[origin] = t
	a := b.token(origin, now)
	a.set(b.termsOf(origin))
	a.until = until
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

// turn begins another month when it is time; b.mu is held.
func (b *Ledger) turn(now time.Time) {
	m := monthOf(now)
	if m == b.month {
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
		case !a.until.IsZero() && now.After(a.until):
			over[origin] = refuse(whyToken, "your pass expired", 0)
			delete(b.own, origin)
			a.until = time.Time{}
		case r != nil && !a.reported:
			over[origin], a.reported = r, true
		case r == nil:
			a.reported = false
		}
	}
	return over
}
