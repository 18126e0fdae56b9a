package control

import (
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A Target says where a peer is, so that another process of the same user finds
// it too.
type Target struct {
	Address string // of the command line, without a path; a ticket is a secret
	Secret  string // the token or phrase, if one was given
	Lanes   int    // of a link; 0: as many as are useful
}

func putTarget(t Target) *wire.QueueTarget {
	return &wire.QueueTarget{Address: t.Address, Secret: t.Secret, Lanes: uint32(t.Lanes)}
}

func takeTarget(m *wire.QueueTarget) Target {
	return Target{Address: m.GetAddress(), Secret: m.GetSecret(), Lanes: int(m.GetLanes())}
}

func putPlace(p session.Place) *wire.QueuePlace {
	out := &wire.QueuePlace{
		Id: uint64(max(p.ID, 0)), Name: clip(p.Name, maxAddress), Target: clip(p.Target, maxAddress), State: uint32(p.State), Error: putError(p.Err),
		Since: putTime(p.Since), Retry: putTime(p.Retry), Pinned: p.Pinned, Key: clip(p.Key, maxShort),
		Wanted: uint32(max(p.Choice.Lanes, 0)), Why: clip(p.Choice.Why, maxShort),
	}
	for _, l := range p.Lanes {
		out.Lanes = append(out.Lanes, &wire.QueueLane{
			Id: uint32(l.ID), Path: string(l.Path), RttNs: uint64(max(l.RTT, 0)), Sent: l.Sent, Received: l.Received, Lost: l.Lost,
			Data: uint32(l.FEC.Data), Parity: uint32(l.FEC.Parity), Loss: uint32(1e6 * min(max(l.FEC.Loss, 0), 1)), Recovered: l.FEC.Recovered,
		})
	}
	return out
}

func takePlace(m *wire.QueuePlace) (session.Place, error) {
	if m.GetState() > uint32(session.PlaceIdle) {
		return session.Place{}, errSays("a place's state %d", m.GetState())
	}
	p := session.Place{
		ID: session.PlaceID(m.GetId()), Name: m.GetName(), Target: m.GetTarget(), State: session.PlaceState(m.GetState()), Err: takeError(m.GetError()),
		Since: takeTime(m.GetSince()), Retry: takeTime(m.GetRetry()), Pinned: m.GetPinned(), Key: m.GetKey(),
		Choice: transport.LaneChoice{Lanes: int(m.GetWanted()), Why: m.GetWhy()},
	}
	for _, l := range m.GetLanes() {
		p.Lanes = append(p.Lanes, transport.LaneStats{
			ID: int(l.GetId()), Path: transport.Path(l.GetPath()), RTT: time.Duration(l.GetRttNs()), Sent: l.GetSent(), Received: l.GetReceived(), Lost: l.GetLost(),
			FEC: transport.FEC{Data: int(l.GetData()), Parity: int(l.GetParity()), Loss: float64(l.GetLoss()) / 1e6, Recovered: l.GetRecovered()},
		})
	}
	return p, nil
}
