package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/transport/lan"
)

// A reach is how this process gets to peers: the session.Reach of its engine
// and of the commands that need none. It opens its socket when it is needed.
//
// What it calls a peer (its word) is fit to be shown: a known peer's name, else
// host:port. The rest of an address, which may be a secret, stays in here.
type reach struct {
	home  home
	lanes int           // of a link; 0: as many as are useful
	wait  time.Duration // longest wait for a link

	listen    string                            // where the socket is; "": anywhere
	admission *transport.Admission              // who may come there; nil: nobody
	pinned    func(transport.Fingerprint) error // hears of paired peers that are remembered; nil: nobody does

	relayAt func(addr string) (transport.RelayRemote, bool, error) // what we have of a relay; "": the one that is used here
	lan     func() (*lan.Options, error)                           // how the local network is looked at; nil: not at all
	ssh     *sshReach

	box func(ctx context.Context, t target) (transport.Link, error) // opens the drop box of a relay; nil: nobody does

	mu       sync.Mutex
	endpoint *transport.Endpoint
	words    map[string]target
	met      map[string]transport.Fingerprint  // by the number of a code, who showed it
	again    map[transport.Fingerprint]dialing // how who was paired with is met again
	linked   map[string]bool                   // peers that there was a link to

	early      bool            // known peers may be asked before they have let us in
	turnedAway map[string]bool // those who did not
	notes      sync.WaitGroup
}

// A dialing links to one peer.
type dialing func(context.Context) (transport.Link, error)

func (a *app) reach() (*reach, error) {
	h, err := a.home()
	if err != nil {
		return nil, err
	}
	return a.reachFrom(h), nil
}

func (a *app) reachFrom(h home) *reach {
	return &reach{
		home: h, wait: a.connectWait(), words: map[string]target{}, met: map[string]transport.Fingerprint{}, again: map[transport.Fingerprint]dialing{}, linked: map[string]bool{}, turnedAway: map[string]bool{},
		relayAt: a.relayAt,
		lan:     a.lan,
		ssh:     a.sshReach(),
		box:     func(ctx context.Context, t target) (transport.Link, error) { return a.dialBox(ctx, h, t) },
	}
}

// word returns what t is called from now on. Targets that would have the same
// word, and are not the same, are told apart by a number.
func (r *reach) word(t target) string {
	t = t.root()
	if t.kind == sshTarget && t.ssh.jail == "" && r.ssh != nil {
		t.ssh.jail = r.ssh.jail
	}
	base := r.wordFor(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	for n, word := 1, base; ; {
		known, taken := r.words[word]
		if !taken && n == 1 && t.kind == knownTarget && t.lanes != 0 { // the name alone is a word already
			taken = true
		}
		if !taken || known.peer() == t.peer() && known.lanes == t.lanes {
			r.words[word] = t
			return word
		}
		n++
		word = fmt.Sprintf("%s (%d)", base, n)
	}
}

// wordFor returns what t is to be called.
func (r *reach) wordFor(t target) string {
	switch {
	case t.kind == addressTarget:
		return t.addr
	case t.kind == ticketTarget && len(t.pass.Addresses) > 0:
		return t.pass.Addresses[0]
	case t.kind == ticketTarget:
		return t.pass.Key.Short()
	case t.kind == sshTarget:
		return t.ssh.peer()
	case t.kind == dropsTarget:
		return t.shown()
	case t.kind == codeTarget:
		return t.codeWord()
	case t.kind == pairedTarget:
		return r.calledPaired(t.key)
	}
	return t.name
}

// target returns what word stands for.
func (r *reach) target(word string) (target, error) {
	r.mu.Lock()
	t, ok := r.words[word]
	r.mu.Unlock()
	if ok {
		return t, nil
	}
	if transport.CheckPeerName(word) == nil && !codeForm.MatchString(word) { // as Known has it
		return target{kind: knownTarget, name: word, path: "/"}, nil
	}
	return parsePeer(word)
}

// parsePeer reads an address that cannot be one of this machine.
func parsePeer(s string) (target, error) {
	t, err := parseAddress(s)
	if err == nil && t.isLocal() {
		return t, usage("is no address of a peer", "an address is NAME: or bargee://HOST[:PORT]/").about("", session.Display(s))
	}
	return t, err
}

// Dial implements session.Reach.
func (r *reach) Dial(ctx context.Context, word, secret string) (transport.Link, error) {
	t, err := r.target(word)
	if err != nil {
		return nil, err
	}
	if t.kind == pairedTarget {
		return r.dialPaired(ctx, t)
	}
	if t.kind == dropsTarget && r.box != nil {
		return r.box(ctx, t)
	}
	if t.kind == sshTarget {
		return r.dialSSH(ctx, word, t, secret)
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
	var l transport.Link
	if t.kind == codeTarget {
		l, err = r.dialCode(ctx, ep, t, remote)
	} else {
		l, err = r.dialAnywhere(ctx, ep, t, secret, remote)
	}
	if err != nil {
		return nil, err
	}
	r.notes.Go(func() { r.note(t, l) })
	return l, nil
}

// note waits until l is a link for good, and notes where its peer was found; or that
// it does not let us in by our key alone.
func (r *reach) note(t target, l transport.Link) {
	if err := transport.Entered(context.Background(), l); err == nil {
		r.seen(l)
	} else if errors.Is(err, transport.ErrAuth) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.turnedAway[t.peer()] = true
	}
}

// isEarly tells whether what is asked of t need not wait for the login: our key
// opened the last time, and nobody would be asked for a secret if it does not now.
func (r *reach) isEarly(t target, secret string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.early && secret == "" && t.kind == knownTarget && !r.turnedAway[t.peer()]
}

// mayBeEarly tells whether a command has nothing but keys to enter by: no secret, and
// no person to be asked for one.
func (a *app) mayBeEarly(tokenFile string) bool {
	return !a.asks && tokenFile == "" && a.getenv("BARGEE_TOKEN_FILE") == "" && a.getenv("BARGEE_TOKEN") == ""
}

// remote returns where t is and whose key must be there.
func (r *reach) remote(t target) (transport.Remote, error) {
	out := transport.Remote{Key: t.key, Lanes: r.lanes}
	if t.lanes != 0 {
		out.Lanes = t.lanes
	}
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
		out.Key, out.Next, out.Addresses = p.Key, p.Next, p.Addresses
		return out, err
	case ticketTarget:
		out.Next, out.Addresses, out.Secret = t.pass.Next, t.pass.Addresses, transport.SecretOf(t.pass.Token)
		return out, nil
	case codeTarget:
		out.Key, out.Secret = r.keyOfCode(t), t.code.Secret()
		return out, nil
	}
	out.Addresses = []string{t.addr}
	if out.Key.IsZero() { // a pinned key holds for the address too, as in ssh's known_hosts
		peers, err := known.List()
		if err != nil {
			return out, filed(err)
		}
		if i := slices.IndexFunc(peers, func(p transport.KnownPeer) bool { return slices.Contains(p.Addresses, t.addr) }); i >= 0 {
			out.Key, out.Next = peers[i].Key, peers[i].Next
		}
	}
	return out, nil
}

