package cli

import (
	"errors"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

func newPeer(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "peer",
		Short: "List, rename and forget known peers",
		Long: `Known peers are those whose key was pinned and named with --trust. They need no secret again, and
are addressed as NAME:/path.`,
		Args: onlySubcommands,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the known peers", Args: atMost(0),
			RunE: func(*cobra.Command, []string) error { return a.withKnown(a.listPeers) },
		},
		&cobra.Command{
			Use: "rename OLD NEW", Short: "Give a known peer another name", Args: exactly(2, "OLD or NEW"),
			RunE: func(_ *cobra.Command, args []string) error {
				return a.withKnown(func(k *transport.KnownPeers) error {
					return peerProblem("rename", args[0], k.Rename(strings.TrimSuffix(args[0], ":"), strings.TrimSuffix(args[1], ":")))
				})
			},
		},
		&cobra.Command{
			Use: "forget NAME...", Short: "Forget known peers and their keys", Args: atLeast(1, "the NAME"),
			Long: "Forget peers and the keys that were pinned. They need a secret again, and may then have another key.",
			RunE: func(_ *cobra.Command, args []string) error {
				return a.withKnown(func(k *transport.KnownPeers) error {
					for _, name := range args {
						if err := peerProblem("forget", name, k.Forget(strings.TrimSuffix(name, ":"))); err != nil {
							return err
						}
					}
					return nil
				})
			},
		},
	)
	return cmd
}

func (a *app) withKnown(f func(*transport.KnownPeers) error) error {
	h, err := a.home()
	if err != nil {
		return err
	}
	k, err := h.known()
	if err != nil {
		return err
	}
	return f(k)
}

func peerProblem(what, name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, transport.ErrUnknownPeer):
		return &problem{
			what: what, where: session.Display(name), hint: "bargee peer list shows the known ones",
			err: &session.Error{Kind: session.NotFound, Err: errors.New("no such known peer")},
		}
	}
	return &problem{what: what, where: session.Display(name), err: err}
}

func (a *app) listPeers(k *transport.KnownPeers) error {
	peers, err := k.List()
	if err != nil {
		return filed(err)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, p := range peers {
		if a.json {
			a.event(newPeerEvent(p))
			continue
		}
		seen := "never seen"
		if !p.LastSeen.IsZero() {
			seen = "seen " + humanize.Time(p.LastSeen)
		}
		line := []string{p.Name, p.Key.Short(), strings.Join(p.Addresses, " "), seen}
		table.Write([]byte(strings.Join(line, "\t") + "\n"))
	}
	if len(peers) == 0 {
		a.say("no known peers; --trust with any command that goes to a peer makes it one")
	}
	return table.Flush()
}

type peerEvent struct {
	Event     string    `json:"event"`
	Name      string    `json:"name"`
	Peer      string    `json:"peer"`
	Addresses []string  `json:"addresses"`
	Added     time.Time `json:"added"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
}

func newPeerEvent(p transport.KnownPeer) peerEvent {
	ev := peerEvent{Event: "peer", Name: p.Name, Peer: p.Key.String(), Addresses: p.Addresses, Added: p.Added, LastSeen: p.LastSeen}
	if ev.Addresses == nil {
		ev.Addresses = []string{}
	}
	return ev
}
