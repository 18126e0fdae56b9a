package transport

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// MaxLanes is the most lanes that a link can have.
const MaxLanes = 128

// An Admission says who may enter an endpoint.
type Admission struct {
	Tree       string                 // absolute path of what is served, as grants name it
	Trees      func() []string        // others whose grants let in, too: the grant says which it is; nil: none
	Tokens     func() []TokenPublic   // asked anew at each login; nil: no token is good
	Phrase     Secret                 // a phrase that is good, or the zero Secret
	Code       *Invitation            // whose codes are good; may be nil
	Grants     *Grants                // keys that need no secret, and where kept ones go; may be nil
	Origin     string                 // no grants but of that origin count, and none are kept; "": all do
	MaxClients int                    // links at a time; 0: no limit
	MaxLanes   int                    // of a link; 0: as many as there can be
	Meet       func(Grant) Rendezvous // asked at each login: where who enters by that can meet us, too; nil: nowhere
	Only       Fingerprint            // if not zero, no other key enters, whatever it knows
	Guests     bool                   // who says that it has no secret enters too, marked so (Peer.Guest)
	Errands    *Errands               // who comes for what another peer sent it for; nil: nobody

	// Terms says what a grant is worth now. Whoever comes by a secret or by a key that
	// is kept is let in with the grant that it returns, or turned away, and told the
	// error; that is charged to nobody. nil: each is worth what it says.
	Terms func(Grant) (Grant, error)

	// Pass judges a pass, by the key that its holder showed, and returns the grant
	// that it stands for; nil: none is taken. Its error is told to the holder; one
	// that matches ErrForgedPass is charged to the source as a wrong proof.
	Pass func(pass string, holder ed25519.PublicKey) (Grant, error)
}

// Tokens makes an Admission.Tokens of a fixed set.
func Tokens(tokens ...TokenPublic) func() []TokenPublic {
	return func() []TokenPublic { return tokens }
}

func (a *Admission) token(id []byte) (TokenPublic, bool) {
	if a.Tokens == nil {
		return TokenPublic{}, false
	}
	for _, t := range a.Tokens() {
		if string(t.id()) == string(id) {
			return t, true
		}
	}
	return TokenPublic{}, false
}

func (a *Admission) prove() *wire.Prove {
	return &wire.Prove{
		Token:  a.Tokens != nil && len(a.Tokens()) > 0,
		Phrase: a.Phrase.IsPhrase(),
		Code:   a.Code.open(),
	}
}

func (a *Admission) maxLanes() int {
	if a.MaxLanes <= 0 || a.MaxLanes > MaxLanes {
		return MaxLanes
	}
	return a.MaxLanes
}

// A desk is what a server's login asks of the endpoint: places for clients, and
// the links that lanes can join.
type desk interface {
	// reserve takes a place for a new link, or says why there is none.
	reserve() (linkID, *wire.Refused)
	// release gives back a place that reserve took.
	release(linkID)
	// joinable returns the join exporter of lane 1 of the link that a client
	// with that key made, and whether lane may be added to it.
	joinable(id linkID, client Fingerprint, lane int) (first [32]byte, ok bool)
	// phraseWait says how long no phrase is tried, phraseWrong counts a wrong one.
	phraseWait() time.Duration
	phraseWrong()
}

// errWrongProof marks refusals that are charged to the source.
var errWrongProof = errors.New("wrong proof")

// serverLogin is the server's side of a login.
type serverLogin struct {
	versions  Versions
	agent     string
	kem       []byte
	fec       bool          // the socket can correct errors
	direct    []string      // where we may be reached without a relay
	next      *Identity     // who we will be; nil: who we are
	renew     func(Renewal) // Config.Renewed
	admission *Admission
	desk      desk
	report    func(error) // of what goes wrong without being the client's fault
	random    io.Reader   // nil: crypto/rand; set by tests
}

// visitor is a client that was let in.
type visitor struct {
	link    linkID
	lane    int // 1: a new link
	version int
	agent   string
	kem     []byte
	grant   Grant
	fec     bool       // both sides can correct errors
	guest   bool       // proved nothing
	errand  func(Link) // takes its link, if it came for an errand
	direct  []string
	next    Fingerprint // the key that it says will be its own; or zero
}

