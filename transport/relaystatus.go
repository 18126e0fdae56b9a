package transport

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A RelayStatus is what a relay does and did.
type RelayStatus struct {
	Since    time.Time
	Draining bool // it takes nobody new

	// Now: open rooms, sessions, their legs that have an address, links of peers to
	// the relay, and how many of those have no token.
	Rooms, Sessions, Legs, Links, Guests uint64

	// Since then: what was forwarded, packets that were dropped (over a limit, or
	// nobody there to get them), and packets that belong to nobody.
	Packets, Bytes, Dropped, Strays uint64

	Errors   []string       // the latest, newest last, each with its time
	Accounts []RelayAccount // all together first (no name), then those who use it most
}

// A RelayAccount is what a token, or the holder of a pass, uses of a relay, and may
// at most; 0 is no limit.
type RelayAccount struct {
	Name                              string // id of a token, or pass- and a thumbprint; "": all together
	Sessions, Rate, Bytes             uint64 // now, bytes a second lately, bytes in this month
	Dropped                           uint64 // buffers of packets over rate or quota
	Expires                           time.Time
	MostSessions, MostRate, MostBytes uint64
}

// ReadRelayStatus asks the relay at the other end of l. Who came as a guest is
// refused.
func ReadRelayStatus(ctx context.Context, l Link) (RelayStatus, error) {
	st, stop, err := ask(ctx, l, &wire.RelayRequest{Ask: &wire.RelayRequest_Status{Status: &wire.ReadStatus{}}})
	if err != nil {
		return RelayStatus{}, fmt.Errorf("status of a relay: %w", err)
	}
	defer stop()
	defer st.Abort(0)
	var reply wire.RelayReply
	if err := wire.Read(bufio.NewReader(st), &reply); err != nil {
		return RelayStatus{}, fmt.Errorf("status of a relay: %w", cause(ctx, err))
	}
	s := reply.GetStatus()
	if s == nil {
		return RelayStatus{}, fmt.Errorf("status of a relay: %w", refusedBy(l.Peer().Address, reply.GetRefused()))
	}
	status := RelayStatus{
		Since: time.Unix(int64(s.Since), 0), Draining: s.Draining,
		Rooms: s.Rooms, Sessions: s.Sessions, Legs: s.Legs, Links: s.Links, Guests: s.Guests,
		Packets: s.Packets, Bytes: s.Bytes, Dropped: s.Dropped, Strays: s.Strays,
	}
	for _, line := range s.Errors {
		status.Errors = append(status.Errors, printable(line))
	}
	for _, a := range s.Accounts {
		account := RelayAccount{
			Name: a.Name, Sessions: a.Sessions, Rate: a.Rate, Bytes: a.Bytes, Dropped: a.Dropped,
			MostSessions: a.MostSessions, MostRate: a.MostRate, MostBytes: a.MostBytes,
		}
		if a.Name != "" {
			account.Name = printable(a.Name)
		}
		if a.Expires > 0 {
			account.Expires = time.Unix(int64(a.Expires), 0)
		}
		status.Accounts = append(status.Accounts, account)
	}
	return status, nil
}
