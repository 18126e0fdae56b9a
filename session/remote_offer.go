package session

import (
	"context"
	"errors"
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// maxFrom is the limit of Offered.from.
const maxFrom = 128

// clipText returns the beginning of s that has at most n bytes and is UTF-8.
func clipText(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// Offered yields what the peer offers, as far as it is counted; the last one is
// Done. Refused: the peer serves a directory, and offers nothing.
func (r *Remote) Offered(ctx context.Context) iter.Seq2[OfferSummary, error] {
	return func(yield func(OfferSummary, error) bool) {
		c, err := r.ask(ctx, Path{}, &wire.Request{Ask: &wire.Request_Offer{Offer: &wire.AskOffer{}}})
		if err != nil {
			yield(OfferSummary{}, err)
			return
		}
		defer c.end()
		var sum OfferSummary
		for part, err := range parts(c, func() *wire.Offered { return new(wire.Offered) }, whenever) {
			if err == nil {
				sum, err = summaryFromWire(part, sum.First)
			}
			switch {
			case errors.Is(err, Invalid): // a version that knows no offers
				yield(sum, newError(Refused, Path{}, "the other side serves a directory, and offers nothing"))
				return
			case err != nil:
				yield(sum, err)
				return
			}
			c.over = sum.Done
			if !yield(sum, nil) || sum.Done {
				return
			}
		}
		yield(sum, errBrokenOff)
	}
}

// summaryFromWire returns what m says; of the entries that were told before, it
// says nothing.
func summaryFromWire(m *wire.Offered, first []Entry) (OfferSummary, error) {
	s := OfferSummary{From: m.GetFrom(), Names: int(m.GetNames()), First: first, Measured: Measured{
		Files: int64(m.GetFiles()), Dirs: int64(m.GetDirs()), Bytes: int64(m.GetBytes()), Failed: int64(m.GetFailed()), Done: m.GetCounted(),
	}}
	if len(m.GetId()) != len(s.ID) {
		return s, newError(Protocol, Path{}, "an offer without an id")
	}
	s.ID = OfferID(m.GetId())
	if len(first)+len(m.GetFirst()) > maxFirst { // they come once
		return s, newError(Protocol, Path{}, "an offer that names more than its first %d entries", maxFirst)
	}
	for _, w := range m.GetFirst() {
		e, err := namedEntry(w)
		if err != nil {
			return s, newError(Protocol, Path{}, "%w", err)
		}
		s.First = append(s.First, e)
	}
	return s, nil
}

// Peer says who is at the other end.
func (r *Remote) Peer() transport.Peer { return r.link.Peer() }

// A Taking is what we tell of ourselves with a word on an offer.
type Taking struct {
	From   string // what we call ourselves, at most 128 bytes
	Free   uint64 // bytes that are free where it goes; 0: not told
	Failed int64  // of Taken: items that we could not take
}

// Accept tells the peer that we take what it offers.
func (r *Remote) Accept(ctx context.Context, id OfferID, t Taking) error {
	return r.take(ctx, t, &wire.TakeOffer{Id: id[:], Word: wire.OfferWord_OFFER_WORD_YES})
}

// Refuse tells the peer that we do not, and why.
func (r *Remote) Refuse(ctx context.Context, id OfferID, t Taking, why error) error {
	return r.take(ctx, t, &wire.TakeOffer{Id: id[:], Word: wire.OfferWord_OFFER_WORD_NO, Why: toWire(why)})
}

// Taken tells the peer that we have all that it offered, but for what failed.
func (r *Remote) Taken(ctx context.Context, id OfferID, t Taking) error {
	return r.take(ctx, t, &wire.TakeOffer{Id: id[:], Word: wire.OfferWord_OFFER_WORD_TAKEN})
}

func (r *Remote) take(ctx context.Context, t Taking, m *wire.TakeOffer) error {
	m.From, m.Free, m.Failed = clipText(t.From, maxFrom), min(t.Free, math.MaxInt64), uint64(max(t.Failed, 0))
	return r.do(ctx, Path{}, patience, &wire.Request{Ask: &wire.Request_Take{Take: m}})
}
