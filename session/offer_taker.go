package session

import (
	"time"

	"github.com/bargee/bargee/transport"
)

// A TakerState says how it stands with a receiver of an Offer.
type TakerState uint8

// The states of a receiver.
//
//	TakerLooks -> TakerTakes -> TakerHas       it said yes, or fetched without a word
//	TakerLooks, TakerTakes -> TakerAway        its link is gone, and it may come again
//	TakerAway -> TakerLooks | TakerTakes
//	TakerLooks, TakerTakes -> TakerRefuses     Err says why; it may think again
const (
	TakerLooks   TakerState = iota // it was told what there is
	TakerTakes                     // it said yes
	TakerAway                      // it has not all, and its link is gone
	TakerHas                       // all of it
	TakerRefuses                   // it said no
)

// String returns the word for the screen and JSON.
func (s TakerState) String() string {
	return [...]string{"looking", "taking", "away", "done", "refused"}[min(s, TakerRefuses)]
}

// A takerEvent is what happens to a receiver.
type takerEvent uint8

const (
	evLooks takerEvent = iota // it asked what there is
	evYes                     // it said yes, or began to fetch
	evNo
	evHas  // it fetched all, or said that it has
	evGone // its last link is closed
)

// after returns the state after an event. Whatever a receiver has done, it may
// do again: what it has already it may fetch a second time.
func (s TakerState) after(ev takerEvent) TakerState {
	switch ev {
	case evYes:
		if s == TakerHas {
			return s
		}
		return TakerTakes
	case evNo:
		if s == TakerHas {
			return s
		}
		return TakerRefuses
	case evHas:
		return TakerHas
	case evGone:
		if s == TakerLooks || s == TakerTakes {
			return TakerAway
		}
	case evLooks:
		if s == TakerAway {
			return TakerLooks
		}
	}
	return s
}

// A Taker is a receiver of an Offer at one moment.
type Taker struct {
	Peer   transport.Peer // as it came last
	From   string         // what it calls itself, once it has said something: shown by Display
	State  TakerState
	Since  time.Time // of the state
	Err    error     // why it refused
	Free   int64     // bytes on the disk where it goes, -1 where it does not say
	Failed int64     // items that it could not take, as it says
	Lanes  []transport.LaneStats

	// Transfer counts what it was sent since it came last; its Job is empty.
	Transfer Transfer
}

// A taker is what an offer knows of a receiver, by its key. Offer.mu guards it.
type taker struct {
	Taker
	place  bool             // it said yes once: it takes one of the places
	links  []transport.Link // that it has now
	ledger *ledger          // of what it fetches, or fetched last
	sent   int64            // bytes in earlier fetches
	fetch  int              // number of the last one
}

// maxTakers is how many receivers an offer remembers.
const maxTakers = 1024

// Takers describes who came, in the order in which they did.
func (o *Offer) Takers() []Taker {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Taker, len(o.takers))
	now := time.Now()
	for i, t := range o.takers {
		out[i] = t.Taker
		if n := len(t.links); n > 0 {
			out[i].Lanes = t.links[n-1].Lanes()
		}
		if t.ledger != nil {
			tr := &out[i].Transfer
			if t.State == TakerTakes {
				tr.State = StateRunning
			}
			t.ledger.snapshot(tr, now)
			tr.Sent += t.sent
		}
	}
	return out
}

// Over tells whether as many as the offer is for have taken or refused it.
func (o *Offer) Over() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	over := 0
	for _, t := range o.takers {
		if t.State == TakerHas || t.State == TakerRefuses {
			over++
		}
	}
	return over >= o.cfg.Receivers
}

// taker returns what is known of the peer of l, nil if nothing can be; o.mu is held.
func (o *Offer) taker(l transport.Link) *taker {
	key := l.Peer().Key
	for _, t := range o.takers {
		if t.Peer.Key == key {
			return t
		}
	}
	if len(o.takers) >= maxTakers {
		return nil
	}
	t := &taker{Taker: Taker{Peer: l.Peer(), Since: time.Now(), Free: -1}}
	o.takers = append(o.takers, t)
	return t
}

// move applies an event; o.mu is held.
func (o *Offer) move(t *taker, ev takerEvent) {
	if next := t.State.after(ev); next != t.State {
		t.State, t.Since = next, time.Now()
	}
	o.stir()
}

// admits finds the receiver at the other end of l a place, if it is to have one
// and there is one left; o.mu is held.
func (o *Offer) admits(l transport.Link, place bool) (*taker, error) {
	t := o.taker(l)
	taken := 0
	for _, other := range o.takers {
		if other.place && other != t {
			taken++
		}
	}
	if t == nil || !t.place && taken >= o.cfg.Receivers {
		return nil, newError(Busy, Path{}, "it is offered to %d at the most, and they have taken it", o.cfg.Receivers)
	}
	t.place = t.place || place
	return t, nil
}

// arrive and leave tell that a link to a receiver has come or gone.
func (o *Offer) arrive(l transport.Link) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.taker(l); t != nil {
		t.Peer, t.links = l.Peer(), append(t.links, l)
		o.stir()
	}
}

func (o *Offer) leave(l transport.Link) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.taker(l)
	if t == nil {
		return
	}
	for i, have := range t.links {
		if have == l {
			t.links = append(t.links[:i:i], t.links[i+1:]...)
			break
		}
	}
	if len(t.links) == 0 {
		o.move(t, evGone)
	}
}

// fetching tells that a receiver begins to fetch, which is to say yes. The ledger
// counts what it is sent; over is to be called at the end.
func (o *Offer) fetching(l transport.Link, all bool) (*ledger, func(error), error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t, err := o.admits(l, true)
	if err != nil {
		return nil, nil, err
	}
	if t.ledger != nil {
		var before Transfer
		t.ledger.snapshot(&before, time.Now())
		t.sent += before.Sent
	}
	var observe func(Item)
	if see, key := o.cfg.Observe, t.Peer.Key; see != nil {
		observe = func(it Item) { see(key, it) }
	}
	t.ledger = newLedger(observe)
	t.fetch++
	o.move(t, evYes)
	mine, led := t.fetch, t.ledger
	return led, func(err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if err == nil && all && mine == t.fetch {
			t.Failed = led.failures()
			o.move(t, evHas)
		}
	}, nil
}
