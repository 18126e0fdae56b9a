package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const relayStatusLong = `Ask a relay what it does: pairs of peers, rates, quotas and the last errors. It tells who has a token of
it about everybody, and who has a pass about itself. Without --relay it is the one that was added last.`

func (a *app) newRelayStatus() *cobra.Command {
	var at relayFlags
	cmd := &cobra.Command{
		Use: "status", Short: "Ask a relay what it does", Long: relayStatusLong, Args: atMost(0),
		Example: "  bargee relay status\n  bargee relay status --relay bargee://relay.example --relay-token-file token",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, ok, err := a.relayRemote(&at)
			if err == nil && !ok {
				err = usage("no relay was named or added", "bargee relay add takes a bgrelay_ word")
			}
			if err != nil {
				return err
			}
			return a.relayStatus(cmd.Context(), r)
		},
	}
	at.add(cmd.Flags())
	return cmd
}

func (a *app) relayStatus(ctx context.Context, r transport.RelayRemote) error {
	var s transport.RelayStatus
	err := a.linkToRelay(ctx, r, func(l transport.Link) (err error) {
		ctx, cancel := context.WithTimeout(ctx, a.connectWait())
		defer cancel()
		s, err = transport.ReadRelayStatus(ctx, l)
		return err
	})
	if err != nil {
		return failed("ask the relay", target{kind: addressTarget, addr: r.Address}, err)
	}
	if a.json {
		a.event(newRelayStatusEvent(r.Address, &s))
		return nil
	}
	a.printRelayStatus(r.Address, &s)
	return nil
}

func (a *app) printRelayStatus(at string, s *transport.RelayStatus) {
	state := ""
	if s.Draining {
		state = ", draining: it lets nobody new in"
	}
	a.printf("%s since %s%s\n", session.Display(at), s.Since.Local().Format(time.DateTime), state)
	a.printf("%s, %s, %s, %d of them guests\n", count(int64(s.Sessions), "session"), count(int64(s.Rooms), "room"), count(int64(s.Links), "link"), s.Guests)
	a.printf("forwarded %s in %s; %d dropped, %d of nobody's\n\n", size(int64(s.Bytes)), count(int64(s.Packets), "packet"), s.Dropped, s.Strays)
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tSESSIONS\tRATE\tTHIS MONTH\tEXPIRES")
	for _, x := range s.Accounts {
		name, expires := x.Name, ""
		if name == "" {
			name = "all"
		}
		if !x.Expires.IsZero() {
			expires = x.Expires.Local().Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", session.Display(name), ofMost(fmt.Sprint(x.Sessions), x.MostSessions, func(n uint64) string { return fmt.Sprint(n) }),
			ofMost(size(int64(x.Rate))+"/s", x.MostRate, func(n uint64) string { return size(int64(n)) + "/s" }),
			ofMost(size(int64(x.Bytes)), x.MostBytes, func(n uint64) string { return size(int64(n)) }), expires)
	}
	table.Flush()
	if len(s.Errors) > 0 {
		a.printf("\nlast errors:\n")
	}
	for _, line := range s.Errors {
		a.printf("  %s\n", line)
	}
}

func ofMost(now string, most uint64, show func(uint64) string) string {
	if most == 0 {
		return now
	}
	return now + " of " + show(most)
}

type relayStatusEvent struct {
	Event    string              `json:"event"`
	Address  string              `json:"address"`
	Since    time.Time           `json:"since"`
	Draining bool                `json:"draining"`
	Rooms    uint64              `json:"rooms"`
	Sessions uint64              `json:"sessions"`
	Legs     uint64              `json:"legs"`
	Links    uint64              `json:"links"`
	Guests   uint64              `json:"guests"`
	Packets  uint64              `json:"packets"`
	Bytes    uint64              `json:"bytes"`
	Dropped  uint64              `json:"dropped"`
	Strays   uint64              `json:"strays"`
	Accounts []relayAccountEvent `json:"accounts"`
	Errors   []string            `json:"errors"`
}

type relayAccountEvent struct {
	Name        string    `json:"name"` // "": all together
	Sessions    uint64    `json:"sessions"`
	MaxSessions uint64    `json:"max_sessions,omitempty"`
	Rate        uint64    `json:"rate"`
	MaxRate     uint64    `json:"max_rate,omitempty"`
	MonthBytes  uint64    `json:"month_bytes"`
	Quota       uint64    `json:"quota,omitempty"`
	Dropped     uint64    `json:"dropped"`
	Expires     time.Time `json:"expires,omitzero"`
}

func newRelayStatusEvent(at string, s *transport.RelayStatus) relayStatusEvent {
	ev := relayStatusEvent{
		Event: "relay_status", Address: at, Since: s.Since.UTC(), Draining: s.Draining,
		Rooms: s.Rooms, Sessions: s.Sessions, Legs: s.Legs, Links: s.Links, Guests: s.Guests,
		Packets: s.Packets, Bytes: s.Bytes, Dropped: s.Dropped, Strays: s.Strays,
		Accounts: []relayAccountEvent{}, Errors: append([]string{}, s.Errors...),
	}
	for _, x := range s.Accounts {
		ev.Accounts = append(ev.Accounts, relayAccountEvent{x.Name, x.Sessions, x.MostSessions, x.Rate, x.MostRate,
			x.Bytes, x.MostBytes, x.Dropped, x.Expires})
	}
	return ev
}
