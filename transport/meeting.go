package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/bargee/bargee/transport/lan"
)

// A Meeting is how two meet who are equals: both do the same.
type Meeting struct {
	Room  RoomName
	Doors Doors
	To    Remote // with the Secret that both have; Addresses are not used

	Ready  func()      // called once, when the other side can find us; nil: nobody is
	Report func(error) // hears of tries that came to nothing; must not block; nil: nobody does
}

const (
	meetSeek   = 500 * time.Millisecond // how long who comes looks for who waits
	meetSettle = 100 * time.Millisecond // for the other one of two links that cross
	meetPause  = 15 * time.Second       // between tries at a relay, at most
	guestPause = 110 * time.Second      // and those of a guest, whose joins are counted: 30 an hour
)

// Meet makes a link with who calls Meet too, with the same room and secret, no matter
// who is first: who comes second dials. Both look for the other on the local network,
// and both try to open the room at the relay; who finds it open joins it.
//
// e has to let in who has the secret (Config.Admission), and its Accept is Meet's
// meanwhile. A wrong secret ends it with ErrAuth; else it goes on until ctx ends.
func (e *Endpoint) Meet(ctx context.Context, m Meeting) (Link, error) {
	if !e.begin() {
		return nil, fail(ErrClosed, "meet: the endpoint was closed")
	}
	defer e.wait.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(e.ctx, func() { cancel(fail(ErrClosed, "the endpoint was closed")) })
	defer stop()
	x := &meeting{Endpoint: e, Meeting: m, fail: cancel, links: make(chan met, 8), state: lan.Seeking, dialling: map[netip.AddrPort]bool{}}
	x.To.turn = newTurn()
	x.Meeting.Ready = sync.OnceFunc(func() {
		if m.Ready != nil {
			m.Ready()
		}
	})
	l, err := x.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("meet: %w", err)
	}
	return l, nil
}

// A meeting is one while it goes on.
type meeting struct {
	*Endpoint
	Meeting
	fail  context.CancelCauseFunc
	links chan met
	wait  sync.WaitGroup

	mu       sync.Mutex
	state    lan.State
	tries    int         // dials that run
	member   *lan.Member // nil: not on the local network
	dialling map[netip.AddrPort]bool
}

// met is a link that was made in a meeting.
type met struct {
	Link
	dialled bool // by us
}

// outranks tells which of two links that crossed stays: that of the smaller key.
func (m met) outranks(self Fingerprint) bool {
	theirs := m.Peer().Key
	return m.dialled == (bytes.Compare(self[:], theirs[:]) < 0)
}

// dials tells which of two that hear of each other on the local network makes the
// link: who has just come, or else the smaller id.
func dials(us lan.ID, now lan.State, them lan.Sighting) bool {
	switch {
	case now == lan.Dialling || them.State == lan.Dialling:
		return false // one of us does already
	case now != them.State:
		return now == lan.Seeking
	}
	return bytes.Compare(us[:], them.ID[:]) < 0
}

func (x *meeting) run(ctx context.Context) (Link, error) {
	ctx, over := context.WithCancel(ctx)
	defer over()
	x.wait.Go(func() { x.accept(ctx) })
	var node *lan.Node
	if x.Doors.LAN != nil {
		var err error
		if node, err = lan.Open(*x.Doors.LAN); err != nil {
			x.report(err)
		} else {
			p := x.party(ctx, node, x.Room, lan.Seeking, true)
			x.member = p.Member
			x.wait.Go(func() { x.look(ctx, p) })
		}
	}
	x.wait.Go(func() { x.settle(ctx, node != nil) })
	best, err := x.choose(ctx)
	over()
	x.wait.Wait()
	if node != nil {
		node.Close()
	}
	for {
		select {
		case late := <-x.links:
			late.Close(errFaster.Error())
		default:
			return best.Link, err
		}
	}
}

// choose takes the first link, or the one of those that came with it that both sides
// take.
func (x *meeting) choose(ctx context.Context) (best met, err error) {
	select {
	case best = <-x.links:
	case <-ctx.Done():
		return met{}, context.Cause(ctx)
	}
	late := time.After(meetSettle)
	for {
		select {
		case other := <-x.links:
			same := other.Peer().Key == best.Peer().Key // who comes third is too late
			if other.Peer().Words == best.Peer().Words {
				best.Close("")
				return met{}, fail(ErrProtocol, "somebody made us meet ourselves")
			}
			if best.Err() != nil || same && other.outranks(x.Fingerprint()) && other.Err() == nil {
				best, other = other, best
			}
			other.Close(errFaster.Error())
		case <-late:
			return best, nil
		}
	}
}

