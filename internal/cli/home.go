package cli

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"crypto/sha256"

	"github.com/adrg/xdg"

	"github.com/bargee/bargee/transport"
)

// A home is where bargee keeps its files: all of them in BARGEE_HOME, else
// where the system has such things.
type home struct {
	config string // the identity
	state  string // known peers, grants, tokens of served directories, logs
}

func (a *app) home() (home, error) {
	dir := a.getenv("BARGEE_HOME")
	if dir == "" {
		return home{filepath.Join(xdg.ConfigHome, "bargee"), filepath.Join(xdg.StateHome, "bargee")}, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return home{}, &problem{what: "find", where: "BARGEE_HOME", err: err}
	}
	return home{dir, dir}, nil
}

// identity returns the key of this machine; the first call makes it.
func (h home) identity() (*transport.Identity, error) {
	id, err := transport.LoadIdentity(h.config)
	return id, filed(err)
}

func (h home) known() (*transport.KnownPeers, error) {
	k, err := transport.OpenKnownPeers(h.state)
	return k, filed(err)
}

func (h home) grants() (*transport.Grants, error) {
	g, err := transport.OpenGrants(h.state)
	return g, filed(err)
}

// filed makes a problem of an error about one of bargee's own files, whose text
// says which one.
func filed(err error) error {
	if err == nil {
		return nil
	}
	return &problem{err: err}
}

// A servedToken is what is kept of the token that bargee made for a directory:
// enough to check it, too little to use it.
type servedToken struct {
	Tree  string                `json:"tree"`
	Token transport.TokenPublic `json:"token"`
	Made  time.Time             `json:"made"`
}

func (h home) servedFile(tree string) string {
	sum := sha256.Sum256([]byte(tree))
	return filepath.Join(h.state, "served", hex.EncodeToString(sum[:8])+".json")
}

// servedToken returns what is kept for tree, and whether there is something.
func (h home) servedToken(tree string) (servedToken, bool, error) {
	name := h.servedFile(tree)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return servedToken{}, false, nil
	}
	var t servedToken
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err == nil && t.Tree != tree {
		err = fmt.Errorf("it is about %s", t.Tree)
	}
	if err != nil {
		return servedToken{}, false, &problem{what: "read", where: name, err: err, hint: "--new-token makes another token"}
	}
	return t, true, nil
}

// keepServedToken replaces what is kept for t.Tree.
func (h home) keepServedToken(t servedToken) error {
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return replaceFile(h.servedFile(t.Tree), append(b, '\n'))
}
