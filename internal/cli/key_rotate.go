package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const keyRotateLong = `Make another key, which takes the place of this machine's at the end of the --grace.

Until then the old one is shown, and peers that know this machine are told of the new one whenever they
connect, or are connected to: they take both from then on, and only the new one once they have seen it.
Nothing has to be restarted. Run again with --grace it moves the day; with --cancel the old key stays.

A peer that was away all the time refuses the new key: it has to forget this machine, and pair or use a
token again. Give out anew what names the old key: tickets, and passes and JWTs that were signed --for this
machine (bargee key show --next prints what for). It is no help if the key was stolen, since a thief can do all
this, too: use --grace 0, and have the other machines run bargee peer forget and bargee peer revoke.`

func newKeyRotate(a *app) *cobra.Command {
	grace, cancel := "30d", false
	cmd := &cobra.Command{
		Use:     "rotate",
		Short:   "Replace the key of this machine, with a time for peers to follow",
		Long:    keyRotateLong,
		Example: "  bargee key rotate\n  bargee key rotate --grace 90d\n  bargee key rotate --cancel",
		Args:    atMost(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			again := cmd.Flags().Changed("grace")
			if cancel && again {
				return usage("exclude each other", "").about("", "--grace and --cancel")
			}
			from, err := parseGrace(grace, time.Now())
			if err != nil {
				return usage(err.Error(), "for example: --grace 30d").about("--grace", session.Display(grace))
			}
			keys, err := a.keys()
			if err != nil {
				return err
			}
			if cancel {
				return a.keepKey(keys)
			}
			return a.rotateKey(keys, from, again)
		},
	}
	cmd.Flags().StringVar(&grace, "grace", grace, "how long the old key is shown, or until when: 30d, 12h, 2030-01-31; 0 not at all (`TIME`)")
	cmd.Flags().BoolVar(&cancel, "cancel", false, "keep the old key after all")
	return cmd
}

// parseGrace reads until when; 0 is now.
func parseGrace(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d == 0 || s == "0d" {
		return now, nil
	}
	return parseExpiry(s, now)
}

func noRotation() error {
	return &session.Error{Kind: session.NotFound, Err: errors.New("no other key is to take the place of this one")}
}

func (a *app) keepKey(keys *transport.Keys) error {
	ring, err := keys.Keep()
	if errors.Is(err, transport.ErrNoRotation) {
		err = &problem{what: "cancel", where: "the rotation", err: noRotation()}
	}
	if err != nil {
		return filed(err)
	}
	a.showRotation(ring)
	return nil
}

// rotateKey has another key take over at from; again: also if one is to already.
func (a *app) rotateKey(keys *transport.Keys, from time.Time, again bool) error {
	if ring := keys.Ring(); ring.Next != nil && !again {
		return &problem{
			what: "rotate", where: "the key", hint: "--grace TIME moves the day, --cancel keeps the old key",
			err: &session.Error{Kind: session.Exists, Err: errors.New("another one takes its place on " + ring.From.Local().Format(time.DateTime))},
		}
	}
	ring, err := keys.Rotate(from)
	if err != nil {
		return filed(err)
	}
	a.showRotation(ring)
	return nil
}

func (a *app) showRotation(ring transport.Keyring) {
	if a.json {
		a.event(newKeyEvent(ring))
		return
	}
	now, next := ring.Fingerprints()
	if next.IsZero() {
		a.printf("key     %s\n", now)
		return
	}
	a.printf("key     %s\nnext    %s\nfrom    %s\n", now, next, ring.From.Local().Format(time.RFC3339))
	a.say("Peers that connect until then follow by themselves. Others have to forget this machine, and pair again.")
}
