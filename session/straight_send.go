package session

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// This file is the sender's half of Straight: it looks for the receiver, and feeds
// chunks to the link to it for as long as that lives.

const (
	// straightStart is how long chunks wait for the first try: a receiver that is
	// reached is reached by then, as a rule, and nothing goes the long way.
	straightStart = time.Second

	// straightDial is how long a try may take.
	straightDial = 8 * time.Second

	// A link over which nothing is acknowledged for quietFor has to answer a ping
	// within pingWithin: a path that died says nothing by itself.
	quietFor   = 1500 * time.Millisecond
	pingWithin = 2 * time.Second

	// It is tried again after straightFirst, twice that and so on, while there is
	// something to send.
	straightFirst = 5 * time.Second
	straightLast  = time.Minute
)

// meet notes where the receiver may be met, as the asker says; chunks wait for the
// first try.
func (s *sender) meet(d *wire.Direct) {
	if d == nil || s.policy.Straight.Dial == nil || s.options.DryRun {
		return
	}
	if _, _, ok := whereabouts(d, s.local); ok {
		s.direct = d
		s.pool.divert(true)
	}
}

// goStraight keeps a link to the receiver, if it is told of one, until the transfer is
// over or the receiver does not let us in.
func (s *sender) goStraight(ctx context.Context) {
	select {
	case <-s.met:
	case <-s.done:
	case <-ctx.Done():
	}
	if !isClosed(s.met) || s.direct == nil {
		return
	}
	defer s.pool.divert(false)
	for wait := straightFirst; ; wait = min(2*wait, straightLast) {
		l, err := s.dialStraight(ctx)
		if err == nil {
			wait = straightFirst
			s.pool.divert(true)
			err = s.feedStraight(ctx, l)
		}
		s.pool.divert(false)
		if isClosed(s.done) || ctx.Err() != nil {
			return
		}
		s.straight(&wire.Straight{Why: toWire(err).GetMessage()})
		if errors.Is(err, transport.ErrAuth) {
			return
		}
		select {
		case <-time.After(wait):
		case <-s.done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// straight tells the asker how it stands with the link.
func (s *sender) straight(m *wire.Straight) {
	s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Straight{Straight: m}})
}

// dialStraight looks for the receiver. Chunks that wait for it do not for longer than
// straightStart.
func (s *sender) dialStraight(ctx context.Context) (transport.Link, error) {
	at, to, _ := whereabouts(s.direct, s.local)
	ctx, cancel := context.WithTimeout(ctx, straightDial)
	defer cancel()
	var l transport.Link
	var err error
	tried := make(chan struct{})
	go func() {
		defer close(tried)
		l, err = s.policy.Straight.Dial(ctx, at, to)
	}()
	start := time.NewTimer(cmp.Or(s.policy.Straight.start, straightStart))
	defer start.Stop()
	select {
	case <-tried:
		return l, err
	case <-s.done:
		cancel()
	case <-start.C:
		s.pool.divert(false)
	}
	<-tried
	return l, err
}

// feedStraight sends chunks over l until the transfer is over or l is not to be relied
// on any more, and returns why.
func (s *sender) feedStraight(ctx context.Context, l transport.Link) error {
	defer l.Close("the transfer is over")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	way := wayOf(l)
	s.straight(&wire.Straight{Up: true, Path: string(way)})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.watchStraight(ctx, l, way)
	}()
	c := &crew{link: l, id: s.direct.GetErrand(), half: straightHalf{s}, most: maxStreams, busy: map[int]bool{}}
	c.run(ctx)
	cancel()
	<-watched
	if err := l.Err(); err != nil {
		return err
	}
	return errClosing
}

// wayOf is the way that l takes by now: one that began at a relay may have found a
// direct one since.
func wayOf(l transport.Link) transport.Path {
	for _, n := range l.Lanes() {
		if n.Path == transport.PathDirect {
			return n.Path
		}
	}
	return l.Peer().Path
}

// watchStraight ends l when it is silent, and tells when it takes another way.
func (s *sender) watchStraight(ctx context.Context, l transport.Link, way transport.Path) {
	tick := time.NewTicker(quietFor)
	defer tick.Stop()
	for last := int64(-1); ; {
		select {
		case <-tick.C:
		case <-l.Done():
			return
		case <-ctx.Done():
			return
		}
		if now := wayOf(l); now != way {
			way = now
			s.straight(&wire.Straight{Up: true, Path: string(way)})
		}
		if now := s.landings.Load(); now != last {
			last = now
			continue
		}
		ping, cancel := context.WithTimeout(ctx, pingWithin+2*rtt(l))
		_, err := NewRemote(l).Ping(ping)
		cancel()
		if err != nil && ctx.Err() == nil {
			l.Close("no answer")
			return
		}
	}
}

// A straightHalf is a sender to the streams of its own link to the receiver, whose
// numbers come behind those of the asker's.
type straightHalf struct{ *sender }

func (h straightHalf) carry(st transport.Stream, id int) error {
	return h.sender.carry(st, maxStreams+id)
}
