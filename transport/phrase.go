package transport

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// phraseOrigin is the Grant.Origin of what a phrase admitted.
const phraseOrigin = "phrase"

// phraseRun begins CPace for a login: what a proof is bound to elsewhere makes
// the generator here, so that another connection has another one.
func phraseRun(phrase Secret, ch channel, hellos [sha256.Size]byte, random io.Reader) (*cpace, error) {
	if random == nil {
		random = rand.Reader
	}
	scalar := make([]byte, 32)
	if _, err := io.ReadFull(random, scalar); err != nil {
		return nil, err
	}
	ci := lvCat([]byte("bargee cpace v1"), ch.login[:], ch.client[:], ch.server[:])
	return startCPace([]byte(phrase.phrase), ci, hellos[:], scalar)
}

// provePhrase is the client's side: the initiator.
func (l clientLogin) provePhrase(c *conversation, ch channel, version int) (entry, error) {
	run, err := phraseRun(l.secret, ch, c.transcript(), l.random)
	if err != nil {
		return entry{}, err
	}
	if err := c.send(&wire.Proof{Proof: &wire.Proof_Share{Share: run.share}}); err != nil {
		return entry{}, err
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

// checkPhrase is the server's side: the responder. It tells its own tag only to
// a client that was right, and returns it.
func (l serverLogin) checkPhrase(c *conversation, ch channel, hellos [sha256.Size]byte, share []byte) ([]byte, error) {
	if wait := l.desk.phraseWait(); wait > 0 {
		r := refuse(wire.Refused_BUSY, "too many wrong phrases came in: wait %v", wait.Round(time.Second))
		return nil, errors.Join(fail(ErrBusy, "%s: %s", ch.address, r.Message),
			c.send(&wire.ProofReply{Reply: &wire.ProofReply_Refused{Refused: r}}))
	}
	run, err := phraseRun(l.admission.Phrase, ch, hellos, l.random)
	if err != nil {
		return nil, err
	}
	isk, err := run.key(share, false, cpaceInitiator, cpaceResponder)
	if err != nil {
		return nil, l.wrong(c, fail(ErrProtocol, "%s: %w", ch.address, err))
	}
	if err := c.send(&wire.ProofReply{Reply: &wire.ProofReply_Share{Share: run.share}}); err != nil {
		return nil, err
	}
	var proof wire.Proof
	if err := c.receive(&proof); err != nil {
		return nil, fail(ErrAuth, "%s did not confirm the phrase: %w", ch.address, err)
	}
	if !hmac.Equal(cpaceConfirm(run.sid, isk, share, cpaceInitiator), proof.GetConfirmation()) {
		l.desk.phraseWrong()
		return nil, l.wrong(c, fail(ErrAuth, "%s: wrong phrase: %w", ch.address, errWrongProof))
	}
	return cpaceConfirm(run.sid, isk, run.share, cpaceResponder), nil
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
