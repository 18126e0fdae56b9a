package transport

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/transport/lan"
)

// mostFound is how many addresses on the local network are tried that are said to be
// of who has the room. With one of them we log in: each may be an impostor's, who
// tries whether he guessed the code.
const mostFound = 8

// lanPatience is how long the local network is looked at when the relay knows nobody.
// Who was found by then is dialled to the end.
const lanPatience = 1500 * time.Millisecond

// A patience ends a while after it was begun.
type patience chan struct{}

func (p patience) begin() { time.AfterFunc(lanPatience, func() { close(p) }) }

// DialCode makes a link to who shows a code, at the relay that the code names and on
// the local network, whichever is faster. doors.Relay says what is known of that
// relay: nothing is needed. to.Addresses and to.Secret are not used.
//
// It takes no longer than Config.HandshakeTimeout. Errors are those of DialRoom;
// where nobody was found it is ErrNoRoom.
func (e *Endpoint) DialCode(ctx context.Context, c Code, doors Doors, to Remote) (Link, error) {
	if !e.begin() {
		return nil, fail(ErrClosed, "dial by code: the endpoint was closed")
	}
	defer e.wait.Done()
	ctx, cancel := context.WithTimeout(ctx, e.cfg.HandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(e.ctx, cancel)
	defer stop()
	to.Secret, to.turn = c.Secret(), newTurn()
	late := make(patience)
	var ways []func(context.Context) (Link, error)
	if c.Relay() != "" {
		relay := doors.Relay
		if relay.Address != c.Relay() {
			relay = RelayRemote{Address: c.Relay()}
		}
		ways = append(ways, func(ctx context.Context) (Link, error) {
			l, err := e.DialRoom(ctx, relay, c.Room(), to)
			if err != nil {
				late.begin()
			}
			return l, err
		})
	}
	if doors.LAN != nil {
		ways = append(ways, func(ctx context.Context) (Link, error) { return e.dialFound(ctx, *doors.LAN, c.Room(), to, late) })
	}
	if len(ways) == 0 {
		return nil, fail(ErrUnreachable, "the code names no relay, and the local network is not to be looked at")
	}
	l, err := firstLink(ctx, ways)
	if err != nil && errors.Is(err, ErrNoRoom) {
		where := "on the local network"
		if c.Relay() != "" {
			where = "at " + c.Relay()
		}
		err = fail(ErrNoRoom, "nobody waits with that code %s: it is over, or it was misheard", where)
	}
	return l, err
}

// firstLink goes all ways at once, and returns the first link that is made. Without
// one it returns the error that says most.
func firstLink(ctx context.Context, ways []func(context.Context) (Link, error)) (Link, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var won atomic.Pointer[Link]
	errs := make([]error, len(ways))
	var wait sync.WaitGroup
	for n, way := range ways {
		wait.Go(func() {
			l, err := way(ctx)
			switch {
			case err != nil:
				errs[n] = err
			case won.CompareAndSwap(nil, &l):
				cancel() // the others return at once
			default:
				l.Close(errFaster.Error())
			}
		})
	}
	wait.Wait()
	if l := won.Load(); l != nil {
		return *l, nil
	}
	return nil, worst(errs)
}

// dialFound looks on the local network for who waits in a room, until late is closed,
// and dials it.
func (e *Endpoint) dialFound(ctx context.Context, o lan.Options, room RoomName, to Remote, late <-chan struct{}) (Link, error) {
	node, err := lan.Open(o)
	if err != nil {
		return nil, fail(ErrUnreachable, "%w", err)
	}
	defer node.Close()
	p := e.party(ctx, node, room, lan.Dialling, true)
	defer p.close()
	type result struct {
		Link
		error
	}
	results := make(chan result, mostFound)
	dialCtx, cancel := context.WithCancel(ctx)
	var tried []netip.AddrPort
	running := 0
	defer func() {
		cancel()
		for range running {
			if r := <-results; r.error == nil {
				r.Link.Close(errFaster.Error())
			}
		}
	}()
	var errs []error
	nobody := func() error {
		if len(errs) > 0 {
			return worst(errs)
		}
		return fail(ErrNoRoom, "nobody on the local network waits in the room")
	}
	for looks := true; looks || running > 0; {
		select {
		case <-late:
			looks, late = false, nil
		case s := <-p.heard:
			if s.State != lan.Waiting || slices.Contains(tried, s.At) || len(tried) == mostFound {
				continue
			}
			tried = append(tried, s.At)
			running++
			at := to
			at.Addresses = []string{s.At.String()}
			go func() {
				l, err := e.Dial(dialCtx, at)
				results <- result{l, err}
			}()
		case r := <-results:
			running--
			if r.error == nil {
				return r.Link, nil
			}
			if errs = append(errs, r.error); errors.Is(r.error, ErrAuth) && !errors.Is(r.error, ErrKeyChanged) {
				return nil, r.error // no other one is asked
			}
		case <-ctx.Done():
			return nil, nobody()
		}
	}
	return nil, nobody()
}
