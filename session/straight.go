package session

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A Straight lets the data of a copy between two peers, that a third one asked for,
// go from the one to the other without passing through the third: Expect is how the
// receiver lets the sender in, Dial how the sender gets there. Where either is nil
// that end has all data come by way of who asks, as it does while the two do not
// reach each other. See Direct in transfer.proto.
type Straight struct {
	// Expect has the peer with that key let in from now on for one errand, until
	// cancel, and its links given to take; at is where it may find us.
	Expect func(sender transport.Fingerprint, take func(transport.Link)) (errand transport.Errand, at transport.Whereabouts, cancel func())

	// Dial makes a link to a peer that expects us.
	Dial func(ctx context.Context, at transport.Whereabouts, to transport.Remote) (transport.Link, error)

	start time.Duration // for tests: in place of straightStart, if not 0
}

// StraightBy is the Straight of a Server behind an endpoint: errands are those of
// the endpoint's Admission, and at says where it may be met now.
func StraightBy(e *transport.Endpoint, errands *transport.Errands, at func() transport.Whereabouts) Straight {
	return Straight{
		Expect: func(sender transport.Fingerprint, take func(transport.Link)) (transport.Errand, transport.Whereabouts, func()) {
			errand, cancel := errands.Expect(sender, take)
			return errand, at(), cancel
		},
		Dial: e.DialAnywhere,
	}
}

// What a sender is told of where it may find a receiver.
const maxMeeting = 16

// directOf puts into words where we are met, and by which errand.
func directOf(errand transport.Errand, at transport.Whereabouts) *wire.Direct {
	d := &wire.Direct{Errand: errand[:], Addresses: at.Addresses[:min(len(at.Addresses), maxMeeting)]}
	if at.Relay.Address != "" && !at.Relay.Key.IsZero() {
		d.Relay, d.RelayKey, d.Room = at.Relay.Address, at.Relay.Key[:], at.Room[:]
	}
	return d
}

// whereabouts is where the receiver may be found by what the asker says; ok is false
// where that is nowhere. The asker may say anything: names are not looked up for it,
// and this machine is only dialled for who is on it, too.
func whereabouts(d *wire.Direct, local bool) (at transport.Whereabouts, to transport.Remote, ok bool) {
	if len(d.GetErrand()) == 0 || len(d.GetKey()) == 0 {
		return at, to, false
	}
	to = transport.Remote{Key: transport.Fingerprint(d.GetKey()), Errand: transport.Errand(d.GetErrand()), Lanes: transport.AutoLanes}
	for _, a := range d.GetAddresses() {
		if p, err := netip.ParseAddrPort(a); err == nil && dialable(p, local) {
			at.Addresses = append(at.Addresses, p.String())
		}
	}
	if relayDialable(d.GetRelay(), local) && len(d.GetRelayKey()) > 0 && len(d.GetRoom()) > 0 {
		at.Relay = transport.RelayRemote{Address: d.GetRelay(), Key: transport.Fingerprint(d.GetRelayKey())}
		at.Room = transport.RoomName(d.GetRoom())
	}
	return at, to, len(at.Addresses) > 0 || at.Relay.Address != ""
}

func dialable(p netip.AddrPort, local bool) bool {
	ip := p.Addr().Unmap()
	return p.Port() > 0 && (ip.IsGlobalUnicast() || ip.IsLoopback() && local)
}

// relayDialable is dialable of a relay, which may have a name.
func relayDialable(address string, local bool) bool {
	host, _, ok := strings.Cut(address, ":")
	if !ok || host == "" || host == "localhost" && !local {
		return false
	}
	p, err := netip.ParseAddrPort(address)
	return err != nil || dialable(p, local)
}

// isLocal tells whether a link leads to a peer on this machine, as far as its address
// says.
func isLocal(l transport.Link) bool {
	if lanes := l.Lanes(); len(lanes) > 0 && lanes[0].Path == transport.PathMemory {
		return true
	}
	p, err := netip.ParseAddrPort(l.Peer().Address)
	return err == nil && p.Addr().Unmap().IsLoopback()
}

// maxStraightStreams is how many streams of a sender's link are answered at once:
// those of data, and pings.
const maxStraightStreams = maxStreams + 16

// An errand is a transfer whose data may come straight from its sender.
type errand struct {
	s   *Server
	key transferKey
	id  transport.Errand
}

// expect lets the peer that req names bring the data of r itself, if it does and we
// can. The context that it returns ends with its links; over has to be called.
func (s *Server) expect(ctx context.Context, l transport.Link, req *wire.Send, r *receiver) (over func()) {
	if len(req.GetSender()) == 0 || s.cfg.Straight.Expect == nil || r.options.DryRun {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	known := make(chan struct{}) // closed when the errand has its id
	e := &errand{s: s, key: transferKey{l, string(req.GetTransfer())}}
	id, at, forget := s.cfg.Straight.Expect(transport.Fingerprint(req.GetSender()), func(from transport.Link) {
		<-known
		e.serve(ctx, from)
	})
	e.id, r.direct = id, directOf(id, at)
	close(known)
	return func() { forget(); cancel() }
}

// serve takes data from the sender's link until it or the transfer ends.
func (e *errand) serve(ctx context.Context, from transport.Link) {
	defer from.Close("the transfer is over")
	slots := make(chan struct{}, maxStraightStreams)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		st, err := from.AcceptStream(ctx)
		if err != nil {
			return
		}
		if !take(slots) {
			st.Abort(codeOf(Busy))
			continue
		}
		running.Go(func() {
			defer give(slots)
			e.answer(ctx, st)
		})
	}
}

// answer takes the data of one stream, or a sign of life. The sender may ask for
// nothing else.
func (e *errand) answer(ctx context.Context, raw transport.Stream) {
	stop := context.AfterFunc(ctx, func() { raw.Abort(abortInterrupted) })
	defer stop()
	req, st, err := readRequest(raw)
	switch {
	case err == nil && req.GetData() != nil && transport.Errand(padded(req.GetData().GetTransfer())) == e.id:
		e.s.takeData(ctx, e.key, st, maxStreams)
	case err == nil && req.GetPing() != nil:
		st.SetWriteDeadline(time.Now().Add(dataPatience))
		if wire.Write(st, &wire.Reply{Answer: &wire.Reply_Done{Done: &wire.Done{}}}) == nil {
			st.Close()
		}
		st.Abort(0)
	default:
		st.Abort(codeOf(Refused))
	}
}

// padded is an id that may be missing.
func padded(id []byte) (whole [16]byte) {
	copy(whole[:], id)
	return whole
}

// landed tells who asked for the transfer of a chunk that came straight from the
// sender; it has to hear of it before it hears of the end of the file.
func (r *receiver) landed(stream, lane int, f *inFile, c *wire.Chunk) {
	if stream <= maxStreams {
		return
	}
	m := &wire.Landed{Id: f.id, Index: c.GetIndex(), Stream: uint32(stream - maxStreams), Lane: uint32(min(lane, 255)), Body: uint32(travels(c))}
	if !c.GetHole() {
		m.Crossed = uint32(bodySize(c))
	}
	if f.single() {
		m.Value = c.GetValue()
	}
	r.out.send(&wire.ToSender{Say: &wire.ToSender_Landed{Landed: m}})
}
