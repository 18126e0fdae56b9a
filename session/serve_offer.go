package session

import (
	"context"
	"os"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A servedTree is what a Server lets its peers browse.
type servedTree interface {
	Tree
	openFile(p Path) (*os.File, error)
}

// tree returns what is served.
func (s *Server) tree() servedTree {
	if s.cfg.Offer != nil {
		return s.cfg.Offer
	}
	return s.cfg.Tree
}

// offered writes what is offered, as far as it is counted, until all is.
func (e *exchange) offered(ctx context.Context) error {
	o := e.s.cfg.Offer
	if o == nil {
		return newError(Refused, Path{}, "a directory is served here, and nothing offered")
	}
	if err := o.told(e.v.link); err != nil {
		return err
	}
	for first := true; ; first = false {
		changed := o.Changed()
		s := o.Summary()
		if err := e.write(summaryToWire(s, first)); err != nil {
			return e.cut(err)
		}
		if s.Done {
			return e.st.Close()
		}
		pause := time.NewTimer(time.Second / MeasureRate)
		for waiting := true; waiting; {
			select {
			case <-changed:
				changed, waiting = nil, !o.Summary().Done
			case <-pause.C:
				waiting = false
			case <-ctx.Done():
				pause.Stop()
				return ctx.Err()
			}
		}
		pause.Stop()
	}
}

func summaryToWire(s OfferSummary, first bool) *wire.Offered {
	m := &wire.Offered{
		Id: s.ID[:], From: clipText(s.From, maxFrom), Names: uint32(s.Names), Files: uint64(s.Files), Dirs: uint64(s.Dirs), Bytes: uint64(s.Bytes),
		Failed: uint64(s.Failed), Counted: s.Done,
	}
	if first {
		for _, e := range s.First {
			m.First = append(m.First, entryToWire(e))
		}
	}
	return m
}

// told notes that a receiver asked what there is.
func (o *Offer) told(l transport.Link) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	t, err := o.admits(l, false)
	if err == nil {
		o.move(t, evLooks)
	}
	return err
}

// take notes what a receiver makes of the offer.
func (e *exchange) take(ask *wire.TakeOffer) error {
	o := e.s.cfg.Offer
	switch {
	case o == nil:
		return newError(Refused, Path{}, "a directory is served here, and nothing offered")
	case OfferID(append(ask.GetId(), make([]byte, 16)...)[:16]) != o.cfg.ID:
		return newError(Changed, Path{}, "something else is offered by now")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t, err := o.admits(e.v.link, ask.GetWord() != wire.OfferWord_OFFER_WORD_NO)
	if err != nil {
		return err
	}
	if n := ask.GetFree(); n > 0 {
		t.Free = int64(n)
	}
	if ask.GetFrom() != "" {
		t.From = ask.GetFrom()
	}
	switch ask.GetWord() {
	case wire.OfferWord_OFFER_WORD_YES:
		t.Err = nil
		o.move(t, evYes)
	case wire.OfferWord_OFFER_WORD_NO:
		why := fromWire(ask.GetWhy())
		why.Side = Destination
		t.Err, t.place = why, false
		o.move(t, evNo)
	case wire.OfferWord_OFFER_WORD_TAKEN:
		t.Failed = max(t.Failed, int64(ask.GetFailed()))
		o.move(t, evHas)
	}
	return nil
}
