package cli

import (
	"context"
	"errors"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// watch tells what becomes of the offer, until it is over or ctx ends.
func (s *sending) watch(ctx context.Context) error {
	code := s.welcome.State()
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		changed := s.offer.Changed()
		takers := s.offer.Takers()
		s.tellTakers(takers)
		if n := len(takers); n > s.kept {
			s.kept = n
			if err := s.keep(); err != nil {
				s.warn("a crash would end the offer: %s", reason(err))
			}
		}
		all, lanes := transfersOf(takers)
		if s.offer.Over() {
			s.leave(ctx)
			return s.outcome(s.offer.Takers())
		}
		if len(all) > 0 {
			s.clock()
			s.report.progress(all, lanes)
		}
		select {
		case <-ctx.Done():
			return s.interrupted(takers)
		case <-code.Changed:
			was := code
			code = s.welcome.State()
			s.tellNewCode(was, code)
			if code.Code.IsZero() && !was.Code.IsZero() {
				code.Code = was.Code // to be told of when there is another one
			}
		case <-changed:
		case <-tick.C:
		}
	}
}

// clock has time count from the first receiver on, not from the waiting.
func (s *sending) clock() {
	if s.taken {
		return
	}
	s.taken = true
	s.report.mu.Lock()
	defer s.report.mu.Unlock()
	s.report.start = time.Now()
}

// goodbyeTime is how long a receiver may take to close its link when it has all.
const goodbyeTime = time.Second

// leave waits until the receivers are gone, who have something to hear yet.
func (s *sending) leave(ctx context.Context) {
	late := time.After(goodbyeTime)
	for {
		changed, here := s.offer.Changed(), false
		for _, t := range s.offer.Takers() {
			here = here || len(t.Lanes) > 0
		}
		if !here {
			return
		}
		select {
		case <-changed:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

// transfersOf are what takers were sent, as a reporter takes them.
func transfersOf(takers []session.Taker) (all []session.Transfer, lanes []laneAt) {
	for i, t := range takers {
		if t.State == session.TakerTakes || t.State == session.TakerHas {
			if t.State == session.TakerHas {
				t.Transfer.State = session.StateDone
			}
			all = append(all, t.Transfer)
		}
		for _, l := range t.Lanes {
			lanes = append(lanes, laneAt{place: session.PlaceID(i + 1), LaneStats: l})
		}
	}
	return all, lanes
}

// A seenItem is an item that a receiver was told to have.
type seenItem struct {
	key  transport.Fingerprint
	path session.Path
}

// maxSeenItems bounds what is remembered of them.
const maxSeenItems = 1 << 18

// item is session.OfferConfig.Observe. What a receiver has from before it was
// interrupted was told then.
func (s *sending) item(to transport.Fingerprint, it session.Item) {
	s.report.mu.Lock()
	seen := seenItem{to, it.Path}
	again := s.seen[seen]
	if it.Result != session.Failed && len(s.seen) < maxSeenItems {
		s.seen[seen] = true
	}
	s.report.mu.Unlock()
	if !again || it.Result != session.Unchanged {
		s.report.item(it)
	}
}

// A receiverEvent says how it stands with somebody who came for an offer.
type receiverEvent struct {
	Event   string       `json:"event"`
	Peer    string       `json:"peer"`
	From    string       `json:"from,omitempty"`
	Address string       `json:"address"`
	State   string       `json:"state"`
	Free    *int64       `json:"free,omitempty"`
	Kind    session.Kind `json:"kind,omitempty"`
	Error   string       `json:"error,omitempty"`
}

// tellTakers tells how it stands with receivers, where that is news.
func (s *sending) tellTakers(takers []session.Taker) {
	for _, t := range takers {
		if was, ok := s.told[t.Peer.Key]; ok && was == t.State {
			continue
		}
		if was := s.told[t.Peer.Key]; t.State == session.TakerHas && was != session.TakerTakes { // it was too quick to be seen
			before := t
			before.State = session.TakerTakes
			s.report.aside(func() { s.tellTaker(before) })
		}
		s.told[t.Peer.Key] = t.State
		s.report.aside(func() { s.tellTaker(t) })
	}
}

func (s *sending) tellTaker(t session.Taker) {
	if s.json {
		ev := receiverEvent{Event: "receiver", Peer: t.Peer.Key.String(), From: textOf(t.From), Address: t.Peer.Address, State: t.State.String()}
		if t.Free >= 0 {
			ev.Free = &t.Free
		}
		if t.State == session.TakerRefuses {
			ev.Kind, ev.Error = session.KindOf(t.Err), reason(t.Err)
		}
		s.event(ev)
		return
	}
	switch who := nameOfTaker(t); t.State {
	case session.TakerLooks:
		s.say("%s looks at it", who)
	case session.TakerTakes:
		s.say("%s takes it", who)
	case session.TakerAway:
		s.say("%s is gone, and can go on with the same command", who)
	case session.TakerHas:
		s.say("%s has it", who)
	case session.TakerRefuses:
		s.say("%s refuses it: %s", who, reason(t.Err))
	}
}

// nameOfTaker is what a receiver calls itself, and what nobody can forge: its key.
func nameOfTaker(t session.Taker) string {
	name := t.Peer.Address
	if t.From != "" {
		name = session.Display(t.From)
	}
	return name + " (key " + t.Peer.Key.Short() + ")"
}

// tellNewCode tells of a code that took the place of another one.
func (s *sending) tellNewCode(was, now transport.InvitationState) {
	if now.Code.IsZero() || now.Code == was.Code {
		if now.Code.IsZero() && now.Why == transport.CodeBurnt {
			s.warn("too many wrong codes came; the next one is made in a minute")
		}
		return
	}
	s.report.aside(func() {
		if s.json {
			s.event(codeEvent{Event: "code", Code: now.Code.Reveal(), Until: now.Until, Why: string(now.Why)})
			return
		}
		switch now.Why {
		case transport.CodeExpired:
			s.say("the code is over")
		case transport.CodeBurnt:
			s.say("three wrong codes came: the one before is worth nothing now")
		}
		s.tellCode(now.Code.Reveal())
	})
}

// interrupted says what is left when a person ends an offer.
func (s *sending) interrupted(takers []session.Taker) error {
	s.report.clear()
	left := false
	for _, t := range takers {
		if t.State == session.TakerTakes || t.State == session.TakerAway && t.Transfer.Sent > 0 {
			left = true
			s.say("%s has not all of it: run the same command again to go on", nameOfTaker(t))
		}
	}
	if !left && len(s.came) == 0 {
		s.forget()
	}
	return nil
}

// outcome returns what the ends of all receivers amount to.
func (s *sending) outcome(takers []session.Taker) error {
	s.forget()
	s.tellTakers(takers)
	all, lanes := transfersOf(takers)
	var refused error
	for _, t := range takers {
		if t.State == session.TakerRefuses {
			refused = &problem{what: "send to", where: nameOfTaker(t), err: &session.Error{Kind: session.KindOf(t.Err), Side: session.Destination, Err: errors.New(reason(t.Err))}}
		}
	}
	if len(all) > 0 {
		s.report.finish(all, lanes, true)
	}
	switch {
	case refused == nil:
		return s.report.verdict(len(s.paths))
	case len(all) > 0:
		s.tell(refused)
		return &partlyError{first: refused}
	}
	return refused
}
