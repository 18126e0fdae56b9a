package transport

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"time"
)

// A Grant lets a key enter (as a line of ssh's authorized_keys does).
type Grant struct {
	Key     Fingerprint `json:"key"`
	Tree    string      `json:"tree"`   // absolute path of the served directory it is for
	Origin  string      `json:"origin"` // id of the token, code or phrase that made it; revoked with it
	Created time.Time   `json:"created"`
	Expires time.Time   `json:"expires,omitzero"` // zero: never

	Mode  Mode   `json:"mode,omitempty"`  // what may be done
	Path  string `json:"path,omitempty"`  // below Tree, as "/a/b": all that is to be seen; "": all of it
	Quota int64  `json:"quota,omitempty"` // bytes that may be brought in all; 0: any number
	Name  string `json:"name,omitempty"`  // what who gave it calls it or its holder, for people; at most 64 bytes

	Next   Fingerprint `json:"next,omitzero"`   // the key that is to take the place of Key, and lets in, too; see Renew
	Former Fingerprint `json:"former,omitzero"` // the one before Key: lets nobody in any more
}

// A Mode is what a grant lets its holder do, as far as that is allowed at all. One that
// is not known here allows nothing.
type Mode string

// The modes.
const (
	ReadWrite Mode = ""
	ReadOnly  Mode = "read"
	WriteOnly Mode = "write"
)

// Check finds a mode that is none.
func (m Mode) Check() error {
	switch m {
	case ReadWrite, ReadOnly, WriteOnly:
		return nil
	}
	return fmt.Errorf("%q is no mode: read, write or nothing", string(m))
}

// Valid tells whether g still lets in at that time.
func (g Grant) Valid(at time.Time) bool { return g.Expires.IsZero() || at.Before(g.Expires) }

// Check finds what no grant says.
func (g Grant) Check() error {
	if g.Key.IsZero() || g.Tree == "" {
		return errors.New("the key or the tree is missing")
	}
	if g.Path != "" && (!path.IsAbs(g.Path) || path.Clean(g.Path) != g.Path) {
		return fmt.Errorf("%q is no path below the tree", g.Path)
	}
	if g.Quota < 0 || len(g.Name) > 64 {
		return errors.New("the quota is below 0, or the name too long")
	}
	return g.Mode.Check()
}

// breadth orders grants by how much they allow.
func (g Grant) breadth() int {
	n := 0
	if g.Path == "" {
		n += 2
	}
	if g.Mode == ReadWrite {
		n++
	}
	return n
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
		ok:   Grant.Check,
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

// Find returns the valid grant of key for tree that allows the most, and whether
// there is one.
func (g *Grants) Find(key Fingerprint, tree string) (Grant, bool, error) {
	all, err := g.of(key, tree)
	if err != nil || len(all) == 0 {
		return Grant{}, false, err
	}
	return all[0], true, nil
}

// of returns the valid grants of key for tree, those that allow the most first.
func (g *Grants) of(key Fingerprint, tree string) ([]Grant, error) {
	all, err := g.List()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	all = slices.DeleteFunc(all, func(x Grant) bool { return !x.opensTo(key) || x.Tree != tree || !x.Valid(now) })
	sort.SliceStable(all, func(i, j int) bool { return all[i].breadth() > all[j].breadth() })
	return all, nil
}

// openedBy is g as it is once key, which it opens to, was shown.
func (g Grant) openedBy(key Fingerprint) Grant {
	if g.Key == key {
		return g
	}
	return g.renew(Renewal{Old: g.Key, New: key, Shown: true})
}

func (g Grant) opensTo(key Fingerprint) bool {
	return g.Key == key || g.Next == key && !key.IsZero()
}

// Add stores grant, in place of one with the same key, tree and origin.
func (g *Grants) Add(grant Grant) error {
	if err := grant.Check(); err != nil {
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
	return g.drop(func(x Grant) bool { return x.Origin == origin })
}

// RevokeKey drops all grants of a key, also of one that is to be, and returns them.
func (g *Grants) RevokeKey(key Fingerprint) ([]Grant, error) {
	return g.drop(func(x Grant) bool { return x.opensTo(key) })
}

// Remove drops the one grant with the same key, tree and origin.
func (g *Grants) Remove(grant Grant) error {
	_, err := g.drop(func(x Grant) bool { return sameGrant(x, grant) })
	return err
}

func (g *Grants) drop(which func(Grant) bool) ([]Grant, error) {
	var gone []Grant
	err := g.rewrite(func(all []Grant) []Grant {
		return slices.DeleteFunc(all, func(x Grant) bool {
			if !which(x) {
				return false
			}
			gone = append(gone, x)
			return true
		})
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

func (g *Grants) rewrite(change func([]Grant) []Grant) error {
	err := g.list.update(func(all []Grant) ([]Grant, error) { return change(all), nil })
	if err != nil {
		return fmt.Errorf("grants: %w", err)
	}
	return nil
}