// run speaks with a client. After an error the client has been told why.
func (l serverLogin) run(c *conversation, ch channel) (visitor, error) {
	var hello wire.ClientHello
	if err := c.receive(&hello); err != nil {
		return visitor{}, l.turnAway(c, 0, malformed(err), err)
	}
	theirs := Versions{int(hello.MinVersion), int(hello.MaxVersion)}
	v := visitor{lane: 1, version: l.versions.common(theirs), agent: hello.Agent, kem: hello.Kem, fec: l.fec && hello.Fec, direct: hello.Direct}
	if v.version == 0 {
		err := mismatch(l.versions, theirs, ch.address)
		return visitor{}, l.turnAway(c, 0, refuse(wire.Refused_VERSION, "speaks %v, the client %v", l.versions, theirs), err)
	}
	if only := l.admission.Only; !only.IsZero() && ch.client != only {
		return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_AUTH, "this is for somebody else"),
			fail(ErrAuth, "%s: key %s is not the one that is waited for", ch.address, ch.client.Short()))
	}
	if hello.Join != nil {
		return l.join(c, ch, v, hello.Join)
	}
	if len(hello.Errand) > 0 {
		if v.errand = l.admission.Errands.due(Errand(hello.Errand), ch.client); v.errand == nil {
			return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_AUTH, "nobody waits for that"),
				fail(ErrAuth, "%s: key %s comes for an errand that is none", ch.address, ch.client.Short()))
		}
		return l.admit(c, ch, v, nil, false)
	}
	var err error
	if v.next, err = ch.successor(clientRole, ch.client, hello.Next); err != nil {
		return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_INVALID, "you do not have the key that you say will be yours"), err)
	}
	if hello.Guest && l.admission.Guests {
		v.next = Fingerprint{}
		v.guest = true
		return l.admit(c, ch, v, nil, false)
	}
	if hello.Pass != "" && l.admission.Pass != nil {
		return l.checkPass(c, ch, v, hello.Pass)
	}
	if g, ok := l.grant(ch, v.kem); ok && !hello.UnknownServer {
		v.grant = g
		return l.admit(c, ch, v, nil, hello.Keep && v.version >= versionKeep)
	}
	if p := l.admission.prove(); p.Token || p.Phrase || p.Code {
		reply, keep := l.hello(v.version), hello.Keep && v.version >= versionKeep
		p.ShareFollows = p.Code && len(hello.Room) > 0
		reply.Answer = &wire.ServerHello_Prove{Prove: p}
		if err := c.send(reply); err != nil {
			return visitor{}, err
		}
		if p.ShareFollows {
			return l.checkAtOnce(c, ch, v, RoomName(hello.Room), keep)
		}
		return l.check(c, ch, v, keep)
	}
	return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_AUTH, "your key has no grant here, and no secret is good now"),
		fail(ErrAuth, "%s: key %s has no grant", ch.address, ch.client.Short()))
}

func malformed(err error) *wire.Refused {
	if errors.Is(err, wire.ErrLimit) {
		return refuse(wire.Refused_LIMIT, "%v", err)
	}
	return refuse(wire.Refused_INVALID, "not a message that fits here")
}

func (l serverLogin) hello(version int) *wire.ServerHello {
	return &wire.ServerHello{
		MinVersion: uint32(l.versions.Min),
		MaxVersion: uint32(l.versions.Max),
		Version:    uint32(version),
	}
}

// turnAway says no in place of a ServerHello, and returns why.
func (l serverLogin) turnAway(c *conversation, version int, r *wire.Refused, why error) error {
	reply := l.hello(version)
	reply.Answer = &wire.ServerHello_Refused{Refused: r}
	return errors.Join(why, c.send(reply))
}

// grant returns what the client's key lets it have without a secret.
func (l serverLogin) grant(ch channel, kem []byte) (Grant, bool) {
	if l.admission.Code.knows(ch.client) {
		return l.newGrant(ch, codeOrigin), true
	}
	if l.admission.Grants == nil {
		return Grant{}, false
	}
	for _, tree := range l.admission.trees() {
		all, err := l.admission.Grants.of(ch.client, tree)
		if err != nil {
			l.report(err)
		}
		for _, g := range all {
			if l.admission.Origin != "" && g.Origin != l.admission.Origin {
				continue
			}
			if now, err := l.terms(g.openedBy(ch.client)); err == nil {
				if g.Key != ch.client && l.renew != nil {
					l.renew(Renewal{Old: g.Key, New: ch.client, Shown: true, KEM: kem})
				}
				return now, true
			}
		}
	}
	return Grant{}, false
}

