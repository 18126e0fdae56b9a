package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// pairedPrefix begins the address of a peer that was met by pairing, and may have
// no other: only its key is known.
const pairedPrefix = "paired://"

// parsePaired reads what target.peer writes.
func parsePaired(s string) (target, error) {
	word, path, _ := strings.Cut(strings.TrimPrefix(s, pairedPrefix), "/")
	key, err := transport.ParseFingerprint(word)
	if err != nil {
		return target{}, usage(err.Error(), "").about("", session.Display(s))
	}
	return target{kind: pairedTarget, key: key, path: rooted(path)}, nil
}

// askMeet asks a peer where it can be met from now on; one that does not say is met
// where it was found.
func (r *reach) askMeet(l transport.Link) transport.Rendezvous {
	ctx, cancel := context.WithTimeout(context.Background(), r.wait)
	defer cancel()
	said, err := session.NewRemote(l).Greet(ctx)
	if err != nil {
		return transport.Rendezvous{}
	}
	return said.Meet
}

// calledPaired is what who was paired with is called: the name that it was given
// here, else a part of its key.
func (r *reach) calledPaired(key transport.Fingerprint) string {
	if p, ok := r.had(key); ok {
		return p.Name
	}
	id, _, _ := strings.Cut(key.Short(), "·")
	return "peer-" + id
}

// had returns the known peer whose key that is, or was before it was replaced.
func (r *reach) had(key transport.Fingerprint) (transport.KnownPeer, bool) {
	known, err := r.home.known()
	if err != nil {
		return transport.KnownPeer{}, false
	}
	peers, err := known.List()
	i := slices.IndexFunc(peers, func(p transport.KnownPeer) bool { return p.Had(key) })
	if err != nil || i < 0 {
		return transport.KnownPeer{}, false
	}
	return peers[i], true
}

// dialPaired links to who was paired with: as it was met, if it was us who came, or
// where it is remembered to be.
func (r *reach) dialPaired(ctx context.Context, t target) (transport.Link, error) {
	r.mu.Lock()
	again := r.again[t.key]
	r.mu.Unlock()
	if again != nil {
		return again(ctx)
	}
	return r.knownAs(ctx, t.key)
}

// comesAgain says how to link to who was paired with when the link is lost.
func (r *reach) comesAgain(key transport.Fingerprint, dial dialing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.again[key] = dial
}

// knownAs links to who was paired with where it is remembered to be.
func (r *reach) knownAs(ctx context.Context, key transport.Fingerprint) (transport.Link, error) {
	awaited := &session.Error{Kind: session.Unreachable, Err: session.ErrAwaited}
	p, ok := r.had(key)
	if !ok || len(p.Addresses) == 0 && p.Rendezvous().IsZero() {
		return nil, awaited
	}
	l, err := r.Dial(ctx, p.Name, "")
	if err != nil && !errors.Is(err, transport.ErrKeyChanged) {
		return nil, awaited
	}
	return l, err
}
