package cli

import (
	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

func newKey(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Show the key of this machine",
		Args:  onlySubcommands,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	at, jwt := "", false
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the fingerprint of this machine's key",
		Long: `Print the fingerprint that other peers pin, as it stands in bargee://FINGERPRINT@HOST/.

With --jwt print what a JWT names this machine by: one is signed --for that.
With --relay print what this machine is called at a relay, which is not told its key: a pass is signed
--for that. HOST is to be spelled as in the relay's bgrelay_ word.`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := a.home()
			if err != nil {
				return err
			}
			id, err := h.identity()
			if err != nil {
				return err
			}
			switch {
			case at != "" && jwt:
				return usage("exclude each other", "").about("", "--relay and --jwt")
			case at != "":
				return a.showRelayKey(id, at)
			case jwt:
				return a.showThumbprint(id)
			}
			f := id.Fingerprint()
			if a.json {
				a.event(struct {
					Event string `json:"event"`
					Peer  string `json:"peer"`
					Short string `json:"short"`
				}{"key", f.String(), f.Short()})
				return nil
			}
			a.printf("%s\n", f)
			return nil
		},
	}
	show.Flags().BoolVar(&jwt, "jwt", false, "as a JWT for bargee serve --jwt-key names it")
	show.Flags().StringVar(&at, "relay", "", "of the key that the relay bargee://`HOST[:PORT]` sees")
	cmd.AddCommand(show, &cobra.Command{
		Use:   "new FILE",
		Short: "Make a key that signs passes for relays and JWTs for servers",
		Long: `Make a key that signs passes and JWTs: FILE, which bargee token new --relay-key or --jwt-key takes and nobody
else may see, and FILE.pub, which each relay that shall let them in takes as --pass-key, each server as --jwt-key.`,
		Args: exactly(1, "the FILE"),
		RunE: func(_ *cobra.Command, args []string) error { return a.newPassKey(args[0]) },
	})
	return cmd
}

// showThumbprint prints what JWTs name this machine by.
func (a *app) showThumbprint(id *transport.Identity) error {
	if a.json {
		a.event(struct {
			Event string `json:"event"`
			For   string `json:"for"`
		}{"key", id.Thumbprint()})
		return nil
	}
	a.printf("%s\n", id.Thumbprint())
	return nil
}

// showRelayKey prints what this machine is called at a relay.
func (a *app) showRelayKey(id *transport.Identity, relay string) error {
	addr, _, wrong := parseRelay(relay)
	if wrong != nil {
		return wrong.about("--relay", session.Display(relay))
	}
	name := id.ForRelay(addr).Thumbprint()
	if a.json {
		a.event(struct {
			Event string `json:"event"`
			Relay string `json:"relay"`
			For   string `json:"for"`
		}{"key", addr, name})
		return nil
	}
	a.printf("%s\n", name)
	return nil
}