// trees are all those whose grants let in.
func (a *Admission) trees() []string {
	if a.Trees == nil {
		return []string{a.Tree}
	}
	return append([]string{a.Tree}, a.Trees()...)
}

// terms is Admission.Terms.
func (l serverLogin) terms(g Grant) (Grant, error) {
	if l.admission.Terms == nil {
		return g, nil
	}
	now, err := l.admission.Terms(g)
	if err == nil && !now.Valid(time.Now()) {
		err = errors.New("the time that it was good for is over")
	}
	return now, err
}

// check reads the client's proof and judges it.
func (l serverLogin) check(c *conversation, ch channel, v visitor, keep bool) (visitor, error) {
	hellos := c.transcript()
	var proof wire.Proof
	if err := c.receive(&proof); err != nil {
		return visitor{}, fail(ErrAuth, "%s gave no proof: %w", ch.address, err)
	}
	origin, ours, err := l.judge(c, ch, hellos, &proof)
	if err != nil {
		return visitor{}, err
	}
	return l.proven(c, ch, v, origin, ours, keep)
}

// checkAtOnce is check for a client that has said of which room its code is: nobody
// has to wait for its share.
func (l serverLogin) checkAtOnce(c *conversation, ch channel, v visitor, room RoomName, keep bool) (visitor, error) {
	ours, err := l.checkCode(c, ch, c.transcript(), nil, room)
	if err != nil {
		return visitor{}, err
	}
	return l.proven(c, ch, v, codeOrigin, ours, keep)
}

// proven lets in a client whose secret is right; ours is our proof.
func (l serverLogin) proven(c *conversation, ch channel, v visitor, origin string, ours []byte, keep bool) (_ visitor, err error) {
	if v.grant, err = l.terms(l.newGrant(ch, origin)); err != nil {
		return visitor{}, l.reject(c, refuse(wire.Refused_AUTH, "%s", cut(err.Error())), fail(ErrAuth, "%s: %w", ch.address, err))
	}
	return l.admit(c, ch, v, ours, keep)
}

// newGrant is for a client that enters by a secret.
func (l serverLogin) newGrant(ch channel, origin string) Grant {
	return Grant{
		Key:     ch.client,
		Tree:    l.admission.Tree,
		Origin:  origin,
		Created: time.Now().UTC().Truncate(time.Second),
	}
}

// judge says whose secret it is that the client holds, and our proof in return.
func (l serverLogin) judge(c *conversation, ch channel, hellos [sha256.Size]byte, proof *wire.Proof) (origin string, ours []byte, err error) {
	if share := proof.GetShare(); len(share) > 0 && len(proof.Room) > 0 {
		ours, err = l.checkCode(c, ch, hellos, share, RoomName(proof.Room))
		return codeOrigin, ours, err
	} else if len(share) > 0 && l.admission.Phrase.IsPhrase() {
		ours, err = l.checkPhrase(c, ch, hellos, share)
		return phraseOrigin, ours, err
	}
	p := proof.GetToken()
	if p == nil {
		return "", nil, l.wrong(c, fail(ErrProtocol, "%s sent a proof that was not asked for", ch.address))
	}
	token, ok := l.admission.token(p.Id)
	if !ok || !ed25519.Verify(token.key[:], ch.bind(clientRole, hellos), p.Signature) {
		return "", nil, l.wrong(c, fail(ErrAuth, "%s: wrong token: %w", ch.address, errWrongProof))
	}
	return token.ID(), token.mac(ch.bind(serverRole, hellos)), nil
}

// wrong says no to a proof, and returns why.
func (l serverLogin) wrong(c *conversation, why error) error {
	return l.reject(c, refuse(wire.Refused_AUTH, "the secret is wrong or was revoked"), why)
}

// reject answers a proof with a refusal, and returns why.
func (l serverLogin) reject(c *conversation, r *wire.Refused, why error) error {
	return errors.Join(why, c.send(&wire.ProofReply{Reply: &wire.ProofReply_Refused{Refused: r}}))
}

