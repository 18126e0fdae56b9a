package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

func newKey(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Show the key of this machine, replace it",
		Args:  onlySubcommands,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeyShow(a), newKeyRotate(a), &cobra.Command{
		Use:   "new FILE",
		Short: "Make a key that signs passes for relays and JWTs for servers",
		Long: `Make a key that signs passes and JWTs: FILE, which bargee token new --relay-key or --jwt-key takes and nobody
else may see, and FILE.pub, which each relay that shall let them in takes as --pass-key, each server as --jwt-key.`,
		Args: exactly(1, "the FILE"),
		RunE: func(_ *cobra.Command, args []string) error { return a.newPassKey(args[0]) },
	})
	return cmd
}

// A keyEvent is a key of this machine, and the one that will take its place.
type keyEvent struct {
	Event     string    `json:"event"`
	Peer      string    `json:"peer"`
	Short     string    `json:"short"`
	Next      string    `json:"next,omitempty"`
	NextShort string    `json:"next_short,omitempty"`
	NextFrom  time.Time `json:"next_from,omitzero"`
}

func newKeyEvent(ring transport.Keyring) keyEvent {
	now, next := ring.Fingerprints()
	ev := keyEvent{Event: "key", Peer: now.String(), Short: now.Short()}
	if !next.IsZero() {
		ev.Next, ev.NextShort, ev.NextFrom = next.String(), next.Short(), ring.From.UTC()
	}
	return ev
}

func newKeyShow(a *app) *cobra.Command {
	at, jwt, next := "", false, false
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the fingerprint of this machine's key",
		Long: `Print the fingerprint that other peers pin, as it stands in bargee://FINGERPRINT@HOST/.

With --jwt print what a JWT names this machine by: one is signed --for that.
With --relay print what this machine is called at a relay, which is not told its key: a pass is signed
--for that. HOST is to be spelled as in the relay's bgrelay_ word.
With --next print that of the key that will take its place (bargee key rotate).`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := a.keys()
			if err != nil {
				return err
			}
			ring := keys.Ring()
			id := ring.Key
			if next {
				if id = ring.Next; id == nil {
					return &problem{what: "show", where: "the next key", err: noRotation()}
				}
			}
			switch {
			case at != "" && jwt:
				return usage("exclude each other", "").about("", "--relay and --jwt")
			case at != "":
				return a.showRelayKey(id, at)
			case jwt:
				return a.showThumbprint(id)
			case a.json:
				a.event(newKeyEvent(ring))
			default:
				a.printf("%s\n", id.Fingerprint())
			}
			return nil
		},
	}
	show.Flags().BoolVar(&jwt, "jwt", false, "as a JWT for bargee serve --jwt-key names it")
	show.Flags().BoolVar(&next, "next", false, "of the key that will take the place of the present one")
	show.Flags().StringVar(&at, "relay", "", "of the key that the relay bargee://`HOST[:PORT]` sees")
	return show
}

func (a *app) keys() (*transport.Keys, error) {
	h, err := a.home()
	if err != nil {
		return nil, err
	}
	return h.keys()
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
