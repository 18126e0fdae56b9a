package relay

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// Passes are what a relay lets in besides its tokens: those that somebody whom it
// trusts signed, and that were not revoked. All methods may be called from several
// goroutines.
type Passes struct {
	ledger *Ledger
	now    func() time.Time

	mu      sync.Mutex
	trusted []ed25519.PublicKey
	revoked map[string]bool        // by ID
	shown   map[string][]shownPass // that let somebody in, by Origin; no more than mostPasses each
}

// A shownPass is what is remembered of a pass, for when it is revoked.
type shownPass struct {
	id      string
	signer  [ed25519.PublicKeySize]byte
	expires time.Time
}

// mostPasses is how many passes that are good at a time a holder may show.
const mostPasses = 8

// NewPasses returns passes signed by one of these keys, whose terms are put into
// a ledger.
func NewPasses(l *Ledger, trusted ...ed25519.PublicKey) *Passes {
	return &Passes{ledger: l, now: time.Now, trusted: trusted, shown: map[string][]shownPass{}}
}

// passOrigin is transport.Grant's Origin of who has a pass: quotas and sessions
// are the holder's, whichever of its passes it shows.
func passOrigin(holder string) string { return "pass-" + holder }

func isPass(origin string) bool { return strings.HasPrefix(origin, passOrigin("")) }

// IsPass tells whether a grant is one that Passes.Judge returned.
func IsPass(g transport.Grant) bool { return isPass(g.Origin) }

// Judge is transport.Admission's Pass. The Name of the grant is the ID of the pass.
func (p *Passes) Judge(word string, holder ed25519.PublicKey) (transport.Grant, error) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	pass, signer, err := verifyPass(word, holder, p.trusted, now)
	if err == nil && p.revoked[pass.ID] {
		err = errPassRevoked
	}
	if err != nil {
		return transport.Grant{}, err
	}
	origin := passOrigin(pass.Holder)
	mine := slices.DeleteFunc(p.shown[origin], func(s shownPass) bool { return s.id == pass.ID || now.After(s.expires) })
	if len(mine) >= mostPasses || len(p.shown) >= mostAccounts && !p.forget(now) {
		return transport.Grant{}, errTooManyPasses
	}
	p.shown[origin] = append(mine, shownPass{pass.ID, [ed25519.PublicKeySize]byte(signer), pass.Expires})
	p.ledger.admit(origin, lease{pass.ID, pass.Terms, pass.Expires}, now)
	return transport.Grant{Origin: origin, Name: pass.ID, Expires: pass.Expires}, nil
}

var (
	errPassRevoked   = &passError{"the pass was revoked", ErrPassRevoked}
	errTooManyPasses = &passError{"too many passes are in use: let some expire, or revoke them", errors.New("too many passes")}
)

// Good tells whether a grant that Judge returned is still as good: who logs in while
// his pass is revoked is in only after those who are in were cut off.
func (p *Passes) Good(g transport.Grant) error {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.shown[g.Origin] {
		if s.id == g.Name && p.good(s, now) {
			return nil
		}
	}
	return errPassRevoked
}

func (p *Passes) good(s shownPass, now time.Time) bool {
	trusted := slices.ContainsFunc(p.trusted, func(k ed25519.PublicKey) bool { return string(k) == string(s.signer[:]) })
	return trusted && !p.revoked[s.id] && !now.After(s.expires)
}

// forget makes place for another holder, where passes expired; none is forgotten that
// may have to be revoked.
func (p *Passes) forget(now time.Time) bool {
	for origin, mine := range p.shown {
		if !slices.ContainsFunc(mine, func(s shownPass) bool { return !now.After(s.expires) }) {
			delete(p.shown, origin)
		}
	}
	return len(p.shown) < mostAccounts
}

// Set changes who is trusted and what is revoked (IDs), and returns the origins
// of those who were let in by a pass that would not let them in any more, for
// Relay.Revoke. Who has another pass may come again by that.
func (p *Passes) Set(trusted []ed25519.PublicKey, revoked map[string]bool) (gone []string) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trusted, p.revoked = trusted, revoked
	for origin, mine := range p.shown {
		left := make([]shownPass, 0, len(mine))
		for _, s := range mine {
			if p.good(s, now) {
				left = append(left, s)
				continue
			}
			p.ledger.withdraw(origin, s.id)
		}
		if len(left) == len(mine) {
			continue
		}
		gone = append(gone, origin)
		if p.shown[origin] = left; len(left) == 0 {
			delete(p.shown, origin)
		}
	}
	return gone
}
