package relay

import (
	"cmp"
	"slices"
	"sort"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// mostShown is how many accounts a status has at most.
const mostShown = 256

// Status is what the relay does and did.
func (r *Relay) Status() transport.RelayStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	total := r.cfg.Plane.Traffic()
	return transport.RelayStatus{
		Since: r.since, Draining: r.draining,
		Rooms: uint64(len(r.rooms.open)), Sessions: uint64(len(r.sessions)), Legs: uint64(r.cfg.Plane.bound()),
		Links: uint64(len(r.cfg.Endpoint.Links())), Guests: uint64(r.guests.all + r.readers.all),
		Packets: total.Packets, Bytes: total.Bytes, Dropped: total.Dropped, Strays: r.cfg.Plane.Strays(),
		Errors:   r.lately.lines(),
		Accounts: r.cfg.Ledger.accounts(),
	}
}

// accounts lists all together, then tokens and holders of passes by what they used.
func (b *Ledger) accounts() []transport.RelayAccount {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]transport.RelayAccount, 0, 1+len(b.tokens))
	for origin, a := range b.tokens {
		list = append(list, a.shown(origin))
	}
	sort.Slice(list, func(i, j int) bool {
		x, y := &list[i], &list[j]
		return cmp.Or(cmp.Compare(y.Rate, x.Rate), cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Name, y.Name)) < 0
	})
	return append([]transport.RelayAccount{b.total.shown("")}, list[:min(len(list), mostShown-1)]...)
}

func (a *account) shown(name string) transport.RelayAccount {
	t := a.terms()
	return transport.RelayAccount{
		Name: name, Sessions: uint64(a.sessions), Rate: uint64(a.speed), Bytes: uint64(a.used.Load()), Dropped: a.dropped.Load(),
		Expires: a.until, MostSessions: uint64(t.Sessions), MostRate: uint64(t.Rate), MostBytes: uint64(t.Bytes),
	}
}

// status tells a peer what the relay does and did: all of it if it has a token of
// the relay's, what concerns itself if it has a pass.
func (r *Relay) status(l transport.Link, st transport.Stream) {
	reply := new(wire.RelayReply)
	s := r.Status()
	switch origin := l.Peer().Grant.Origin; {
	case l.Peer().Guest:
		reply.Answer = &wire.RelayReply_Refused{Refused: refuse(whyToken, "the state of the relay needs a token of it", 0).message()}
	case isPass(origin):
		s.Errors = nil
		s.Accounts = slices.DeleteFunc(s.Accounts, func(a transport.RelayAccount) bool { return a.Name != origin })
		fallthrough
	default:
		reply.Answer = &wire.RelayReply_Status{Status: statusMessage(s)}
	}
	if wire.Write(st, reply) == nil {
		st.Close()
	}
}

func statusMessage(s transport.RelayStatus) *wire.RelayState {
	m := &wire.RelayState{
		Since: uint64(s.Since.Unix()), Rooms: s.Rooms, Sessions: s.Sessions, Legs: s.Legs,
		Packets: s.Packets, Bytes: s.Bytes, Dropped: s.Dropped, Strays: s.Strays,
		Errors: s.Errors, Links: s.Links, Guests: s.Guests, Draining: s.Draining,
	}
	for _, a := range s.Accounts {
		x := &wire.RelayAccount{Name: a.Name, Sessions: a.Sessions, Rate: a.Rate, Bytes: a.Bytes, Dropped: a.Dropped,
			MostSessions: a.MostSessions, MostRate: a.MostRate, MostBytes: a.MostBytes}
		if !a.Expires.IsZero() {
			x.Expires = uint64(a.Expires.Unix())
		}
		m.Accounts = append(m.Accounts, x)
	}
	return m
}
