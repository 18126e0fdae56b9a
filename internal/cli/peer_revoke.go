package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/guests"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const peerRevokeLong = `Let peers in no more, whatever they have: a key that was kept, a token, a JWT or a code. Servers of this machine
that run cut off those who are there within a second. PEER is the name of a known peer, or a fingerprint, whole
or as bargee peer who and history --served print it.

It is the key that is refused. Who has a token may come with another key: then revoke the token, too. What this
machine does at theirs is another matter: bargee peer forget.`

func newPeerRevoke(a *app) *cobra.Command {
	undo := false
	cmd := &cobra.Command{
		Use: "revoke PEER...", Short: "Let peers in no more, and cut off those who are there", Long: peerRevokeLong,
		Example: "  bargee peer revoke laptop\n  bargee peer revoke --undo laptop", Args: atLeast(1, "the PEER"),
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := a.home()
			if err != nil {
				return err
			}
			var all []outcast
			for _, word := range args {
				o, err := h.findPeer(strings.TrimSuffix(word, ":"))
				if err != nil {
					return peerProblem("revoke", word, err)
				}
				all = append(all, o)
			}
			for _, o := range all {
				if undo {
					err = a.letInAgain(h, o)
				} else {
					err = a.castOut(h, o, time.Now())
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&undo, "undo", false, "a peer may come in again, by what it still has or is given anew")
	return cmd
}

// An outcast is a peer that is let in no more.
type outcast struct {
	name string // "": it is not known
	keys []transport.Fingerprint
}

func (o outcast) shown() string {
	if o.name != "" {
		return session.Display(o.name)
	}
	return o.keys[0].Short()
}

// findPeer returns who is meant by a name, a fingerprint or its short form.
func (h home) findPeer(word string) (outcast, error) {
	known, err := h.known()
	if err != nil {
		return outcast{}, err
	}
	peers, err := known.List()
	if err != nil {
		return outcast{}, err
	}
	is := func(k transport.Fingerprint) bool { return !k.IsZero() && (k.String() == word || k.Short() == word) }
	for _, p := range peers {
		if p.Name == word || is(p.Key) || is(p.Next) {
			return outcast{p.Name, others(p.Key, p.Next)}, nil
		}
	}
	if key, err := transport.ParseFingerprint(word); err == nil {
		return outcast{keys: []transport.Fingerprint{key}}, nil
	}
	var found []transport.Fingerprint
	for _, k := range h.strangers() {
		if is(k) && !slices.Contains(found, k) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return outcast{}, transport.ErrUnknownPeer
	case 1:
		return outcast{keys: found}, nil
	}
	return outcast{}, errors.New("several keys begin like that: give the whole fingerprint")
}

// others are the keys that are some, the first one always.
func others(key, next transport.Fingerprint) []transport.Fingerprint {
	if next.IsZero() {
		return []transport.Fingerprint{key}
	}
	return []transport.Fingerprint{key, next}
}

// strangers are keys that were here, may come or are here.
func (h home) strangers() (keys []transport.Fingerprint) {
	if grants, err := h.grants(); err == nil {
		all, _ := grants.List() // what cannot be read is told of where it is needed
		for _, g := range all {
			keys = append(keys, g.Key, g.Next)
		}
	}
	add := func(word string) {
		if k, err := transport.ParseFingerprint(word); err == nil {
			keys = append(keys, k)
		}
	}
	totals, _ := guests.Open(h.state).Totals()
	for word := range totals {
		add(word)
	}
	serving, _ := guests.Now(h.state)
	for _, s := range serving {
		for _, g := range s.Guests {
			add(g.Key)
		}
	}
	return keys
}

// castOut lets a peer in no more. First that is written down, so that wherever this
// stops it comes in by nothing; then what it could come in by without a secret goes.
func (a *app) castOut(h home, o outcast, now time.Time) error {
	grants, err := h.grants()
	if err != nil {
		return err
	}
	all, err := grants.List()
	if err != nil {
		return filed(err)
	}
	for _, g := range all { // a key that was told of, and never shown here
		if slices.Contains(o.keys, g.Key) && !g.Next.IsZero() && !slices.Contains(o.keys, g.Next) {
			o.keys = append(o.keys, g.Next)
		}
	}
	var words, tokens []string
	for _, k := range o.keys {
		words = append(words, k.String())
	}
	if err := appendRevoked(h.revokedFile(), words, now); err != nil {
		return err
	}
	for _, k := range o.keys {
		gone, err := grants.RevokeKey(k)
		if err != nil {
			return filed(err)
		}
		for _, g := range gone {
			if len(g.Origin) == tokenIDLength && !slices.Contains(tokens, g.Origin) {
				tokens = append(tokens, g.Origin)
			}
		}
	}
	if a.json {
		a.event(struct {
			Event  string   `json:"event"`
			Name   string   `json:"name,omitempty"`
			Peer   string   `json:"peer"`
			Tokens []string `json:"tokens"`
		}{"revoked", o.name, o.keys[0].String(), append([]string{}, tokens...)})
		return nil
	}
	a.say("%s is let in no more", o.shown())
	if len(tokens) > 0 {
		a.say("It had a token, with which it may come as somebody else: bargee token revoke %s", strings.Join(tokens, " "))
	}
	return nil
}

// tokenIDLength tells the origins of grants that are tokens from codes, phrases and pairing.
const tokenIDLength = 8

// letInAgain takes back what castOut wrote down.
func (a *app) letInAgain(h home, o outcast) error {
	name, found := h.revokedFile(), false
	err := locked(name, func() error {
		text, err := readAtMost(name, maxRevokedFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		var kept bytes.Buffer
		for line := range bytes.Lines(text) {
			id, _, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
			if slices.ContainsFunc(o.keys, func(k transport.Fingerprint) bool { return k.String() == id }) {
				found = true
				continue
			}
			kept.Write(line)
		}
		if !found {
			return nil
		}
		return replaceFile(name, kept.Bytes())
	})
	if err == nil && !found {
		err = &session.Error{Kind: session.NotFound, Err: errors.New("it was not revoked")}
	}
	if err != nil {
		return &problem{what: "let in again", where: o.shown(), err: err}
	}
	a.say("%s may come in again", o.shown())
	return nil
}

// maxRevokedFile bounds what is read of the list of those that are revoked.
const maxRevokedFile = 16 << 20
