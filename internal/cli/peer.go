package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

func newPeer(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "peer",
		Short: "List, rename, forget and revoke peers, see who is here",
		Long: `Known peers are those whose key was pinned and named with --trust. They need no secret again, and
are addressed as NAME:/path.`,
		Args: onlySubcommands,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	var all bool
	list := &cobra.Command{
		Use: "list", Short: "List the known peers, and what they took and left here", Args: atMost(0),
		Long: `List the known peers, where they are and when they were seen last; and what they took from this machine
and left on it, over all time. With --all also those who were here and are not known: they had a token.`,
		RunE: func(*cobra.Command, []string) error {
			return a.withKnown(func(k *transport.KnownPeers) error { return a.listPeers(k, all) })
		},
	}
	list.Flags().BoolVar(&all, "all", false, "also peers that are not known, and were here")
	cmd.AddCommand(
		list,
		newPeerWho(a),
		newPeerRevoke(a),
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
