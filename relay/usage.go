package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// A Usage is what a restart of a relay has to remember: bytes forwarded in a
// month, for quotas to hold over it.
type Usage struct {
	Month   string           `json:"month"` // 2006-01, of UTC
	Total   int64            `json:"total"`
	Tokens  map[string]int64 `json:"tokens,omitempty"`  // by transport.Grant's Origin
	Sources map[string]int64 `json:"sources,omitempty"` // by network; only where networks have a quota
}

// Usage returns it, and whether it changed since the last call.
func (b *Ledger) Usage(now time.Time) (u Usage, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(now)
	changed, b.changed = b.changed, false
	u = Usage{Month: string(b.month), Total: b.total.used.Load(), Tokens: map[string]int64{}}
	for origin, a := range b.tokens {
		if n := a.used.Load(); n > 0 {
			u.Tokens[origin] = n
		}
	}
	if b.limits.PerSource.Bytes == 0 {
		return u, changed
	}
	u.Sources = map[string]int64{}
	for from, a := range b.sources {
		if n := a.used.Load(); n > 0 {
			u.Sources[from.String()] = n
		}
	}
	return u, changed
}

// Restore puts a Usage of before in force, if it is of this month, or of a later one:
// then the clock was set back.
func (b *Ledger) Restore(u Usage, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(now)
	if month(u.Month) < b.month {
		return
	}
	b.total.restore(u.Total)
	for origin, n := range u.Tokens {
		if len(origin) <= mostOrigin {
			b.token(origin, now).restore(n)
		}
	}
	for from, n := range u.Sources {
		if p, err := netip.ParsePrefix(from); err == nil {
			b.source(p, now).restore(n)
		}
	}
}

// mostOrigin is how long the name of a token or a pass's holder is at most.
const mostOrigin = 64

func (a *account) restore(n int64) {
	n = min(max(n, 0), mostBytes)
	a.used.Store(n)
	a.before = n
}

// usageFile bounds what is read: 65536 accounts with their names.
const usageFile = 16 << 20

// LoadUsage reads what Save wrote; a file that is not there is an empty Usage. One
// that is damaged is moved aside, so that a relay nobody looks after goes on: the
// error says so, and the Usage is empty.
func LoadUsage(path string) (u Usage, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	var b []byte
	if err == nil && info.Size() > usageFile {
		err = fmt.Errorf("it has %d bytes", info.Size())
	} else if err == nil {
		b, err = os.ReadFile(path)
	}
	if err == nil {
		err = json.Unmarshal(b, &u)
	}
	if err == nil {
		return u, nil
	}
	aside := path + ".damaged"
	if moved := os.Rename(path, aside); moved != nil {
		return Usage{}, fmt.Errorf("the traffic of this month cannot be read: %w; nor moved aside: %w", err, moved)
	}
	return Usage{}, fmt.Errorf("the traffic of this month cannot be read, and is counted from 0: %w (the file is now %s)", err, aside)
}

// Save writes u so that a crash leaves the one before or the new one.
func (u Usage) Save(path string) error {
	b, err := json.Marshal(u)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".usage-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// usageEvery is how much of the traffic a power cut can hide from quotas.
const usageEvery = 30 * time.Second

// Keep writes the ledger's Usage to a file now and then until ctx ends, and once
// more then. report hears of what cannot be written, once until it can again.
func (b *Ledger) Keep(ctx context.Context, path string, report func(error)) {
	tick := time.NewTicker(usageEvery)
	defer tick.Stop()
	failed := false
	save := func() {
		u, changed := b.Usage(time.Now())
		if !changed && !failed {
			return
		}
		err := u.Save(path)
		if err != nil && !failed {
			report(fmt.Errorf("the traffic of this month is not kept: %w", err))
		}
		failed = err != nil
	}
	for {
		select {
		case <-tick.C:
			save()
		case <-ctx.Done():
			b.tick(time.Now())
			save()
			return
		}
	}
}
