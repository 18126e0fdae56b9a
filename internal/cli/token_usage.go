package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A tokenUsage is what tokens of a served directory were used for: a file that its servers
// write, and bargee token list reads.
type tokenUsage struct {
	name string

	mu     sync.Mutex
	added  map[string]*tokenUse // since it was written; Used is what came since
	kept   map[string]*tokenUse // as the file has it
	quotas map[string]*session.Quota
}

// A tokenUse is that of one token, or of one subject of JWTs.
type tokenUse struct {
	Used int64     `json:"used,omitempty"` // bytes of files that came, in all
	Last time.Time `json:"last,omitzero"`  // when somebody came by it
	From string    `json:"from,omitempty"` // and from where
}

// mostUses bounds how many are remembered, and maxUsage what is read of them.
const (
	mostUses = 65536
	maxUsage = 16 << 20
)

func (h home) usageFile(tree string) string {
	return strings.TrimSuffix(h.servedFile(tree), ".json") + ".use.json"
}

// useKey is what a grant is counted by: a token, or who a JWT is about, whichever
// of his he shows.
func useKey(g transport.Grant) string {
	if isJWT(g) {
		return jwtOrigin + "of-" + g.Name
	}
	return g.Origin
}

// openUsage reads the file. One that is damaged is moved aside, so that a server that
// nobody looks after goes on, and reported; the usage is good all the same.
func openUsage(name string) (*tokenUsage, error) {
	u := &tokenUsage{name: name, added: map[string]*tokenUse{}, quotas: map[string]*session.Quota{}}
	var err error
	if u.kept, err = readUsage(name); err != nil {
		err = errors.Join(err, os.Rename(name, name+".damaged"))
	}
	return u, err
}

func readUsage(name string) (map[string]*tokenUse, error) {
	kept := map[string]*tokenUse{}
	b, err := readAtMost(name, maxUsage)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &kept)
	}
	for key, x := range kept {
		if err == nil && (x == nil || x.Used < 0) {
			err = fmt.Errorf("nothing is said of %s", session.Display(key))
		}
	}
	if err != nil {
		return map[string]*tokenUse{}, err
	}
	return kept, nil
}

// came notes that somebody came.
func (u *tokenUsage) came(key, from string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	x := u.of(key)
	x.Last, x.From = time.Now().UTC().Truncate(time.Second), from
}

func (u *tokenUsage) of(key string) *tokenUse {
	if u.added[key] == nil {
		u.added[key] = &tokenUse{}
	}
	return u.added[key]
}

// quota returns what holds who is counted by key to most bytes: in all, or as other
// says.
func (u *tokenUsage) quota(key string, most int64, other func() *session.Quota) *session.Quota {
	u.mu.Lock()
	defer u.mu.Unlock()
	if q := u.quotas[key]; q != nil {
		q.SetMost(most)
		return q
	}
	if other != nil {
		u.quotas[key] = other()
		return u.quotas[key]
	}
	used := int64(0)
	if x := u.kept[key]; x != nil {
		used = x.Used
	}
	if x := u.added[key]; x != nil {
		used += x.Used
	}
	before := used
	q := session.NewQuota(most, used, func(now int64) {
		u.mu.Lock()
		defer u.mu.Unlock()
		if now > before { // they may come in another order than they were told
			u.of(key).Used += now - before
			before = now
		}
	})
	u.quotas[key] = q
	return q
}

// save writes down what is new.
func (u *tokenUsage) save() error {
	u.mu.Lock()
	added := u.added
	u.added = map[string]*tokenUse{}
	u.mu.Unlock()
	if len(added) == 0 {
		return nil
	}
	var merged map[string]*tokenUse
	err := locked(u.name, func() (err error) {
		if merged, err = readUsage(u.name); err != nil {
			return err
		}
		merge(merged, added)
		for len(merged) > mostUses {
			forgetUse(merged)
		}
		b, err := json.Marshal(merged)
		if err != nil {
			return err
		}
		return replaceFile(u.name, append(b, '\n'))
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	if err != nil { // it is tried again
		merge(added, u.added)
		u.added = added
		return err
	}
	u.kept = merged
	return nil
}

func merge(into, added map[string]*tokenUse) {
	for key, x := range added {
		if into[key] == nil {
			into[key] = &tokenUse{}
		}
		y := into[key]
		y.Used += x.Used
		if !x.Last.IsZero() {
			y.Last, y.From = x.Last, x.From
		}
	}
}

// forgetUse forgets who came last the longest ago.
func forgetUse(all map[string]*tokenUse) {
	oldest := ""
	for key, x := range all {
		if oldest == "" || x.Last.Before(all[oldest].Last) {
			oldest = key
		}
	}
	delete(all, oldest)
}
