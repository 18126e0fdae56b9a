package transport

import (
	"crypto/ed25519"
	"crypto/hmac"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bargee/bargee/internal/wire"
)

// clientLogin is the client's side of a login: what it says of itself, and what
// it knows of the server.
type clientLogin struct {
	versions Versions
	agent    string
	kem      []byte
	pinned   bool   // the server's key is the one we wanted
	secret   Secret // may be none
	keep     bool
	fec      bool        // the socket can correct errors
	guest    bool        // nothing is to be proved, by either side
	pass     string      // for our key, from who the server trusts; or ""
	errand   Errand      // that we come for; zero: for whatever we may
	direct   []string    // where we may be reached without a relay
	next     *Identity   // who we will be; nil: who we are, or it is not to be told
	join     *clientJoin // a further lane
	atOnce   bool        // the server may send its share of a code before ours
	random   io.Reader   // nil: crypto/rand; set by tests
}

type clientJoin struct {
	link  linkID
	lane  int
	first [32]byte // join exporter of lane 1
}

// entry is what a login led to.
type entry struct {
	link     linkID
	version  int
	agent    string
	kem      []byte
	maxLanes int
	kept     bool
	fec      bool // both sides can correct errors
	direct   []string
	meet     Rendezvous
	next     Fingerprint
}

// run speaks with the server until it lets us in or an error says why not.
func (l clientLogin) run(c *conversation, ch channel) (entry, error) {
	hello := &wire.ClientHello{
		MinVersion:    uint32(l.versions.Min),
		MaxVersion:    uint32(l.versions.Max),
		Agent:         l.agent,
		Kem:           l.kem,
		UnknownServer: !l.pinned,
		Fec:           l.fec,
		Guest:         l.guest,
		Direct:        l.direct,
		Pass:          l.pass,
		Next:          ch.announce(clientRole, l.next),
	}
	if l.versions.Max >= versionKeep {
		hello.Keep = l.keep
	}
	if !l.errand.IsZero() {
		hello.Errand = l.errand[:]
	}
	if l.saysRoom() {
		hello.Room = l.secret.room[:]
	}
	if l.join != nil {
		hello.Join = &wire.Join{
			Link:  l.join.link[:],
			Lane:  uint32(l.join.lane),
			Proof: joinProof(clientRole, l.join.first, l.join.link, l.join.lane, ch),
		}
	}
	if err := c.send(hello); err != nil {
		return entry{}, err
	}
	var reply wire.ServerHello
	if err := c.receive(&reply); err != nil {
		return entry{}, err
	}
	return l.answer(c, ch, &reply)
}

// saysRoom tells whether the hello has the room of our code.
func (l clientLogin) saysRoom() bool { return l.atOnce && l.secret.IsCode() && l.join == nil }

func (l clientLogin) answer(c *conversation, ch channel, h *wire.ServerHello) (entry, error) {
	theirs := Versions{int(h.MinVersion), int(h.MaxVersion)}
	version := l.versions.common(theirs)
	refused := h.GetRefused()
	switch {
	case refused != nil && version == 0:
		return entry{}, mismatch(l.versions, theirs, ch.address)
	case refused != nil:
		return entry{}, refusal(ch.address, refused)
	case version == 0 || int(h.Version) != version:
		return entry{}, fail(ErrProtocol, "%s chose version %d out of turn", ch.address, h.Version)
	}
	switch {
	case l.guest && !h.GetAdmitted().GetGuest():
		return entry{}, fail(ErrAuth, "%s takes no guests", ch.address)
	case h.GetAdmitted() != nil:
		return l.admitted(ch, version, h.GetAdmitted())
	case h.GetProve() != nil && l.join == nil:
		return l.prove(c, ch, version, h.GetProve())
	}
	return entry{}, fail(ErrProtocol, "%s answered the hello with nothing of use", ch.address)
}

// admitted checks that the server may let us in without a secret: because we
// know its key, or because it knows lane 1.
func (l clientLogin) admitted(ch channel, version int, a *wire.Admitted) (entry, error) {
	if l.join != nil {
		want := joinProof(serverRole, l.join.first, l.join.link, l.join.lane, ch)
		if !hmac.Equal(want, a.Proof) {
			return entry{}, fail(ErrAuth, "%s could not show that it has lane 1 of the link", ch.address)
		}
	} else if !l.pinned && !l.guest {
		// Anyone could say this.
		return entry{}, fail(ErrAuth, "%s let us in without proof of who it is", ch.address)
	}
	return l.enter(ch, version, a)
}

