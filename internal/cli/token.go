package cli

import (
	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const tokenNewLong = `Print a new token: a secret of 128 bits, for bargee serve, bargee relay and for those who may enter.
Keep it in a file that only you can read.

With --relay-key print a pass instead: a token (JWT) that every relay which trusts the key takes
(bargee relay --pass-key), with limits of its own, until it expires. It is worth nothing to anyone but
the machine that it is --for: bargee key show --relay HOST prints what that machine is called there.`

func newToken(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make shared secrets",
		Args:  onlySubcommands,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	var pass passFlags
	fresh := &cobra.Command{
		Use:     "new",
		Short:   "Print a new token, or a pass for relays",
		Long:    tokenNewLong,
		Example: "  (umask 077; bargee token new > token)\n  bargee serve DIR --token-file token\n  bargee token new --relay-key signer --for KEY --expires 90d --bytes 100GB",
		Args:    atMost(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if given, err := pass.given(cmd.Flags()); given || err != nil {
				if err != nil {
					return err
				}
				return a.signPass(&pass)
			}
			t := transport.NewToken()
			if a.json {
				a.event(struct {
					Event string `json:"event"`
					Token string `json:"token"`
					ID    string `json:"id"`
				}{"token", t.Reveal(), t.Public().ID()})
				return nil
			}
			a.printf("%s\n", t.Reveal())
			return nil
		},
	}
	pass.add(fresh.Flags())
	show := &cobra.Command{
		Use: "show FILE", Short: "Print the ID of a token, or what a pass says", Args: exactly(1, "the FILE"),
		Long: "Print the ID and the public half of the token in FILE, or what the pass in it says; - is a line of standard input.",
		RunE: func(_ *cobra.Command, args []string) error { return a.showToken(args[0]) },
	}
	cmd.AddCommand(fresh, show, newTokenRevoke(a))
	return cmd
}

// onlySubcommands refuses words after a command that only holds others.
func onlySubcommands(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("no such command", "see "+cmd.CommandPath()+" --help").about(nameOf(cmd), session.Display(args[0]))
	}
	return nil
}
