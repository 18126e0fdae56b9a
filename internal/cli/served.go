package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A servedTree is what is kept of the tokens of a served directory: enough to check
// them, too little to use them. Who may use a directory is read from here at each
// login, so that whatever changes the file acts on servers that run.
type servedTree struct {
	Tree string `json:"tree"`

	// The token that serve made by itself.
	Token transport.TokenPublic `json:"token,omitzero"`
	Made  time.Time             `json:"made,omitzero"`

	Tokens []treeToken `json:"tokens,omitempty"` // those that bargee token new made
}

// A treeToken lets its holders into one tree.
type treeToken struct {
	Token   transport.TokenPublic `json:"token"`
	Name    string                `json:"name,omitempty"`
	Mode    transport.Mode        `json:"mode,omitempty"`
	Path    string                `json:"path,omitempty"`
	Expires time.Time             `json:"expires,omitzero"`
	Quota   int64                 `json:"quota,omitempty"`
	Made    time.Time             `json:"made"`
}

// mostTreeTokens is how many tokens a directory has at the most.
const mostTreeTokens = 1024

// all returns the tokens, the own one first.
func (t servedTree) all() []treeToken {
	if t.Token == (transport.TokenPublic{}) {
		return t.Tokens
	}
	return append([]treeToken{{Token: t.Token, Made: t.Made}}, t.Tokens...)
}

// remove takes a token out, and tells whether it was there.
func (t *servedTree) remove(id string) bool {
	n := len(t.Tokens)
	t.Tokens = slices.DeleteFunc(t.Tokens, func(x treeToken) bool { return x.Token.ID() == id })
	if t.Token != (transport.TokenPublic{}) && t.Token.ID() == id {
		t.Token, t.Made = transport.TokenPublic{}, time.Time{}
		return true
	}
	return len(t.Tokens) < n
}

// check finds what no file of ours says: then nothing in it is believed.
func (t servedTree) check() error {
	seen := map[string]bool{}
	for _, x := range t.all() {
		if seen[x.Token.ID()] {
			return fmt.Errorf("the token %s stands there twice", x.Token.ID())
		}
		seen[x.Token.ID()] = true
		g := x.terms(transport.Grant{Key: transport.Fingerprint{1}, Tree: t.Tree})
		if err := g.Check(); err != nil {
			return fmt.Errorf("the token %s: %w", x.Token.ID(), err)
		}
	}
	return nil
}

// terms puts into a grant what the token is worth.
func (t treeToken) terms(g transport.Grant) transport.Grant {
	g.Mode, g.Path, g.Quota, g.Name, g.Expires = t.Mode, t.Path, t.Quota, t.Name, t.Expires.UTC()
	return g
}

func (h home) servedFile(tree string) string {
	sum := sha256.Sum256([]byte(tree))
	return filepath.Join(h.state, "served", hex.EncodeToString(sum[:8])+".json")
}

// served returns what is kept for tree.
func (h home) served(tree string) (servedTree, error) {
	t, err := readServed(h.servedFile(tree))
	if errors.Is(err, fs.ErrNotExist) {
		return servedTree{Tree: tree}, nil
	}
	if err == nil && t.Tree != tree {
		err = fmt.Errorf("it is about %s", session.Display(t.Tree))
	}
	if err != nil {
		return t, &problem{what: "read", where: session.Display(h.servedFile(tree)), err: err, hint: "--new-token makes another token"}
	}
	return t, nil
}

// maxServed bounds what is read of such a file.
const maxServed = 1 << 20

func readServed(name string) (t servedTree, err error) {
	b, err := readAtMost(name, maxServed)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err == nil {
		err = t.check()
	}
	return t, err
}

// changeServed changes what is kept for tree. An unreadable file is an error, unless
// anew says that nothing of it matters.
func (h home) changeServed(tree string, anew bool, change func(*servedTree) error) error {
	name := h.servedFile(tree)
	return locked(name, func() error {
		t, err := h.served(tree)
		if err != nil {
			if !anew {
				return err
			}
			t = servedTree{Tree: tree}
		}
		if err := change(&t); err != nil {
			return err
		}
		b, err := json.MarshalIndent(t, "", "  ")
		if err != nil {
			return err
		}
		return replaceFile(name, append(b, '\n'))
	})
}

// allServed returns what is kept for all trees, by their names. Files that cannot be
// read are left to wrong.
func (h home) allServed(wrong func(name string, err error)) ([]servedTree, error) {
	dir := filepath.Join(h.state, "served")
	names, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []servedTree
	for _, e := range names {
		base, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || strings.Contains(base, ".") {
			continue
		}
		name := filepath.Join(dir, e.Name())
		t, err := readServed(name)
		if err == nil && h.servedFile(t.Tree) != name {
			err = fmt.Errorf("it is about %s", session.Display(t.Tree))
		}
		if err != nil {
			wrong(name, err)
			continue
		}
		all = append(all, t)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Tree < all[j].Tree })
	return all, nil
}
