package cli

import (
	"log/slog"
	"time"

	"github.com/bargee/bargee/internal/guests"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A guestbook notes what the peers of a served directory do, and tells other
// processes who is there. That it cannot is no reason not to serve: the log says so.
// A nil one notes nothing.
type guestbook struct {
	book  *guests.Book
	state string
	tree  string
	since time.Time
	log   *slog.Logger
	desk  *guests.Desk
}

func (h home) guestbook(tree string, log *slog.Logger) *guestbook {
	return &guestbook{book: guests.Open(h.state), state: h.state, tree: tree, since: time.Now(), log: log}
}

// open begins to tell who is at s.
func (g *guestbook) open(s *session.Server) {
	desk, err := guests.OpenDesk(g.state, func() guests.Serving {
		now := guests.Serving{Tree: g.tree, Since: g.since.UTC(), Guests: []guests.Guest{}}
		for _, guest := range s.Guests() {
			now.Guests = append(now.Guests, guestOf(guest))
		}
		return now
	})
	if err != nil {
		g.log.Warn("bargee peer who cannot be told who is here", "reason", reason(err))
		return
	}
	g.desk = desk
}

func guestOf(g session.Guest) guests.Guest {
	out := guests.Guest{
		Key: g.Peer.Key.String(), Called: session.Display(g.Peer.Grant.Name), Address: g.Peer.Address, Agent: session.Display(g.Peer.Agent), Origin: g.Peer.Grant.Origin,
		Since: g.Since.UTC(), Taking: g.Taking, Leaving: g.Leaving, Bytes: g.Bytes, Paths: []string{},
	}
	seen := map[transport.Path]bool{}
	for _, l := range g.Lanes {
		if !seen[l.Path] {
			out.Paths = append(out.Paths, string(l.Path))
		}
		seen[l.Path] = true
	}
	return out
}

func (g *guestbook) close() {
	if g != nil && g.desk != nil {
		_ = g.desk.Close() // what is left of it is removed by who reads it
	}
}

// observe is session.ServerConfig.Observe.
func (g *guestbook) observe(d session.Deed) {
	e := g.entry(d.Peer, d.Began, d.Ended)
	e.What, e.Path = d.What.String(), guests.Name("/"+d.Path.Raw())
	if d.What == session.DeedMoved {
		e.To = guests.Name("/" + d.To.Raw())
	}
	e.Files, e.Bytes, e.Sent, e.Failed, e.Within = d.Files, d.Bytes, d.Sent, d.Failed, d.Within
	switch {
	case d.Partly:
		e.Result = guests.Partly
	case d.Err != nil:
		e.Result = guests.Failed
	}
	if d.Err != nil {
		e.Kind, e.Error = string(kindOf(d.Err)), reason(d.Err)
	}
	g.add(e)
}

// came notes a visit that is over.
func (g *guestbook) came(p transport.Peer, since time.Time) {
	if g == nil {
		return
	}
	e := g.entry(p, since, time.Now())
	e.What = guests.Came
	g.add(e)
}

func (g *guestbook) entry(p transport.Peer, began, ended time.Time) guests.Entry {
	return guests.Entry{
		Time: ended.UTC(), Began: began.UTC(), Key: p.Key.String(), Called: session.Display(p.Grant.Name), Address: p.Address, Agent: session.Display(p.Agent),
		Origin: p.Grant.Origin, Tree: g.tree, Result: guests.Done,
	}
}

func (g *guestbook) add(e guests.Entry) {
	if err := g.book.Add(e); err != nil {
		g.log.Warn("what a peer did is not noted", "reason", reason(err))
	}
}