// admit lets v in with a new link, if there is room. After a proof, proof is
// ours in return, and the client may want its key kept.
func (l serverLogin) admit(c *conversation, ch channel, v visitor, proof []byte, keep bool) (visitor, error) {
	id, refused := l.desk.reserve()
	if refused != nil {
		return visitor{}, l.answer(c, v, proof != nil, nil, refused)
	}
	v.link = id
	a := &wire.Admitted{
		Link:       id[:],
		MaxLanes:   uint32(l.admission.maxLanes()),
		Proof:      proof,
		Agent:      l.agent,
		Kem:        l.kem,
		Fec:        v.fec,
		Guest:      v.guest,
		Direct:     l.direct,
		Rendezvous: l.meet(v),
		Next:       l.announce(ch, v),
		Kept:       keep && (proof == nil || l.keep(v.grant)), // without a proof it is kept already
	}
	if err := l.answer(c, v, proof != nil, a, nil); err != nil {
		l.desk.release(id)
		return visitor{}, err
	}
	return v, nil
}

func (l serverLogin) announce(ch channel, v visitor) *wire.Successor {
	if v.guest || v.errand != nil {
		return nil
	}
	return ch.announce(serverRole, l.next)
}

// meet is what v may know of where we are.
func (l serverLogin) meet(v visitor) *wire.Rendezvous {
	if l.admission.Meet == nil || v.guest || v.errand != nil {
		return nil
	}
	return l.admission.Meet(v.grant).message()
}

func (l serverLogin) keep(g Grant) bool {
	if l.admission.Grants == nil || l.admission.Origin != "" {
		return false
	}
	if err := l.admission.KeepGrant(g); err != nil {
		l.report(err)
		return false
	}
	return true
}

// KeepGrant stores a grant of somebody who was let in, unless what let him in is good
// no more: whoever revokes that drops the grants that there are, and one that is
// stored meanwhile must not outlive it.
func (a *Admission) KeepGrant(g Grant) error {
	if a.Grants == nil {
		return errors.New("no grants are kept here")
	}
	if err := a.Grants.Add(g); err != nil || a.Terms == nil {
		return err
	}
	if _, err := a.Terms(g); err != nil {
		return errors.Join(err, a.Grants.Remove(g))
	}
	return nil
}

// answer sends the last word, a or r, in the message that is due.
func (l serverLogin) answer(c *conversation, v visitor, proved bool, a *wire.Admitted, r *wire.Refused) error {
	var why error
	if r != nil {
		why = fail(ErrBusy, "%s", r.Message)
	}
	if proved {
		reply := &wire.ProofReply{Reply: &wire.ProofReply_Admitted{Admitted: a}}
		if r != nil {
			reply.Reply = &wire.ProofReply_Refused{Refused: r}
		}
		return errors.Join(why, c.send(reply))
	}
	reply := l.hello(v.version)
	reply.Answer = &wire.ServerHello_Admitted{Admitted: a}
	if r != nil {
		reply.Answer = &wire.ServerHello_Refused{Refused: r}
	}
	return errors.Join(why, c.send(reply))
}

// join adds a lane to a link.
func (l serverLogin) join(c *conversation, ch channel, v visitor, j *wire.Join) (visitor, error) {
	if len(j.Link) == 0 || j.Lane < 2 {
		return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_INVALID, "a join names a link and a lane from 2"),
			fail(ErrProtocol, "%s joins nothing", ch.address))
	}
	v.link, v.lane = linkID(j.Link), int(j.Lane)
	first, ok := l.desk.joinable(v.link, ch.client, v.lane)
	if !ok {
		return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_BUSY, "no link that could take lane %d", v.lane),
			fail(ErrClosed, "%s: no link that could take lane %d", ch.address, v.lane))
	}
	if !hmac.Equal(joinProof(clientRole, first, v.link, v.lane, ch), j.Proof) {
		return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_AUTH, "the proof of lane 1 is wrong"),
			fail(ErrAuth, "%s: wrong proof of lane 1: %w", ch.address, errWrongProof))
	}
	reply := l.hello(v.version)
	reply.Answer = &wire.ServerHello_Admitted{Admitted: &wire.Admitted{
		Link:     v.link[:],
		MaxLanes: uint32(l.admission.maxLanes()),
		Proof:    joinProof(serverRole, first, v.link, v.lane, ch),
		Fec:      v.fec,
	}}
	return v, c.send(reply)
}

// busy is the refusal when all places are taken.
func busy(taken, places int, since time.Time) *wire.Refused {
	return refuse(wire.Refused_BUSY, "%d of %d clients are in, the first since %s: try again later",
		taken, places, since.UTC().Format(time.RFC3339))
}
