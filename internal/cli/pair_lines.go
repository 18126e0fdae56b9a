package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

type codeEvent struct {
	Event string    `json:"event"` // "code"
	Code  string    `json:"code"`
	Until time.Time `json:"until"`
	Why   string    `json:"why"` // "expired", "burnt" or "taken"
}

type pairedEvent struct {
	Event string `json:"event"` // "paired"
	Peer  string `json:"peer"`  // fingerprint
	Name  string `json:"name"`  // what it is called here
	Words string `json:"words"` // the same at both ends, unless somebody is in between
	Path  string `json:"path"`  // "relay" or "direct"; more of it in the progress of transfers
}

type linkEvent struct {
	Event string `json:"event"` // "link"
	State string `json:"state"` // "connected", "reconnecting" or "closed"
	Path  string `json:"path,omitempty"`
}

// tellAll is a pairing without a screen: what there is to say goes out in lines, and
// the directory is served until ctx ends.
func (o *pairOptions) tellAll(ctx context.Context, p *pairing) error {
	s, err := p.ready(ctx)
	if err != nil {
		return o.pairProblem(ctx, err)
	}
	t := &teller{o: o, p: p}
	if s.State == tui.PairingWaiting {
		if err := t.ready(s); err != nil {
			return err
		}
	}
	tick := time.NewTicker(linkLook)
	defer tick.Stop()
	for {
		now, changed := p.next()
		if now.State == tui.PairingFailed {
			return o.pairProblem(ctx, now.Err)
		}
		t.tell(now)
		if err := o.flush(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// linkLook is how often a link is looked at for what became of it.
const linkLook = 500 * time.Millisecond

// pairProblem is what ends a pairing, as it is told.
func (o *pairOptions) pairProblem(ctx context.Context, err error) error {
	var p *problem
	if ctx.Err() != nil {
		return nil
	}
	if errors.As(err, &p) {
		return err
	}
	return &problem{what: "pair", err: err}
}

// A teller tells of changes, each once.
type teller struct {
	o    *pairOptions
	p    *pairing
	said tui.PairingShot
	link linkEvent
}

// ready says that somebody may come, and how.
func (t *teller) ready(s tui.PairingShot) error {
	o := t.o
	t.said = s
	ep, err := t.p.reach.open()
	if err != nil {
		return err
	}
	address := reachable(ep.Addr())[0]
	if o.json {
		o.event(listeningEvent{Event: "listening", Role: "pair", Address: address, Peer: ep.Fingerprint().String(), Code: s.Code, Ticket: t.p.ticketWord()})
		return o.flush()
	}
	o.printf("listening on %s\n", address)
	if s.Code != "" {
		o.printf("code    %s\n", s.Code)
	}
	o.say("At the other machine:\n  %s", s.Type)
	return o.flush()
}

func (t *teller) tell(now tui.PairingShot) {
	switch before := t.said; {
	case now.State == tui.PairingWaiting && now.Code != before.Code:
		t.renewed(now)
	case now.State == tui.PairingMade && now.Words != before.Words:
		t.paired(now)
	case now.Err != nil && (before.Err == nil || now.Err.Error() != before.Err.Error()):
		t.o.warn("%s", reason(now.Err))
	}
	t.said = now
	if now.State == tui.PairingMade {
		t.tellLink(now.Place)
	}
}

func (t *teller) renewed(now tui.PairingShot) {
	if t.o.json {
		t.o.event(codeEvent{"code", now.Code, now.Until.UTC().Truncate(time.Second), now.Why})
		return
	}
	t.o.printf("code    %s\n", now.Code)
	t.o.say("The one before is good no more (%s).", now.Why)
}

// paired says who came.
func (t *teller) paired(now tui.PairingShot) {
	o := t.o
	t.link = linkEvent{"link", session.PlaceConnected.String(), t.path(now.Place)}
	if o.json {
		o.event(pairedEvent{"paired", now.Key, now.Peer, now.Words, t.link.Path})
		return
	}
	o.printf("paired  %s\n", session.Display(now.Peer))
	o.printf("words   %s\n", strings.Join(strings.Fields(now.Words), " "))
	o.say("The other side shows the same words, unless somebody is in between.")
}

// path is the way that bytes to a place take.
func (t *teller) path(id session.PlaceID) string {
	return pathOf(t.place(id))
}

// pathOf is the way that bytes to a place take: that of the best lane.
func pathOf(p session.Place) string {
	way := ""
	for _, l := range p.Lanes {
		if way == "" || l.Path == transport.PathDirect {
			way = string(l.Path)
		}
	}
	return way
}

func (t *teller) place(id session.PlaceID) session.Place {
	for _, p := range t.p.queue.Places() {
		if p.ID == id {
			return p
		}
	}
	return session.Place{}
}

// tellLink says what became of the link to who came.
func (t *teller) tellLink(id session.PlaceID) {
	now := linkEvent{"link", t.place(id).State.String(), t.path(id)}
	if now == t.link || now.State == t.link.State && now.Path == "" {
		return
	}
	before := t.link
	t.link = now
	switch {
	case t.o.json:
		t.o.event(now)
	case now.State != before.State && now.State == session.PlaceConnected.String():
		t.o.say("back")
	case now.State != before.State:
		t.o.say("gone; it can come back")
	default:
		t.o.detail("the way is now: %s", now.Path)
	}
}
