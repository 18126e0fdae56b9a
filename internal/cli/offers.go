package cli

import (
	"context"
	"errors"
	"sync"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui"
)

// offersHere are the offers that a screen has been told the codes of. Each has a
// goroutine from the time that its code was typed until it is a transfer that is over,
// or refused; close ends them.
type offersHere struct {
	reach *reach
	queue *control.Queue
	host  *session.Host

	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup

	mu   sync.Mutex
	last int
	all  []*offerHere
}

type offerHere struct {
	tui.Offer
	at     session.PlaceID
	answer chan error         // nil: yes
	ctx    context.Context    // ends when nobody wants it any more
	stop   context.CancelFunc // ends ctx
}

var _ tui.Offers = (*offersHere)(nil)

func newOffersHere(ctx context.Context, r *reach, q *control.Queue) *offersHere {
	o := &offersHere{reach: r, queue: q, host: session.NewHost()}
	o.ctx, o.stop = context.WithCancel(ctx)
	return o
}

func (s *offersHere) close() {
	s.stop()
	s.running.Wait()
}

// Look implements tui.Offers.
func (s *offersHere) Look() []tui.Offer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []tui.Offer
	for _, o := range s.all {
		out = append(out, o.Offer)
	}
	return out
}

// Receive implements tui.Offers.
func (s *offersHere) Receive(word string, into session.Path) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	o := &offerHere{Offer: tui.Offer{ID: s.last, Word: "a code", Into: into}, answer: make(chan error, 1)}
	o.ctx, o.stop = context.WithCancel(s.ctx)
	s.all = append(s.all, o)
	s.running.Go(func() {
		defer o.stop()
		if err := s.follow(o, word); err != nil && s.ctx.Err() == nil {
			s.set(o, func() { o.State, o.Err = tui.OfferFailed, err })
			return
		}
		s.drop(o)
	})
}

func (s *offersHere) set(o *offerHere, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *offersHere) drop(o *offerHere) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, have := range s.all {
		if have == o {
			s.all = append(s.all[:i:i], s.all[i+1:]...)
			return
		}
	}
}

// Accept implements tui.Offers.
func (s *offersHere) Accept(id int) { s.say(id, nil) }

// Refuse implements tui.Offers.
func (s *offersHere) Refuse(id int, why string) {
	if why == "" {
		why = "they said no"
	}
	s.say(id, &session.Error{Kind: session.Refused, Side: session.Destination, Err: errors.New(why)})
}

func (s *offersHere) say(id int, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, o := range s.all {
		if o.ID != id {
			continue
		}
		if o.State != tui.OfferAsks { // there is nobody to be told yet, or any more
			o.stop()
			s.all = append(s.all[:i:i], s.all[i+1:]...)
			return
		}
		select {
		case o.answer <- why:
		default: // it is answered
		}
		return
	}
}

// follow takes an offer from its code to its end.
func (s *offersHere) follow(o *offerHere, word string) error {
	t, err := typedTarget(s.reach, word)
	if err != nil {
		return err
	}
	called := s.reach.word(t)
	s.set(o, func() { o.Word = called })
	if o.at, err = s.queue.Connect(o.ctx, called, ""); err != nil {
		return err
	}
	defer s.queue.Disconnect(o.at) // who offers once is not there to come back to
	peer, err := s.queue.Peer(o.ctx, o.at)
	if err != nil {
		return err
	}
	s.set(o, func() { o.Key = peer.Peer().Key.Short() })
	for sum, err := range peer.Offered(o.ctx) {
		if err != nil {
			return err
		}
		s.set(o, func() { o.OfferSummary = sum })
	}
	dir, err := s.host.Dir(o.Into)
	if err != nil {
		return err
	}
	free, _, err := dir.Space(o.ctx)
	dir.Close()
	if err != nil {
		return err
	}
	s.set(o, func() { o.Free, o.State = int64(free), tui.OfferAsks })
	select {
	case why := <-o.answer:
		if peer, err = s.again(o); err != nil {
			return err
		}
		mine := session.Taking{From: callOurselves(), Free: free}
		if why != nil {
			return peer.Refuse(o.ctx, o.OfferSummary.ID, mine, why)
		}
		if err := peer.Accept(o.ctx, o.OfferSummary.ID, mine); err != nil {
			return err
		}
		return s.take(o, mine)
	case <-o.ctx.Done():
		return context.Cause(o.ctx)
	}
}

// again returns who offers, over another link perhaps by now: one that is gone is not
// waited for long by a person who has answered.
func (s *offersHere) again(o *offerHere) (*session.Remote, error) {
	ctx, cancel := context.WithTimeout(o.ctx, s.reach.wait)
	defer cancel()
	return s.queue.Peer(ctx, o.at)
}

// take makes a transfer of an offer, and tells who offers when all is here.
func (s *offersHere) take(o *offerHere, mine session.Taking) error {
	id, err := s.queue.Submit(session.Job{
		From: o.at, Sources: offeredPaths(o.OfferSummary), To: session.Here, Destination: o.Into, Into: true,
		Priority: session.DefaultPriority, Options: session.QueueOptions(),
	})
	if err != nil {
		return err
	}
	s.drop(o)
	t, err := s.queue.Wait(s.ctx, id)
	if err != nil || t.State != session.StateDone {
		return nil // the queue tells of it, and can go on with it
	}
	mine.Failed = t.Failures
	ctx, cancel := context.WithTimeout(s.ctx, goodbyeTime)
	defer cancel()
	if peer, err := s.queue.Peer(ctx, o.at); err == nil {
		_ = peer.Taken(ctx, o.OfferSummary.ID, mine) // a courtesy: it saw what it sent
	}
	return nil
}

// offeredPaths are the names of all that is offered, or the root where they are too
// many to be told.
func offeredPaths(o session.OfferSummary) (paths []session.Path) {
	for _, e := range o.First {
		if p, err := session.ParsePath(e.Name); err == nil {
			paths = append(paths, p)
		}
	}
	if len(paths) == 0 || len(paths) != o.Names {
		return []session.Path{{}}
	}
	return paths
}
