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
	if j, err := readServeJWT(word); isPass(word) && err == nil {
		if a.json {
			a.event(newJWTEvent(j, ""))
			return nil
		}
		a.printf("id       %s\nsubject  %s\nfor      %s\nexpires  %s\nrights   %s\n",
			session.Display(j.ID), session.Display(j.Subject), session.Display(j.Holder), j.Expires.UTC().Format(time.RFC3339), rightsWord(j.Terms.Mode))
		if j.Terms.Path != "" {
			a.printf("path     %s\n", session.Display(j.Terms.Path))
		}
		if j.Terms.Quota > 0 {
			a.printf("quota    %s\n", size(j.Terms.Quota))
		}
		return nil
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

const tokenRevokeLong = `Revoke tokens of served directories, by their names or IDs, JWTs and passes, by their IDs: servers of this
machine that run cut off who came in by one within a second, and let nobody in by it again, nor by a key
that was kept with it. bargee token list shows names and IDs; bargee token show that of a token, a JWT or a pass in a file.

With --data, or where it is none of a directory's, a token or pass of a relay on this machine: one that runs
with the same --data does so within seconds. bargee relay status shows the IDs of those that are in use.`

// newTokenRevoke is bargee token revoke.
func newTokenRevoke(a *app) *cobra.Command {
	data := ""
	cmd := &cobra.Command{
		Use: "revoke NAME|ID...", Short: "Revoke tokens, JWTs and passes", Long: tokenRevokeLong,
		Example: "  bargee token revoke bob\n  bargee token revoke laptop-of-bob --data /var/lib/bargee",
		Args:    atLeast(1, "the NAME or ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.relayDir(data)
			if err != nil {
				return err
			}
			if data != "" || a.getenv("STATE_DIRECTORY") != "" {
				return a.revoke(filepath.Join(dir, revokedFile), args, time.Now())
			}
			return a.revokeAll(filepath.Join(dir, revokedFile), args, time.Now())
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "of the relay that has this as --data (default also in the state directory)")
	return cmd
}

// A condemned token is one that is to be revoked.
type condemned struct {
	id    string
	trees []string // that list it
}

// revokeAll revokes tokens of served directories, and what is none of these at the
// relay, whose list is relayList, as well. Nothing is revoked if a word is not clear.
func (a *app) revokeAll(relayList string, words []string, now time.Time) error {
	h, err := a.home()
	if err != nil {
		return err
	}
	trees, err := h.allServed(func(name string, err error) { a.warn("read %s: %s", session.Display(name), reason(err)) })
	if err != nil {
		return filed(err)
	}
	var all []condemned
	var unlisted []string
	for _, word := range words {
		c, err := find(trees, word)
		if err != nil {
			return err
		}
		if c.trees == nil {
			unlisted = append(unlisted, word)
		}
		all = append(all, c)
	}
	_, noRelay := os.Stat(filepath.Dir(relayList))
	if len(unlisted) > 0 && noRelay == nil {
		if err := appendRevoked(relayList, unlisted, now); err != nil {
			return err
		}
	} else if _, never := os.Stat(filepath.Join(h.state, "served")); len(unlisted) > 0 && never != nil {
		return &problem{what: "revoke", where: session.Display(unlisted[0]), hint: "--data is what a relay was started with",
			err: &session.Error{Kind: session.NotFound, Err: errors.New("nothing was served from here, and no relay has run")}}
	}
	for _, c := range all {
		if err := h.revoke(c, now); err != nil {
			return err
		}
		if c.trees == nil {
			a.say("revoked %s, which is no token that was made for a directory here", session.Display(c.id))
			continue
		}
		a.say("revoked %s", c.id)
	}
	return nil
}

// find returns what a name or an ID stands for.
func find(trees []servedTree, word string) (c condemned, err error) {
	for _, t := range trees {
		for _, x := range t.all() {
			id := x.Token.ID()
			switch {
			case id != word && (x.Name != word || word == ""):
			case c.id != "" && c.id != id:
				return c, usage("names several tokens", "say which one by its ID: bargee token list").about("revoke", session.Display(word))
			default:
				c.id, c.trees = id, append(c.trees, t.Tree)
			}
		}
	}
	if c.id != "" {
		return c, nil
	}
	if err := (relay.Pass{ID: word}).CheckID(); err != nil {
		return c, usage(err.Error(), "bargee token list shows the tokens of directories, bargee token show that of a file").about("revoke", session.Display(word))
	}
	return condemned{id: word}, nil
}

// revoke takes a token away. First it is written down that it is good no more, so that
// wherever this stops, nobody comes in by it; then its entries go, and then the grants
// of the keys that were kept by it.
func (h home) revoke(c condemned, now time.Time) error {
	if err := appendRevoked(h.revokedFile(), []string{c.id}, now); err != nil {
		return err
	}
	for _, tree := range c.trees {
		err := h.changeServed(tree, false, func(t *servedTree) error { t.remove(c.id); return nil })
		if err != nil {
			return &problem{what: "revoke", where: session.Display(c.id), err: err}
		}
	}
	grants, err := h.grants()
	if err != nil {
		return err
	}
	_, err = grants.Revoke(c.id)
	return filed(err)
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
	if err := appendRevoked(name, ids, now); err != nil {
		return err
	}
	a.say("revoked %s", strings.Join(ids, " "))
	return nil
}

// appendRevoked puts IDs on the list of those that are revoked.
func appendRevoked(name string, ids []string, now time.Time) error {
	err := locked(name, func() error {
		known, err := readRevoked(name)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return err
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
		return errors.Join(err, f.Sync(), f.Close())
	})
	if err != nil {
		return &problem{what: "write", where: session.Display(name), err: err}
	}
	return nil
}
