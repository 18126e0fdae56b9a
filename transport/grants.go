package transport

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// A Grant lets a key enter (as a line of ssh's authorized_keys does).
type Grant struct {
	Key     Fingerprint `json:"key"`
	Tree    string      `json:"tree"`   // absolute path of the served directory it is for
	Origin  string      `json:"origin"` // id of the token, code or phrase that made it; revoked with it
	Created time.Time   `json:"created"`
	Expires time.Time   `json:"expires,omitzero"` // zero: never
}

// Valid tells whether g still lets in at that time.
func (g Grant) Valid(at time.Time) bool { return g.Expires.IsZero() || at.Before(g.Expires) }

func (g Grant) check() error {
	if g.Key.IsZero() || g.Tree == "" {
		return errors.New("the key or the tree is missing")
	}
	return nil
}

// Grants is the list of them, a file that several processes share.
type Grants struct {
	list list[Grant]
}

// OpenGrants returns the list kept in dir.
func OpenGrants(dir string) (*Grants, error) {
	g := &Grants{list[Grant]{
		path: filepath.Join(dir, "grants.json"),
		name: "grants",
		ok:   Grant.check,
		same: sameGrant,
	}}
	if _, err := g.List(); err != nil {
		return nil, err
	}
	return g, nil
}

func sameGrant(a, b Grant) bool { return a.Key == b.Key && a.Tree == b.Tree && a.Origin == b.Origin }

// List returns all grants, the oldest first.
func (g *Grants) List() ([]Grant, error) {
	all, err := g.list.load()
	if err != nil {
		return nil, fmt.Errorf("grants: %w", err)
	}
	return all, nil
}

// Find returns a valid grant of key for tree, and whether there is one.
func (g *Grants) Find(key Fingerprint, tree string) (Grant, bool, error) {
	all, err := g.List()
	if err != nil {
		return Grant{}, false, err
	}
	now := time.Now()
	i := slices.IndexFunc(all, func(x Grant) bool { return x.Key == key && x.Tree == tree && x.Valid(now) })
	if i < 0 {
		return Grant{}, false, nil
	}
	return all[i], true, nil
}

// Add stores grant, in place of one with the same key, tree and origin.
func (g *Grants) Add(grant Grant) error {
	if err := grant.check(); err != nil {
		return fmt.Errorf("grants: %w", err)
	}
	if grant.Created.IsZero() {
		grant.Created = time.Now().UTC().Truncate(time.Second)
	}
	err := g.list.update(func(all []Grant) ([]Grant, error) {
		all = slices.DeleteFunc(all, func(x Grant) bool { return sameGrant(x, grant) })
		return append(all, grant), nil
	})
	if err != nil {
		return fmt.Errorf("grants: %w", err)
	}
	return nil
}

// Revoke drops all grants of that origin and returns them. Links that they
// admitted live on until Endpoint.Revoke closes them.
func (g *Grants) Revoke(origin string) ([]Grant, error) {
	var gone []Grant
	err := g.list.update(func(all []Grant) ([]Grant, error) {
		return slices.DeleteFunc(all, func(x Grant) bool {
			if x.Origin == origin {
				gone = append(gone, x)
			}
			return x.Origin == origin
		}), nil
	})
	if err != nil {
		return nil, fmt.Errorf("grants: %w", err)
	}
	return gone, nil
}
