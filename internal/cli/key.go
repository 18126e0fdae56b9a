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
	at := ""
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the fingerprint of this machine's key",
		Long: `Print the fingerprint that other peers pin, as it stands in bargee://FINGERPRINT@HOST/.

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
			if at != "" {
				return a.showRelayKey(id, at)
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
	show.Flags().StringVar(&at, "relay", "", "of the key that the relay bargee://`HOST[:PORT]` sees")
	cmd.AddCommand(show, &cobra.Command{
		Use:   "new FILE",
		Short: "Make a key that signs passes for relays",
		Long: `Make a key that signs passes: FILE, which bargee token new --relay-key takes and nobody else may see, and
FILE.pub, which each relay that shall let them in takes as --pass-key.`,
		Args: exactly(1, "the FILE"),
		RunE: func(_ *cobra.Command, args []string) error { return a.newPassKey(args[0]) },
	})
	return cmd
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