// admits has a say who may come to our socket from now on.
func (r *reach) admits(a *transport.Admission) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.admission = a
	if r.endpoint != nil {
		return r.endpoint.Admit(a)
	}
	return nil
}

// admitsFirst is admits, unless somebody has had a say already.
func (r *reach) admitsFirst(a *transport.Admission) error {
	r.mu.Lock()
	had := r.admission != nil
	r.mu.Unlock()
	if had {
		return nil
	}
	return r.admits(a)
}

func (r *reach) open() (*transport.Endpoint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.endpoint != nil {
		return r.endpoint, nil
	}
	cfg, err := r.home.self()
	if err != nil {
		return nil, err
	}
	cfg.HandshakeTimeout, cfg.Admission = r.wait, r.admission
	ep, err := transport.Listen(cmp.Or(r.listen, ":0"), cfg)
	switch {
	case err != nil && r.listen != "":
		return nil, listenProblem(r.listen, err)
	case err != nil:
		return nil, &problem{what: "open", where: "a UDP socket", err: err}
	}
	r.endpoint = ep
	return ep, nil
}

// seen notes where a known peer was found. It is a convenience: that its file
// cannot be written is no reason to give the link up.
func (r *reach) seen(l transport.Link) {
	if known, err := r.home.known(); err == nil {
		known.Seen(l.Peer().Key, addressOf(l), l.Peer().Meet)
	}
}

// addressOf is where the peer can be dialled again, "" if it was met at a relay.
func addressOf(l transport.Link) string {
	if l.Peer().Room != (transport.RoomName{}) {
		return ""
	}
	return l.Peer().Address
}

// Close closes all links.
func (r *reach) Close() error {
	if r.ssh != nil {
		r.ssh.close()
	}
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
		k := session.KnownPeer{Name: p.Name, Key: p.Key, LastSeen: p.LastSeen}
		if len(p.Addresses) > 0 {
			k.Address = p.Addresses[0]
		}
		out = append(out, k)
	}
	if r.ssh != nil {
		out = append(out, r.ssh.peers()...)
	}
	if r.box != nil {
		out = append(out, r.boxes()...)
	}
	return out
}

// Pin implements session.Reach.
func (r *reach) Pin(l transport.Link, word, name string) error {
	known, err := r.home.known()
	if err != nil {
		return err
	}
	if t, err := r.target(word); err == nil && t.kind == sshTarget {
		return &session.Error{Kind: session.Refused, Err: errors.New("it is started anew over ssh each time: its address is enough")}
	}
	peer := l.Peer()
	if t, err := r.target(word); err == nil && t.kind == pairedTarget && r.pinned != nil {
		if err := r.pinned(peer.Key); err != nil {
			return err
		}
	}
	if p, err := known.LookupKey(peer.Key); err == nil && p.Name == name {
		return nil // only the grant at the other side was missing
	}
	meet := peer.Meet
	if meet.IsZero() { // who came to us has not said so yet
		meet = r.askMeet(l)
	}
	p := transport.KnownPeer{
		Name: name, Key: peer.Key, Next: peer.Next, KEM: peer.KEM, LastSeen: time.Now().UTC().Truncate(time.Second),
		Relay: meet.Relay, RelayKey: meet.RelayKey, Room: meet.Room,
	}
	if address := addressOf(l); address != "" {
		p.Addresses = []string{address}
	}
	return filed(known.Add(p))
}

// nameFor proposes a name for the peer at t: the one it has, if it is known,
// else its host's. key is its fingerprint's short form.
func (r *reach) nameFor(t target, key string) (name string, isKnown bool) {
	id, _, _ := strings.Cut(key, "·")
	name = "peer-" + id
	if host, _, err := net.SplitHostPort(t.addr); err == nil && net.ParseIP(host) == nil {
		if first, _, _ := strings.Cut(host, "."); transport.CheckPeerName(first) == nil {
			name = first
		}
	}
	known, err := r.home.known()
	if err != nil {
		return name, false
	}
	peers, err := known.List()
	if err != nil {
		return name, false
	}
	if i := slices.IndexFunc(peers, func(p transport.KnownPeer) bool { return p.Key.Short() == key }); i >= 0 {
		return peers[i].Name, true
	}
	if slices.ContainsFunc(peers, func(p transport.KnownPeer) bool { return p.Name == name }) {
		name += "-" + id
	}
	return name, false
}
