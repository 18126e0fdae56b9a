package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// showToken is bargee token show: what a token or a pass is, without its secret.
func (a *app) showToken(file string) error {
	word, err := a.secretLine(file)
	if err != nil {
		return err
	}
	if isPass(word) {
		p, err := relay.ReadPass(word)
		if err != nil {
			return &problem{what: "read the pass in", where: session.Display(file), err: err}
		}
		if a.json {
			a.event(newPassEvent(p, ""))
			return nil
		}
		a.printf("id       %s\nfor      %s\nexpires  %s\n", session.Display(p.ID), session.Display(p.Holder), p.Expires.UTC().Format(time.RFC3339))
		a.printf("%s", termsLines(p.Terms))
		return nil
	}
	t, err := transport.ParseToken(word)
	if err != nil {
		return &problem{what: "read the token in", where: session.Display(file), err: &session.Error{Kind: session.Auth, Err: err}}
	}
	if a.json {
		a.event(struct {
			Event  string `json:"event"`
			ID     string `json:"id"`
			Public string `json:"public"`
		}{"token", t.Public().ID(), t.Public().String()})
		return nil
	}
	a.printf("id       %s\npublic   %s\n", t.Public().ID(), t.Public())
	return nil
}

func termsLines(t relay.Terms) string {
	var b strings.Builder
	if t.Rate > 0 {
		fmt.Fprintf(&b, "rate     %s/s\n", size(t.Rate))
	}
	if t.Sessions > 0 {
		fmt.Fprintf(&b, "sessions %d\n", t.Sessions)
	}
	if t.Bytes > 0 {
		fmt.Fprintf(&b, "bytes    %s a month\n", size(t.Bytes))
	}
	return b.String()
}

const tokenRevokeLong = `Revoke tokens and passes of a relay, by their IDs: a relay that runs with the same --data cuts off who
came in by one within seconds, and lets nobody in by it again. bargee token show prints the ID of a
token or a pass, bargee relay status those of tokens that are in use.`

// newTokenRevoke is bargee token revoke.
func newTokenRevoke(a *app) *cobra.Command {
	data := ""
	cmd := &cobra.Command{
		Use: "revoke ID...", Short: "Revoke tokens and passes of a relay on this machine", Long: tokenRevokeLong,
		Example: "  bargee token revoke laptop-of-bob --data /var/lib/bargee",
		Args:    atLeast(1, "the ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.relayDir(data)
			if err != nil {
				return err
			}
			return a.revoke(filepath.Join(dir, revokedFile), args, time.Now())
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "what the relay has as --data (default in the state directory)")
	return cmd
}

// revoke appends IDs to the list of those that are revoked.
func (a *app) revoke(name string, ids []string, now time.Time) error {
	for _, id := range ids {
		if err := (relay.Pass{ID: id}).CheckID(); err != nil {
			return usage(err.Error(), "bargee token show prints the ID of a token or a pass").about("revoke", session.Display(id))
		}
	}
	if _, err := os.Stat(filepath.Dir(name)); err != nil {
		return &problem{what: "revoke in", where: session.Display(filepath.Dir(name)), err: err, hint: "--data is what the relay was started with"}
	}
	known, err := readRevoked(name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return &problem{what: "write", where: session.Display(name), err: err}
	}
	// IDs are no secret, and the relay, which has to read them, may be another user.
	if info, wrong := f.Stat(); wrong != nil || info.Mode().Perm()&0o044 != 0o044 {
		err = errors.Join(wrong, f.Chmod(0o644))
	}
	for _, id := range ids {
		if !known[id] {
			_, wrong := fmt.Fprintf(f, "%s revoked %s\n", id, now.UTC().Format(time.RFC3339))
			err = errors.Join(err, wrong)
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return &problem{what: "write", where: session.Display(name), err: err}
	}
	a.say("revoked %s", strings.Join(ids, " "))
	return nil
}
