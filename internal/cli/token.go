package cli

import (
	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

func newToken(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make shared secrets",
		Args:  onlySubcommands,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "new",
		Short: "Print a new token",
		Long: `Print a new token: a secret of 128 bits, for bargee serve and for those who may enter. Keep it
in a file that only you can read.`,
		Example: "  (umask 077; bargee token new > token)\n  bargee serve DIR --token-file token",
		Args:    atMost(0),
		RunE: func(cmd *cobra.Command, args []string) error {
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
	})
	return cmd
}

// onlySubcommands refuses words after a command that only holds others.
func onlySubcommands(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("no such command", "see "+cmd.CommandPath()+" --help").about(nameOf(cmd), session.Display(args[0]))
	}
	return nil
}
