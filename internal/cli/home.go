package cli

import (
	"errors"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"runtime"

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

// findHome sets HOME where nothing did, as with env -i and in some services, to what
// the system's list of users says: else all files would be kept below the root.
func findHome() {
	if runtime.GOOS == "windows" || os.Getenv("HOME") != "" {
		return
	}
	if u, err := user.Current(); err == nil && u.HomeDir != "" {
		os.Setenv("HOME", u.HomeDir)
		xdg.Reload()
	}
}

// keys are those of this machine; the first call makes one.
func (h home) keys() (*transport.Keys, error) {
	k, err := transport.OpenKeys(h.config)
	return k, filed(err)
}

// self is a transport.Config that says who this machine is, at any time, and has it
// follow peers whose key is replaced.
func (h home) self() (transport.Config, error) {
	k, err := h.keys()
	if err != nil {
		return transport.Config{}, err
	}
	return transport.Config{Identity: k.Ring().Key, Keyring: k.Ring, Agent: agent(), Renewed: h.renewed}, nil
}

// renewed notes what a peer said of its key, wherever the peer is listed.
func (h home) renewed(r transport.Renewal) {
	known, err := h.known()
	if err == nil {
		err = known.Renew(r)
	}
	grants, gerr := h.grants()
	if gerr == nil {
		gerr = grants.Renew(r)
	}
	if err = errors.Join(err, gerr); err != nil {
		slog.Warn("a peer's next key is not noted: it will seem to be a stranger's", "key", r.Old.Short(), "reason", reason(err))
	}
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
