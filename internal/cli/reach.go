package cli

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A reach is how this process gets to peers: the session.Reach of its engine
// and of the commands that need none. It opens its socket when it is needed.
type reach struct {
	home  home
	lanes int           // of a link; 0: as many as are useful
	wait  time.Duration // longest wait for a link

	mu       sync.Mutex
	endpoint *transport.Endpoint
}

// Dial implements session.Reach. The target may also be the bare name of a
// known peer, as Known has it.
func (r *reach) Dial(ctx context.Context, word, secret string) (transport.Link, error) {
	t, err := parsePeer(word)
	if err != nil {
		return nil, err
	}
	remote, err := r.remote(t)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		if remote.Secret, err = transport.ParseSecret(secret); err != nil {
			return nil, &session.Error{Kind: session.Auth, Err: err}
		}
	}
	ep, err := r.open()
	if err != nil {
		return nil, err
	}
	l, err := ep.Dial(ctx, remote)
	if err != nil {
		return nil, err
	}
	r.seen(l)
	return l, nil
}

func parsePeer(word string) (target, error) {
	if !strings.Contains(word, ":") && !strings.HasPrefix(word, "bgticket_") {
		word += ":"
	}
	t, err := parseAddress(word)
	if err == nil && t.isLocal() {
		return t, usage("is no address of a peer", "an address is NAME: or bargee://HOST[:PORT]/").about("", session.Display(word))
	}
	return t, err
}

// remote returns where t is and whose key must be there.
func (r *reach) remote(t target) (transport.Remote, error) {
	out := transport.Remote{Key: t.key, Lanes: r.lanes}
	known, err := r.home.known()
	if err != nil {
		return out, err
	}
	switch t.kind {
	case knownTarget:
		p, err := known.Lookup(t.name)
		if errors.Is(err, transport.ErrUnknownPeer) {
			err = &session.Error{Kind: session.NotFound, Err: err}
		}
		out.Key, out.Addresses = p.Key, p.Addresses
		return out, err
	case ticketTarget:
		out.Addresses, out.Secret = t.pass.Addresses, transport.SecretOf(t.pass.Token)
		return out, nil
	}
	out.Addresses = []string{t.addr}
	if out.Key.IsZero() { // a pinned key holds for the address too, as in ssh's known_hosts
		peers, err := known.List()
		if err != nil {
			return out, filed(err)
		}
		if i := slices.IndexFunc(peers, func(p transport.KnownPeer) bool { return slices.Contains(p.Addresses, t.addr) }); i >= 0 {
			out.Key = peers[i].Key
		}
	}
	return out, nil
}

func (r *reach) open() (*transport.Endpoint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.endpoint != nil {
		return r.endpoint, nil
	}
	id, err := r.home.identity()
	if err != nil {
		return nil, err
	}
	ep, err := transport.Listen(":0", transport.Config{Identity: id, Agent: agent(), HandshakeTimeout: r.wait})
	if err != nil {
		return nil, &problem{what: "open", where: "a UDP socket", err: err}
	}
	r.endpoint = ep
	return ep, nil
}

// seen notes where a known peer was found. It is a convenience: that its file
// cannot be written is no reason to give the link up.
func (r *reach) seen(l transport.Link) {
	if known, err := r.home.known(); err == nil {
		known.Seen(l.Peer().Key, l.Peer().Address)
	}
}

// Close closes all links.
func (r *reach) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.endpoint == nil {
		return nil
	}
	return r.endpoint.Close()
}

// Known implements session.Reach.
func (r *reach) Known() []session.KnownPeer {
	known, err := r.home.known()
	if err != nil {
		return nil
	}
	peers, err := known.List()
	if err != nil {
		return nil
	}
	var out []session.KnownPeer
	for _, p := range peers {
		k := session.KnownPeer{Name: p.Name, LastSeen: p.LastSeen}
		if len(p.Addresses) > 0 {
			k.Address = p.Addresses[0]
		}
		out = append(out, k)
	}
	return out
}

// Pin implements session.Reach.
func (r *reach) Pin(l transport.Link, word, name string) error {
	t, err := parsePeer(word)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.wait)
	defer cancel()
	_, err = r.pin(ctx, l, t, name)
	return err
}

// pin makes the peer let our key in from now on, and remembers its key. It
// returns the name that the peer then has; an empty one is chosen here.
func (r *reach) pin(ctx context.Context, l transport.Link, t target, name string) (string, error) {
	known, err := r.home.known()
	if err != nil {
		return "", err
	}
	peer := l.Peer()
	before, err := known.LookupKey(peer.Key)
	isNew := errors.Is(err, transport.ErrUnknownPeer)
	switch {
	case isNew && name == "":
		name = freeName(known, t, peer)
	case !isNew && err != nil:
		return "", filed(err)
	case !isNew && name == "":
		name = before.Name
	}
	if err := session.NewRemote(l).Keep(ctx); err != nil {
		return "", err
	}
	if !isNew && name == before.Name {
		return name, nil // only the grant was missing
	}
	return name, filed(known.Add(transport.KnownPeer{
		Name: name, Key: peer.Key, KEM: peer.KEM,
		Addresses: []string{peer.Address}, LastSeen: time.Now().UTC().Truncate(time.Second),
	}))
}

// freeName suggests a name for a peer: the host's, if it has one.
func freeName(known *transport.KnownPeers, t target, peer transport.Peer) string {
	name := "peer-" + peer.Key.String()[:4]
	if host, _, err := net.SplitHostPort(t.addr); err == nil && net.ParseIP(host) == nil {
		if first, _, _ := strings.Cut(host, "."); transport.CheckPeerName(first) == nil {
			name = first
		}
	}
	if _, err := known.Lookup(name); err == nil {
		name += "-" + peer.Key.String()[:4]
	}
	return name
}
