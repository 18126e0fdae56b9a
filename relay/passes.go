package relay

import (
	"crypto/ed25519"
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
	revoked map[string]bool      // by ID
	shown   map[string]shownPass // that let somebody in, by Origin
}

type shownPass struct {
	word    string
	holder  ed25519.PublicKey
	expires time.Time
}

// NewPasses returns passes signed by one of these keys, whose terms are put into
// a ledger.
func NewPasses(l *Ledger, trusted ...ed25519.PublicKey) *Passes {
	return &Passes{ledger: l, now: time.Now, trusted: trusted, shown: map[string]shownPass{}}
}

// passOrigin is transport.Grant's Origin of who has a pass: quotas and sessions
// are the holder's, whichever of its passes it shows.
func passOrigin(holder string) string { return "pass-" + holder }

func isPass(origin string) bool { return strings.HasPrefix(origin, passOrigin("")) }

// Judge is transport.Admission's Pass.
func (p *Passes) Judge(word string, holder ed25519.PublicKey) (transport.Grant, error) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	pass, err := p.judge(word, holder, now)
	if err != nil {
		return transport.Grant{}, err
	}
	origin := passOrigin(pass.Holder)
	if p.shown[origin].word == "" && len(p.shown) >= mostAccounts {
		p.forget(now)
	}
	p.shown[origin] = shownPass{word, holder, pass.Expires}
	p.ledger.admit(origin, pass.Terms, pass.Expires, now)
	return transport.Grant{Origin: origin, Expires: pass.Expires}, nil
}

func (p *Passes) judge(word string, holder ed25519.PublicKey, now time.Time) (Pass, error) {
	pass, err := verifyPass(word, holder, p.trusted, now)
	if err == nil && p.revoked[pass.ID] {
		err = &passError{"the pass was revoked", ErrPassRevoked}
	}
	return pass, err
}

// forget makes place for another pass: of those that expired, else of any.
func (p *Passes) forget(now time.Time) {
	was := len(p.shown)
	for origin, s := range p.shown {
		if now.After(s.expires) {
			delete(p.shown, origin)
		}
	}
	for origin := range p.shown {
		if len(p.shown) < was {
			return
		}
		delete(p.shown, origin)
	}
}

// Set changes who is trusted and what is revoked (IDs), and returns the origins
// of those who were let in and would not be any more, for Relay.Revoke.
func (p *Passes) Set(trusted []ed25519.PublicKey, revoked map[string]bool) (gone []string) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trusted, p.revoked = trusted, revoked
	for origin, s := range p.shown {
		if _, err := p.judge(s.word, s.holder, now); err != nil {
			delete(p.shown, origin)
			gone = append(gone, origin)
		}
	}
	return gone
}