// accept takes in who dials us; from then on we dial nobody.
func (x *meeting) accept(ctx context.Context) {
	for {
		l, err := x.Accept(ctx)
		if err != nil {
			if ctx.Err() == nil {
				x.fail(err)
			}
			return
		}
		patience, cancel := context.WithTimeout(ctx, time.Second)
		x.To.turn.stop(patience)
		cancel()
		x.made(ctx, met{l, false})
	}
}

// made hands a link on.
func (x *meeting) made(ctx context.Context, m met) {
	select {
	case x.links <- m:
	case <-ctx.Done():
		m.Close(errFaster.Error())
	}
}

// look answers the others on the local network, and dials where it is ours to do so.
func (x *meeting) look(ctx context.Context, p *lanParty) {
	defer p.close()
	for {
		select {
		case s := <-p.heard:
			p.knock(s)
			x.mu.Lock()
			ours := !x.dialling[s.At] && len(x.dialling) < mostFound && dials(p.ID(), x.state, s)
			if ours {
				x.dialling[s.At] = true
			}
			x.mu.Unlock()
			if ours {
				x.wait.Go(func() {
					to := x.To
					to.Addresses = []string{s.At.String()}
					x.be(+1)
					x.dial(ctx, func() (Link, error) { return x.Dial(ctx, to) })
					x.be(-1)
					x.mu.Lock()
					delete(x.dialling, s.At)
					x.mu.Unlock()
				})
			}
		case <-ctx.Done():
			return
		}
	}
}

// dial runs a dial, and hands its link on.
func (x *meeting) dial(ctx context.Context, dial func() (Link, error)) {
	l, err := dial()
	switch {
	case err == nil:
		x.made(ctx, met{l, true})
	case errors.Is(err, ErrAuth):
		x.fail(err)
	case !errors.Is(err, errFaster) && !errors.Is(err, ErrNoRoom) && ctx.Err() == nil:
		x.report(err)
	}
}

// be notes that a dial begins or ends, or, with 0, that we have looked for long enough
// for who waits.
func (x *meeting) be(more int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.tries += more; x.tries > 0 {
		x.state = lan.Dialling
	} else {
		x.state = lan.Waiting
	}
	if x.member != nil {
		x.member.Be(x.state)
	}
}

func (x *meeting) report(err error) {
	if x.Report != nil {
		x.Report(err)
	}
}

// settle makes us one who waits, after a while in which who waits already is found on
// the local network, and meets at the relay.
func (x *meeting) settle(ctx context.Context, looks bool) {
	if looks && !pause(ctx, meetSeek) {
		return
	}
	x.be(0)
	if looks || !x.Doors.hasRelay() {
		x.Ready()
	}
	if !x.Doors.hasRelay() {
		return
	}
	to, guest, wait, most := x.To, x.Doors.Relay.guest(), time.Second, meetPause
	if guest { // can only join, and asks the relay to wait
		to.Wait, most = true, guestPause
		x.Ready()
	}
	join := func() (Link, error) { return x.DialRoom(ctx, x.Doors.Relay, x.Room, to) }
	for ; ctx.Err() == nil; wait = min(2*wait, most) {
		if guest {
			x.dial(ctx, join)
		} else if x.host(ctx) {
			x.be(+1)
			x.dial(ctx, join)
			x.be(-1)
		}
		pause(ctx, wait)
	}
}

// host waits in the room at the relay until ctx ends, unless it cannot be; taken: since
// somebody else waits there. That may be so later, too: who was away for a while finds
// that the other one came meanwhile.
func (x *meeting) host(ctx context.Context) (taken bool) {
	lost := make(chan struct{}, 1)
	hosted, err := x.Host(ctx, x.Doors.Relay, x.Room, RoomOptions{Changed: func(s RoomState) {
		if errors.Is(s.Err, ErrRoomOpen) {
			signal(lost)
		}
	}})
	switch {
	case err == nil:
		x.Ready()
		select {
		case <-lost:
			taken = true
		case <-ctx.Done():
		}
		hosted.Close()
		return taken
	case ctx.Err() != nil:
	case errors.Is(err, ErrRoomOpen):
		return true
	case errors.Is(err, ErrAuth): // by the relay
		x.fail(err)
	default:
		x.report(err)
	}
	return false
}
