package cli

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A doorkeeper knows who may enter a served directory, while other processes make
// tokens, revoke them, and change grants: it looks at their files at each login, and
// closes the links of those who lose their right to be there.
type doorkeeper struct {
	home   home
	tree   string
	given  transport.TokenPublic // of --token-file; zero: none
	phrase bool                  // a phrase is good
	files  []string              // that it looks at
	grants *transport.Grants
	jwt    *jwtDoor // nil: no JWT is taken
	use    *tokenUsage
	log    *slog.Logger
	total  *session.Quota // of all together; nil: none

	withoutOwn bool // the token that serve made by itself is not good: another one is

	mu      sync.Mutex
	stamp   string               // of files, when they were read
	listed  map[string]treeToken // by ID
	seen    map[string]bool      // IDs that were listed once, since we run
	revoked map[string]bool      // IDs
	keys    map[grantKey]bool    // grants that there are
	news    bool                 // something was read since look looked
	broken  bool                 // the last files could not be read; what was in force stays so
	inside  map[transport.Link]transport.Grant
}

// A grantKey tells grants apart.
type grantKey struct {
	key    transport.Fingerprint
	origin string
}

func newDoorkeeper(h home, tree string, grants *transport.Grants, log *slog.Logger) (*doorkeeper, error) {
	d := &doorkeeper{
		home: h, tree: tree, grants: grants, log: log, seen: map[string]bool{}, inside: map[transport.Link]transport.Grant{},
		files: []string{h.servedFile(tree), h.revokedFile(), filepath.Join(h.state, "grants.json")},
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.read(); err != nil {
		return nil, err
	}
	var err error
	d.use, err = openUsage(h.usageFile(tree))
	if err != nil {
		log.Error("what tokens were used for is counted anew", "reason", reason(err))
	}
	return d, nil
}

// giveWay has another token, or a phrase (a zero token), stand in place of the one that
// serve made by itself for the directory. replaced: that one is to be refused from now
// on, also where a key was kept by it.
func (d *doorkeeper) giveWay(to transport.TokenPublic, phrase, replaced bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given, d.phrase, d.withoutOwn = to, phrase, true
	if !replaced {
		clear(d.seen)
	}
	return d.read()
}

// keptOwn has the token that this run made be found in the file from now on.
func (d *doorkeeper) keptOwn() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given, d.withoutOwn = transport.TokenPublic{}, false
	if err := d.read(); err != nil {
		d.log.Error("who may enter is not read", "reason", reason(err))
	}
}

// revokedFile lists IDs of what lets nobody in to any directory of this machine.
func (h home) revokedFile() string { return filepath.Join(h.state, revokedFile) }

// refresh reads the files again if they are others than before; d.mu is held.
func (d *doorkeeper) refresh() {
	if d.stamps() == d.stamp {
		return
	}
	err := d.read()
	if err != nil && !d.broken {
		d.log.Error("who may enter is not read again: what was in force stays so", "reason", reason(err))
	}
	d.broken = err != nil
}

func (d *doorkeeper) stamps() string {
	var b strings.Builder
	for _, name := range d.files {
		b.WriteString(stampOf(name) + " ")
	}
	return b.String()
}

// read reads all files; d.mu is held.
func (d *doorkeeper) read() error {
	stamp := d.stamps()
	t, err := d.home.served(d.tree)
	if err != nil {
		return err
	}
	revoked, err := readRevoked(d.home.revokedFile())
	if err != nil {
		return err
	}
	grants, err := d.grants.List()
	if err != nil {
		return filed(err)
	}
	d.news = true
	d.stamp, d.revoked, d.listed, d.keys = stamp, revoked, map[string]treeToken{}, map[grantKey]bool{}
	if d.withoutOwn {
		t.Token = transport.TokenPublic{}
	}
	for _, x := range t.all() {
		d.listed[x.Token.ID()] = x
		d.seen[x.Token.ID()] = true
	}
	for _, g := range grants {
		if g.Tree == d.tree {
			for _, key := range []transport.Fingerprint{g.Key, g.Next, g.Former} { // who came in before it was replaced may stay
				d.keys[grantKey{key, g.Origin}] = true
			}
		}
	}
	return nil
}

// tokens is transport.Admission.Tokens.
func (d *doorkeeper) tokens() []transport.TokenPublic {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh()
	var all []transport.TokenPublic
	if d.given != (transport.TokenPublic{}) {
		all = append(all, d.given)
	}
	for id, x := range d.listed {
		if !d.revoked[id] {
			all = append(all, x.Token) // an expired one too: who has it is told so
		}
	}
	return all
}

// meetable returns the tokens that are good now, those that were made last first.
func (d *doorkeeper) meetable(now time.Time) (all []transport.TokenPublic) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh()
	var good []treeToken
	if d.given != (transport.TokenPublic{}) {
		good = append(good, treeToken{Token: d.given, Made: now})
	}
	for id, x := range d.listed {
		if !d.revoked[id] && (x.Expires.IsZero() || now.Before(x.Expires)) {
			good = append(good, x)
		}
	}
	sort.Slice(good, func(i, j int) bool {
		a, b := &good[i], &good[j]
		return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.Token.ID(), b.Token.ID())) < 0
	})
	for _, x := range good {
		all = append(all, x.Token)
	}
	return all
}

// terms is transport.Admission.Terms: what a token or a kept key is worth now.
func (d *doorkeeper) terms(g transport.Grant) (transport.Grant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh()
	return d.judge(g)
}

// errTokenRevoked is told to who had one.
var errTokenRevoked = errors.New("the token was revoked")

// errKeyRevoked is told to who is let in no more, whatever he has.
var errKeyRevoked = errors.New("your key was revoked here")

// judge is terms by what was read last; d.mu is held.
func (d *doorkeeper) judge(g transport.Grant) (transport.Grant, error) {
	x, listed := d.listed[g.Origin]
	switch {
	case d.revoked[g.Key.String()]:
		return g, errKeyRevoked
	case d.revoked[g.Origin], d.seen[g.Origin] && !listed && g.Origin != d.givenID():
		return g, errTokenRevoked
	case !listed:
		return g, nil
	case !x.Expires.IsZero() && !time.Now().Before(x.Expires):
		return g, fmt.Errorf("the token expired on %s", x.Expires.UTC().Format(time.RFC3339))
	}
	return x.terms(g), nil
}

func (d *doorkeeper) givenID() string {
	if d.given == (transport.TokenPublic{}) {
		return ""
	}
	return d.given.ID()
}

// still tells whether who is inside may stay, with the rights that he has; d.mu is held.
func (d *doorkeeper) still(g transport.Grant) error {
	if d.revoked[g.Key.String()] {
		return errKeyRevoked
	}
	if isJWT(g) {
		return d.jwt.still(g, d.revoked)
	}
	now, err := d.judge(g)
	if err != nil {
		return err
	}
	if _, listed := d.listed[g.Origin]; !listed && g.Origin != d.givenID() && !(d.phrase && g.Origin == "phrase") && !d.keys[grantKey{g.Key, g.Origin}] {
		return errors.New("your key was forgotten here")
	}
	if now != g {
		return errors.New("what you may do here was changed")
	}
	return nil
}
