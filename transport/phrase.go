package transport

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// What a phrase and what a code admitted: Grant.Origin.
const (
	phraseOrigin = "phrase"
	codeOrigin   = "code"
)

// pakeRun begins CPace for a login, with a phrase or a code: what a proof is bound
// to elsewhere makes the generator here, so that another connection has another one.
func pakeRun(secret Secret, ch channel, hellos [sha256.Size]byte, random io.Reader) (*cpace, error) {
	if random == nil {
		random = rand.Reader
	}
	scalar := make([]byte, 32)
	if _, err := io.ReadFull(random, scalar); err != nil {
		return nil, err
	}
	label := "bargee cpace v1"
	if secret.IsCode() {
		label = "bargee cpace code v1"
	}
	ci := lvCat([]byte(label), ch.login[:], ch.client[:], ch.server[:])
	return startCPace([]byte(secret.phrase), ci, hellos[:], scalar)
}

// provePAKE is the client's side: the initiator. With theirsFirst the server's share
// comes before ours.
func (l clientLogin) provePAKE(c *conversation, ch channel, version int, theirsFirst bool) (entry, error) {
	run, err := pakeRun(l.secret, ch, c.transcript(), l.random)
	if err != nil {
		return entry{}, err
	}
	proof := &wire.Proof{Proof: &wire.Proof_Share{Share: run.share}}
	if l.secret.IsCode() {
		proof.Room = l.secret.room[:]
	}
	if !theirsFirst {
		if err := c.send(proof); err != nil {
			return entry{}, err
		}
	}
	var reply wire.ProofReply
	if err := c.receive(&reply); err != nil {
		return entry{}, err
	}
	if reply.GetRefused() != nil {
		return entry{}, refusal(ch.address, reply.GetRefused())
	}
	isk, err := run.key(reply.GetShare(), true, cpaceInitiator, cpaceResponder)
	if err != nil {
		return entry{}, fail(ErrProtocol, "%s: %w", ch.address, err)
	}
	tag := cpaceConfirm(run.sid, isk, run.share, cpaceInitiator)
	if theirsFirst {
		if err := c.send(proof); err != nil {
			return entry{}, err
		}
	}
	if err := c.send(&wire.Proof{Proof: &wire.Proof_Confirmation{Confirmation: tag}}); err != nil {
		return entry{}, err
	}
	a, err := l.verdict(c, ch)
	if err != nil {
		return entry{}, err
	}
	if !hmac.Equal(cpaceConfirm(run.sid, isk, reply.GetShare(), cpaceResponder), a.Proof) {
		return entry{}, impostor(ch)
	}
	return l.enter(ch, version, a)
}

// checkPhrase is the server's side for a phrase.
func (l serverLogin) checkPhrase(c *conversation, ch channel, hellos [sha256.Size]byte, share []byte) ([]byte, error) {
	if wait := l.desk.phraseWait(); wait > 0 {
		r := refuse(wire.Refused_BUSY, "too many wrong phrases came in: wait %v", wait.Round(time.Second))
		return nil, l.reject(c, r, fail(ErrBusy, "%s: %s", ch.address, r.Message))
	}
	ours, right, err := l.runPAKE(c, ch, hellos, share, l.admission.Phrase)
	switch {
	case err != nil:
		return nil, err
	case !right:
		l.desk.phraseWrong()
		return nil, l.wrong(c, fail(ErrAuth, "%s: wrong phrase: %w", ch.address, errWrongProof))
	}
	return ours, nil
}

// checkCode is the server's side for a code, that of room. Without a share of the
// client's ours goes out before it.
func (l serverLogin) checkCode(c *conversation, ch channel, hellos [sha256.Size]byte, share []byte, room RoomName) ([]byte, error) {
	refuse := func(r *wire.Refused, cause error) error {
		return l.reject(c, r, fail(ErrAuth, "%s: %s: %w", ch.address, r.Message, cause))
	}
	if !l.admission.Code.open() {
		return nil, l.wrong(c, fail(ErrProtocol, "%s sent a proof that was not asked for", ch.address))
	}
	code, refused := l.admission.Code.ask(ch.client, room)
	switch {
	case refused != nil && l.admission.Code.was(room):
		return nil, refuse(refused, errOldCode)
	case refused != nil: // trying numbers is charged, too
		return nil, refuse(refused, errWrongProof)
	}
	ours, right, err := l.runPAKE(c, ch, hellos, share, code.Secret())
	if err != nil {
		return nil, err
	}
	switch refused = l.admission.Code.judge(ch.client, room, right); {
	case refused != nil && right:
		return nil, refuse(refused, errOldCode)
	case refused != nil:
		return nil, refuse(refused, errWrongProof)
	}
	return ours, nil
}

// errOldCode marks refusals of codes that are over, whoever's fault that is.
var errOldCode = errors.New("the code is over")

// runPAKE is the server's side: the responder. Without a share of the client's it sends
// its own and waits for it. It tells its own tag only to a client that is right, and
// returns it.
func (l serverLogin) runPAKE(c *conversation, ch channel, hellos [sha256.Size]byte, share []byte, secret Secret) (ours []byte, right bool, err error) {
	run, err := pakeRun(secret, ch, hellos, l.random)
	if err != nil {
		return nil, false, err
	}
	ourShare := &wire.ProofReply{Reply: &wire.ProofReply_Share{Share: run.share}}
	unconfirmed := func(err error) error {
		return fail(ErrAuth, "%s did not confirm the %s: %w", ch.address, strings.TrimPrefix(secretName(secret), "a "), err)
	}
	var proof wire.Proof
	first := share == nil
	if first {
		if err := c.send(ourShare); err != nil {
			return nil, false, err
		}
		if err := c.receive(&proof); err != nil {
			return nil, false, unconfirmed(err)
		}
		share = proof.GetShare()
	}
	isk, err := run.key(share, false, cpaceInitiator, cpaceResponder)
	if err != nil {
		return nil, false, l.wrong(c, fail(ErrProtocol, "%s: %w", ch.address, err))
	}
	if !first {
		if err := c.send(ourShare); err != nil {
			return nil, false, err
		}
	}
	if err := c.receive(&proof); err != nil {
		return nil, false, unconfirmed(err)
	}
	right = hmac.Equal(cpaceConfirm(run.sid, isk, share, cpaceInitiator), proof.GetConfirmation())
	return cpaceConfirm(run.sid, isk, run.share, cpaceResponder), right, nil
}

// Wrong phrases from anywhere: a phrase may be weak, and sources are many.
const (
	phraseTries  = 10
	phraseWindow = time.Hour
)

// tries counts the wrong phrases of the last hour. Its clock is handed in.
type tries struct {
	mu    sync.Mutex
	wrong []time.Time // the oldest first, at most phraseTries
}

// wait returns how long no phrase is tried; 0: one may be.
func (t *tries) wait(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wrong) < phraseTries {
		return 0
	}
	return max(0, t.wrong[0].Add(phraseWindow).Sub(now))
}

func (t *tries) add(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wrong = append(t.wrong, now); len(t.wrong) > phraseTries {
		t.wrong = t.wrong[1:]
	}
}
