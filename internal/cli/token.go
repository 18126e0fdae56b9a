package cli

import (
	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const tokenNewLong = `Print a new token: a secret of 128 bits, for bargee serve, bargee relay and for those who may enter.
Keep it in a file that only you can read.

With DIR it lets its holders in to that directory, as soon as and as long as that is served from this
machine, beside other tokens; a server that runs takes it at once. It can have a name, fewer rights than
the server gives, an end, and a quota: so many bytes of files may come by it in all. Only its public half is kept.

With --relay-key print a pass instead: a token (JWT) that every relay which trusts the key takes
(bargee relay --pass-key), with limits of its own, until it expires. It is worth nothing to anyone but
the machine that it is --for: bargee key show --relay HOST prints what that machine is called there.

With --jwt-key print a JWT for servers that trust the key (bargee serve --jwt-key): for the machine whose
bargee key show --jwt is --for, about a --subject.`

func newToken(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke shared secrets",
		Args:  onlySubcommands,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	show := &cobra.Command{
		Use: "show FILE", Short: "Print the ID of a token, or what a pass says", Args: exactly(1, "the FILE"),
		Long: "Print the ID and the public half of the token in FILE, or what the pass or JWT in it says; - is a line of standard input.",
		RunE: func(_ *cobra.Command, args []string) error { return a.showToken(args[0]) },
	}
	list := &cobra.Command{
		Use: "list [DIR]", Short: "List the tokens of served directories", Args: atMost(1),
		Long: "List the tokens that let others in to DIR, or to any directory that this machine serves: what they allow, and who last came by them.",
		RunE: func(_ *cobra.Command, args []string) error { return a.listTokens(args) },
	}
	cmd.AddCommand(newTokenNew(a), list, show, newTokenRevoke(a))
	return cmd
}

func newTokenNew(a *app) *cobra.Command {
	var pass passFlags
	cmd := &cobra.Command{
		Use:     "new [DIR]",
		Short:   "Print a new token, or a pass for relays",
		Long:    tokenNewLong,
		Example: "  (umask 077; bargee token new > token)\n  bargee serve DIR --token-file token\n  bargee token new DIR --name bob --read-only --path /photos --expires 30d\n  bargee token new --relay-key signer --for KEY --expires 90d --bytes 100GB",
		Args:    atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := pass.kind(cmd.Flags(), args)
			if err != nil {
				return err
			}
			switch kind {
			case "pass":
				return a.signPass(&pass)
			case "jwt":
				return a.signJWT(&pass)
			case "tree":
				return a.addTreeToken(args[0], &pass, cmd.Flags().Changed("expires"))
			}
			t := transport.NewToken()
			if a.json {
				a.event(tokenEvent{Event: "token", Token: t.Reveal(), ID: t.Public().ID()})
				return nil
			}
			a.printf("%s\n", t.Reveal())
			return nil
		},
	}
	pass.add(cmd.Flags())
	return cmd
}

// onlySubcommands refuses words after a command that only holds others.
func onlySubcommands(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("no such command", "see "+cmd.CommandPath()+" --help").about(nameOf(cmd), session.Display(args[0]))
	}
	return nil
}
