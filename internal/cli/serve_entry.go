package cli

import (
	"errors"
	"log/slog"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// An entry is who may enter a served directory.
type entry struct {
	admission transport.Admission
	door      *doorkeeper
	token     transport.Token // if this run knows it
	made      bool            // by this run
	save      func() error    // keeps it, when we can be reached; nil: nothing is to be kept
}

// mostRooms is how many tokens have a room of their own at a relay.
const mostRooms = 32

// meetable returns the tokens by which somebody may want to meet us now. Who has
// another one needs an address, or a key that we know.
func (in *entry) meetable(now time.Time) []transport.TokenPublic {
	var all []transport.TokenPublic
	switch {
	case in.door != nil:
		all = in.door.meetable(now)
	case in.admission.Tokens != nil:
		all = in.admission.Tokens()
	}
	return all[:min(len(all), mostRooms)]
}

// entry finds the secrets that open tree, whose directory dir is, or makes one.
func (o *serveOptions) entry(h home, tree string, dir *session.Dir, log *slog.Logger) (*entry, error) {
	grants, err := h.grants()
	if err != nil {
		return nil, err
	}
	in := &entry{}
	if !o.newToken { // else nothing of the file that is there matters
		if _, err := h.served(tree); err != nil {
			return nil, err
		}
	}
	if in.door, err = newDoorkeeper(h, tree, grants, log); err != nil && !o.newToken {
		return nil, err
	} else if err != nil {
		if err := h.changeServed(tree, true, func(*servedTree) error { return nil }); err != nil {
			return nil, &problem{what: "replace", where: session.Display(h.servedFile(tree)), err: err}
		}
		if in.door, err = newDoorkeeper(h, tree, grants, log); err != nil {
			return nil, err
		}
	}
	if o.quota.n > 0 {
		in.door.total = session.NewTreeQuota(o.quota.n, dir, session.Path{})
	}
	in.admission = transport.Admission{Tree: tree, Grants: grants, Tokens: in.door.tokens, Terms: in.door.terms}
	if err := o.takeJWTs(in, dir); err != nil {
		return nil, err
	}
	return in, o.secretOf(h, in, tree)
}

// takeJWTs lets in who has a JWT, if --jwt-key says so.
func (o *serveOptions) takeJWTs(in *entry, dir *session.Dir) (err error) {
	if len(o.jwtKeys) == 0 {
		return nil
	}
	if !o.perUser {
		dir = nil
	}
	if in.door.jwt, err = openJWTDoor(o.jwtKeys, dir, !o.readOnly); err == nil {
		in.admission.Pass = in.door.pass
	}
	return err
}

// secretOf finds the secret that was given, or makes a token where there is none.
func (o *serveOptions) secretOf(h home, in *entry, tree string) (err error) {
	word := ""
	if !o.newToken {
		if word, err = o.secret(secretSources{o.tokenFile, []string{"BARGEE_TOKEN_FILE"}}); err != nil {
			return err
		}
	}
	if word == "" {
		return o.ownToken(h, in, tree)
	}
	secret, err := transport.ParseSecret(word)
	if err != nil {
		return &problem{err: &session.Error{Kind: session.Auth, Err: err}}
	}
	if token, ok := secret.Token(); ok {
		in.token = token
		return in.door.giveWay(token.Public(), false, false)
	}
	if _, ok := secret.Pass(); ok {
		return usage("a JWT is for who comes, not for who serves", "--jwt-key says whose JWTs are taken").about("", "--token-file")
	}
	if o.ticket {
		return usage("a phrase fits into no ticket", "bargee token new makes a token").about("", "--show-ticket")
	}
	o.warn("a phrase is easier to guess than a token: bargee token new makes one")
	in.admission.Phrase = secret
	return in.door.giveWay(transport.TokenPublic{}, true, false)
}

// ownToken opens in with the token that was made for tree, and makes it at first, unless
// there are other ways in. One of a run that cannot be reached is not kept: it was told
// to nobody.
func (o *serveOptions) ownToken(h home, in *entry, tree string) error {
	kept, err := h.served(tree)
	if err != nil {
		return err
	}
	own := kept.Token != transport.TokenPublic{}
	switch {
	case o.newToken:
	case own && o.ticket:
		return usage("only the public half of this directory's token is kept",
			"--new-token makes and prints another one").about("", "--show-ticket")
	case own, len(kept.Tokens) > 0, len(o.jwtKeys) > 0:
		return nil
	}
	if own {
		if _, err := in.admission.Grants.Revoke(kept.Token.ID()); err != nil {
			return filed(err)
		}
	}
	in.token, in.made = transport.NewToken(), true
	if err := in.door.giveWay(in.token.Public(), false, true); err != nil {
		return err
	}
	in.save = func() error {
		err := h.changeServed(tree, o.newToken, func(t *servedTree) error {
			t.Token, t.Made = in.token.Public(), time.Now().UTC().Truncate(time.Second)
			return nil
		})
		if err != nil {
			return &problem{what: "keep", where: "the token", err: err}
		}
		in.door.keptOwn()
		return nil
	}
	return nil
}

// keep is session.ServerConfig.Keep: it lets a peer in without a secret from now on,
// as long as what admitted it is good.
func (in *entry) keep(p transport.Peer) error {
	g := p.Grant
	switch {
	case g.Origin == "":
		return errors.New("nothing says what let this peer in")
	case isJWT(g):
		return &session.Error{Kind: session.Refused, Err: errors.New("a JWT is shown each time, and nothing is kept in its place")}
	}
	g.Key, g.Next, g.Tree = p.Key, p.Next, in.admission.Tree
	return in.admission.KeepGrant(g)
}

// whereabouts is where a peer may find us now that another one sends here.
func (in *entry) whereabouts(e *transport.Endpoint) transport.Whereabouts {
	at := transport.Whereabouts{Addresses: reachable(e.Addr())}
	if in.admission.Meet == nil {
		return at
	}
	if m := in.admission.Meet(transport.Grant{}); m.AtRelay() {
		at.Relay = transport.RelayRemote{Address: m.Relay, Key: m.RelayKey}
		at.Room = transport.RoomOfDay(m.Room, time.Now())
	}
	return at
}
