package cli

import (
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/bargee/bargee/internal/guests"
	"github.com/bargee/bargee/transport"
)

func (a *app) listPeers(k *transport.KnownPeers, all bool) error {
	peers, err := k.List()
	if err != nil {
		return filed(err)
	}
	h, err := a.home()
	if err != nil {
		return err
	}
	totals, err := guests.Open(h.state).Totals()
	if err != nil {
		return &problem{what: "read", where: "what peers did here", err: err}
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, p := range peers {
		t := totals[p.Key.String()]
		delete(totals, p.Key.String())
		for _, key := range append(p.Former, p.Next) {
			t = t.Plus(totals[key.String()])
			delete(totals, key.String())
		}
		a.listPeer(table, p, t)
	}
	if !all {
		totals = nil
	}
	rest := make([]*guests.Total, 0, len(totals))
	for _, t := range totals {
		rest = append(rest, t)
	}
	slices.SortFunc(rest, func(a, b *guests.Total) int { return b.Last.Compare(a.Last) })
	for _, t := range rest {
		if key, err := transport.ParseFingerprint(t.Key); err == nil {
			a.listPeer(table, transport.KnownPeer{Key: key, Addresses: []string{t.Address}}, t)
		}
	}
	if len(peers)+len(rest) == 0 {
		a.say("no known peers; --trust with any command that goes to a peer makes it one")
	}
	return table.Flush()
}

// listPeer tells of a peer, t being what it did here, nil for nothing.
func (a *app) listPeer(table *tabwriter.Writer, p transport.KnownPeer, t *guests.Total) {
	if t != nil && t.Last.After(p.LastSeen) {
		p.LastSeen = t.Last
	}
	if a.json {
		a.event(newPeerEvent(p, t))
		return
	}
	seen := "never seen"
	if !p.LastSeen.IsZero() {
		seen = "seen " + humanize.Time(p.LastSeen)
	}
	name := p.Name
	if name == "" {
		name = "-"
	}
	line := []string{name, p.Key.Short(), strings.Join(p.Addresses, " "), seen}
	if t != nil {
		line = append(line, "took "+count(t.TookFiles, "file")+" "+size(t.TookBytes), "left "+count(t.LeftFiles, "file")+" "+size(t.LeftBytes), count(t.Visits, "visit"))
	}
	table.Write([]byte(strings.Join(line, "\t") + "\n"))
}

type peerEvent struct {
	Event     string    `json:"event"`
	Name      string    `json:"name,omitempty"`
	Peer      string    `json:"peer"`
	Next      string    `json:"next,omitempty"` // the key that it said will take the place of this one
	Addresses []string  `json:"addresses"`
	Added     time.Time `json:"added,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`

	// What it did here, over all time; bytes are those that crossed the link.
	Visits    int64 `json:"visits"`
	TookFiles int64 `json:"took_files"`
	TookBytes int64 `json:"took_bytes"`
	LeftFiles int64 `json:"left_files"`
	LeftBytes int64 `json:"left_bytes"`
	Failed    int64 `json:"failed"`
}

func newPeerEvent(p transport.KnownPeer, t *guests.Total) peerEvent {
	ev := peerEvent{Event: "peer", Name: p.Name, Peer: p.Key.String(), Addresses: p.Addresses, Added: p.Added, LastSeen: p.LastSeen}
	if !p.Next.IsZero() {
		ev.Next = p.Next.String()
	}
	if ev.Addresses == nil {
		ev.Addresses = []string{}
	}
	if t != nil {
		ev.Visits, ev.TookFiles, ev.TookBytes = t.Visits, t.TookFiles, t.TookBytes
		ev.LeftFiles, ev.LeftBytes, ev.Failed = t.LeftFiles, t.LeftBytes, t.Failed
	}
	return ev
}