func (l clientLogin) enter(ch channel, version int, a *wire.Admitted) (entry, error) {
	if len(a.Link) == 0 {
		return entry{}, fail(ErrProtocol, "%s let us in without naming the link", ch.address)
	}
	next, err := ch.successor(serverRole, ch.server, a.Next)
	if err != nil {
		return entry{}, err
	}
	return entry{
		next:     next,
		link:     linkID(a.Link),
		version:  version,
		agent:    a.Agent,
		kem:      a.Kem,
		maxLanes: max(1, int(a.MaxLanes)),
		kept:     a.Kept && version >= versionKeep,
		fec:      l.fec && a.Fec,
		direct:   a.Direct,
		meet:     rendezvousOf(a.Rendezvous),
	}, nil
}

func (l clientLogin) prove(c *conversation, ch channel, version int, p *wire.Prove) (entry, error) {
	token, isToken := l.secret.Token()
	switch {
	case p.ShareFollows && !(l.saysRoom() && p.Code):
		return entry{}, fail(ErrProtocol, "%s sends a share that was not asked for", ch.address)
	case l.secret.IsZero() && l.pass != "":
		return entry{}, fail(ErrAuth, "%s takes no passes: give its token", ch.address)
	case l.secret.IsZero():
		return entry{}, fail(ErrAuth, "%s does not know this machine's key and asks for a token: give one", ch.address)
	case isToken && p.Token:
		return l.proveToken(c, ch, version, token)
	case l.secret.IsPhrase() && p.Phrase, l.secret.IsCode() && p.Code:
		return l.provePAKE(c, ch, version, p.ShareFollows)
	case p.Token || p.Phrase || p.Code:
		return entry{}, fail(ErrAuth, "%s takes %s, and what was given is %s", ch.address, proveNames(p), secretName(l.secret))
	}
	return entry{}, fail(ErrAuth, "%s takes no secret now, only keys it knows", ch.address)
}

func secretName(s Secret) string {
	switch {
	case s.IsCode():
		return "a code"
	case s.IsPhrase():
		return "a phrase"
	}
	return "a token"
}

func proveNames(p *wire.Prove) string {
	var names []string
	for name, taken := range map[string]bool{"a token": p.Token, "a phrase": p.Phrase, "a code": p.Code} {
		if taken {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}

// proveToken signs with the token and demands that the server knows its public
// half: an impostor cannot pretend to have checked the signature.
func (l clientLogin) proveToken(c *conversation, ch channel, version int, token Token) (entry, error) {
	hellos := c.transcript()
	public := token.Public()
	proof := &wire.Proof{Proof: &wire.Proof_Token{Token: &wire.TokenProof{
		Id:        public.id(),
		Signature: ed25519.Sign(token.key(), ch.bind(clientRole, hellos)),
	}}}
	if err := c.send(proof); err != nil {
		return entry{}, err
	}
	a, err := l.verdict(c, ch)
	if err != nil {
		return entry{}, err
	}
	if !hmac.Equal(public.mac(ch.bind(serverRole, hellos)), a.Proof) {
		return entry{}, impostor(ch)
	}
	return l.enter(ch, version, a)
}

func impostor(ch channel) error {
	return fail(ErrAuth, "%s could not prove that it knows the secret: someone may be in between", ch.address)
}

// verdict reads the last message of a login.
func (l clientLogin) verdict(c *conversation, ch channel) (*wire.Admitted, error) {
	var r wire.ProofReply
	if err := c.receive(&r); err != nil {
		return nil, err
	}
	if r.GetRefused() != nil {
		return nil, refusal(ch.address, r.GetRefused())
	}
	if r.GetAdmitted() == nil {
		return nil, fail(ErrProtocol, "%s answered the proof with nothing of use", ch.address)
	}
	return r.GetAdmitted(), nil
}

// refusal turns the server's no into an error. Its text comes from the other
// side: it is cut to printable characters here.
func refusal(address string, r *wire.Refused) error {
	kind := map[wire.Refused_Kind]error{
		wire.Refused_AUTH:    ErrAuth,
		wire.Refused_BUSY:    ErrBusy,
		wire.Refused_VERSION: ErrVersion,
	}[r.Kind]
	if kind == nil {
		kind = ErrProtocol
	}
	return fail(kind, "%s refuses: %s", address, printable(r.Message))
}

// printable makes one line of what a peer sent to be read by people.
func printable(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	s = strings.Map(func(r rune) rune {
		if r == ' ' || !unprintable(r) {
			return r
		}
		return '\uFFFD'
	}, s)
	if s == "" {
		return "no reason given"
	}
	return s
}

func refuse(kind wire.Refused_Kind, format string, args ...any) *wire.Refused {
	return &wire.Refused{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
