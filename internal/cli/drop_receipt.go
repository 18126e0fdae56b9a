package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A receipt is what is kept of a drop that was stored from here: what finds, reads and
// removes it. It holds two secrets, and lies in a file of its own that only we can read.
type receipt struct {
	ID        string                `json:"id"`
	Key       string                `json:"key"`   // of the content
	Owner     string                `json:"owner"` // removes it
	Relay     string                `json:"relay"`
	RelayKey  transport.Fingerprint `json:"relay_key"`
	Origin    string                `json:"origin,omitempty"` // where a browser finds it
	Stored    time.Time             `json:"stored"`
	Expires   time.Time             `json:"expires"`
	Names     []string              `json:"names"` // of what was stored, at the top
	Files     int64                 `json:"files"`
	Bytes     int64                 `json:"bytes"`
	Tags      []string              `json:"tags,omitempty"`
	To        string                `json:"to,omitempty"` // the peer it is sealed to
	Downloads int                   `json:"downloads,omitempty"`
	Sequence  uint64                `json:"sequence,omitempty"` // among those for that peer
}

// drops is where this machine keeps what it knows of drops.
func (h home) drops() string { return filepath.Join(h.state, "drops") }

// dropWork is where half-done ones are, of either direction.
func (h home) dropWork() string { return filepath.Join(h.drops(), "work") }

func (h home) receiptFile(id string) string {
	return filepath.Join(h.drops(), "receipts", id+".json")
}

func (r *receipt) check() error {
	_, wrongID := drop.ParseID(r.ID)
	_, wrongKey := drop.ParseKey(r.Key)
	_, wrongOwner := session.ParseDropOwner(r.Owner)
	if wrongID != nil || wrongKey != nil || wrongOwner != nil || r.Relay == "" {
		return errors.New("it is no receipt of a drop")
	}
	return nil
}

// receiptFor is the one of what was just stored.
func receiptFor(d session.Deposited, relay string, key transport.Fingerprint, names []string) receipt {
	return receipt{
		ID: d.ID.String(), Key: d.Key.Reveal(), Owner: d.Owner.Reveal(), Relay: relay, RelayKey: key, Origin: d.Origin,
		Stored: time.Now().UTC().Truncate(time.Second), Expires: d.Expires, Names: names, Files: int64(d.Files), Bytes: d.Bytes,
	}
}

// keepReceipt writes r for good.
func (h home) keepReceipt(r receipt) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return replaceFile(h.receiptFile(r.ID), append(b, '\n'))
}

// receipts returns all of them, the one that was stored last first. One that cannot be
// read is an error that names its file.
func (h home) receipts() (all []receipt, err error) {
	names, err := filepath.Glob(h.receiptFile("*"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasPrefix(filepath.Base(name), ".") {
			continue // half written, by who was killed then
		}
		b, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		var r receipt
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		if err == nil {
			err = r.check()
		}
		if err != nil {
			return nil, &problem{what: "read", where: name, err: err, hint: "remove that file; the drop expires by itself"}
		}
		all = append(all, r)
	}
	sort.Slice(all, func(i, j int) bool { return all[j].Stored.Before(all[i].Stored) })
	return all, nil
}

// leastID is how many digits of a drop's name say which one is meant.
const leastID = 4

// receiptOf returns the one whose name begins so.
func receiptOf(all []receipt, word string) (receipt, error) {
	at := slices.IndexFunc(all, func(r receipt) bool { return len(word) >= leastID && strings.HasPrefix(r.ID, word) })
	if at < 0 {
		return receipt{}, &session.Error{Kind: session.NotFound, Err: errors.New("no drop that was stored from here")}
	}
	for _, r := range all[at+1:] {
		if strings.HasPrefix(r.ID, word) {
			return receipt{}, usage("begins the names of several drops", "give more digits: bargee drop list shows them").about("", session.Display(word))
		}
	}
	return all[at], nil
}

// nextSequence is the number of the next drop for a known peer: above all before,
// also where the clock was set back.
func nextSequence(all []receipt, now time.Time) uint64 {
	next := uint64(max(now.UnixMicro(), 1))
	for _, r := range all {
		next = max(next, r.Sequence+1)
	}
	return next
}

// ticket is what receives the drop.
func (r *receipt) ticket() (transport.Ticket, error) {
	t := transport.Ticket{Relay: r.Relay, RelayKey: r.RelayKey}
	id, err := drop.ParseID(r.ID)
	if err != nil {
		return t, err
	}
	key, err := drop.ParseKey(r.Key)
	if err != nil {
		return t, err
	}
	t.Drop = &transport.DropTicket{Key: key[:]}
	if r.To != "" { // it has the key already, as nobody else
		t.Drop = &transport.DropTicket{ID: id[:]}
	}
	return t, nil
}

// link is what opens the drop in a browser; "" where the relay speaks no HTTP that we
// know of, or where only a peer can read it.
func (r receipt) link() string {
	key, err := drop.ParseKey(r.Key)
	if r.Origin == "" || r.To != "" || err != nil {
		return ""
	}
	return drop.Link(r.Origin, key)
}
