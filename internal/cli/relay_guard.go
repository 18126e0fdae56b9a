package cli

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// revokedFile lists what lets nobody in any more, in a relay's --data: an ID of a
// token or a pass on each line.
const revokedFile = "revoked"

// A relayGuard holds a relay to its limits, and knows who else than holders of its
// tokens is let in. It is a reloader.
type relayGuard struct {
	ledger *relay.Ledger
	passes *relay.Passes // nil: none are taken
	log    *roleLog

	keyFiles []string
	revoked  string // the file
	usage    string // the file

	mu    sync.Mutex
	ids   map[string]bool // revoked
	stamp string          // of the file that they were read from

	stop context.CancelFunc
	wait sync.WaitGroup
}

// open reads what is kept in dir, and the keys of passes.
func (g *relayGuards) open(dir string, log *roleLog) (*relayGuard, error) {
	now := time.Now()
	r := &relayGuard{ledger: relay.NewLedger(g.limits(), now), log: log, keyFiles: g.passKeys,
		revoked: filepath.Join(dir, revokedFile), usage: filepath.Join(dir, "usage.json"), stop: func() {}}
	if len(g.passKeys) > 0 {
		r.passes = relay.NewPasses(r.ledger)
	}
	if _, err := r.reload(); err != nil {
		return nil, err
	}
	used, err := relay.LoadUsage(r.usage)
	if err != nil {
		log.Error("the quotas begin anew", "reason", reason(err))
	}
	r.ledger.Restore(used, now)
	return r, nil
}

// judge is transport.Admission.Pass.
func (r *relayGuard) judge() func(string, ed25519.PublicKey) (transport.Grant, error) {
	if r.passes == nil {
		return nil
	}
	return r.passes.Judge
}

// tokens is transport.Admission.Tokens: those of list that were not revoked.
func (r *relayGuard) tokens(list func() []transport.TokenPublic) func() []transport.TokenPublic {
	return func() []transport.TokenPublic {
		r.mu.Lock()
		defer r.mu.Unlock()
		all := list()
		if len(r.ids) == 0 {
			return all
		}
		return slices.DeleteFunc(slices.Clone(all), func(t transport.TokenPublic) bool { return r.ids[t.ID()] })
	}
}

// good is relay.Config.Good: of the tokens of list, and of passes.
func (r *relayGuard) good(list func() []transport.TokenPublic) func(transport.Grant) error {
	tokens := r.tokens(list)
	return func(g transport.Grant) error {
		if r.passes != nil && relay.IsPass(g) {
			return r.passes.Good(g)
		}
		if !slices.ContainsFunc(tokens(), func(t transport.TokenPublic) bool { return t.ID() == g.Origin }) {
			return errTokenRevoked
		}
		return nil
	}
}

// reload reads keys of passes and what was revoked again. After an error both stay
// as they were.
func (r *relayGuard) reload() (gone []string, err error) {
	var keys []ed25519.PublicKey
	for _, name := range r.keyFiles {
		key, err := readPassKey(name)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	stamp := stampOf(r.revoked)
	ids, err := readRevoked(r.revoked)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range ids {
		if !r.ids[id] {
			gone = append(gone, id) // as a token's; a pass is gone by its holder
		}
	}
	r.ids, r.stamp = ids, stamp
	if r.passes != nil {
		gone = append(gone, r.passes.Set(keys, ids)...)
	}
	return gone, nil
}

// changed tells whether the list of what was revoked is another one than it was.
func (r *relayGuard) changed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.stamp
	r.stamp = stampOf(r.revoked)
	return r.stamp != was
}

// start keeps the traffic until close.
func (r *relayGuard) start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.wait.Go(func() {
		r.ledger.Keep(ctx, r.usage, func(err error) { r.log.Error("not kept", "reason", reason(err)) })
	})
}

// close writes down what was used.
func (r *relayGuard) close() {
	r.stop()
	r.wait.Wait()
}

// mostRevoked bounds what is read of a list of what was revoked.
const mostRevoked = 1 << 16

// readRevoked reads IDs, one a line; what comes after one is for people.
func readRevoked(name string) (map[string]bool, error) {
	ids := map[string]bool{}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ids, nil
	}
	if err != nil {
		return nil, &problem{what: "read", where: session.Display(name), err: err}
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		id, _, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		if id == "" || strings.HasPrefix(id, "#") {
			continue
		}
		if ids[id] = true; len(ids) > mostRevoked {
			return nil, &problem{what: "read", where: session.Display(name), err: fmt.Errorf("more than %d are revoked: take those out that expired", mostRevoked)}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, &problem{what: "read", where: session.Display(name), err: err}
	}
	return ids, nil
}
