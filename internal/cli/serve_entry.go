package cli

import (
	"errors"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// An entry is who may enter a served directory.
type entry struct {
	admission transport.Admission
	token     transport.Token // if this run knows it
	made      bool            // by this run
	save      func() error    // keeps it, when we can be reached; nil: nothing is to be kept
}

// entry finds the secret that opens tree, or makes one.
func (o *serveOptions) entry(h home, tree string) (*entry, error) {
	grants, err := h.grants()
	if err != nil {
		return nil, err
	}
	in := &entry{admission: transport.Admission{Tree: tree, Grants: grants}}
	word := ""
	if !o.newToken {
		if word, err = o.secret(secretSources{o.tokenFile, []string{"BARGEE_TOKEN_FILE"}}); err != nil {
			return nil, err
		}
	}
	if word == "" {
		return in, o.ownToken(h, in, tree)
	}
	secret, err := transport.ParseSecret(word)
	if err != nil {
		return nil, &problem{err: &session.Error{Kind: session.Auth, Err: err}}
	}
	if token, ok := secret.Token(); ok {
		in.token = token
		in.admission.Tokens = transport.Tokens(token.Public())
		return in, nil
	}
	if o.ticket {
		return nil, usage("a phrase fits into no ticket", "bargee token new makes a token").about("", "--show-ticket")
	}
	o.warn("a phrase is easier to guess than a token: bargee token new makes one")
	in.admission.Phrase = secret
	return in, nil
}

// ownToken opens in with the token that was made for tree, and makes it at first. One
// of a run that cannot be reached is not kept: it was told to nobody.
func (o *serveOptions) ownToken(h home, in *entry, tree string) error {
	kept, ok, err := h.servedToken(tree)
	if err != nil && !o.newToken {
		return err
	}
	if ok && !o.newToken {
		if o.ticket {
			return usage("only the public half of this directory's token is kept",
				"--new-token makes and prints another one").about("", "--show-ticket")
		}
		in.admission.Tokens = transport.Tokens(kept.Token)
		return nil
	}
	if ok {
		if _, err := in.admission.Grants.Revoke(kept.Token.ID()); err != nil {
			return filed(err)
		}
	}
	in.token, in.made = transport.NewToken(), true
	in.admission.Tokens = transport.Tokens(in.token.Public())
	in.save = func() error {
		err := h.keepServedToken(servedToken{Tree: tree, Token: in.token.Public(), Made: time.Now().UTC().Truncate(time.Second)})
		if err != nil {
			return &problem{what: "keep", where: "the token", err: err}
		}
		return nil
	}
	return nil
}

// keep is session.ServerConfig.Keep: it lets a peer in without a secret from
// now on, as long as the one that admitted it is good.
func (in *entry) keep(p transport.Peer) error {
	g := p.Grant
	if g.Origin == "" {
		return errors.New("nothing says what let this peer in")
	}
	g.Key, g.Tree = p.Key, in.admission.Tree
	return in.admission.Grants.Add(g)
}
