package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// chooser stands in a pane instead of a directory and offers places: those that
// are connected, known peers, and to connect to another one.
type chooser struct {
	places []session.Place
	known  []session.KnownPeer
	cursor int
	top    int       // first visible row
	back   *Location // what the pane showed before, if anything
	pairs  bool      // other machines can be paired with
	offers bool      // what they offer can be received
}

// newChooser returns a chooser of what is known by now.
func (a *App) newChooser() *chooser {
	return &chooser{places: a.shot.places, pairs: a.opts.Pairing != nil, offers: a.opts.Offers != nil}
}

func (ch *chooser) set(places []session.Place) { ch.places = places }

// A choice is a row of the chooser.
type choice struct {
	text, more cells.Text
	place      *session.Place
	peer       *session.KnownPeer
	then       func(*App, *pane) tea.Cmd // else
}

// choices lists the rows: places, peers that are not among them, and the way to
// others.
func (ch *chooser) choices(now canvas) []choice {
	var out []choice
	connected := make(map[string]bool)
	for i := range ch.places {
		p := &ch.places[i]
		connected[p.Name] = true
		more := cells.Shown(p.State.String())
		switch {
		case p.ID == session.Here && placeName(*p).String() == "this machine":
			more = cells.Say("local files") // that it is this machine is its name
		case p.ID == session.Here:
			more = cells.Say("this machine")
		case p.State == session.PlaceIdle:
			more = cells.Say("not connected yet")
		}
		out = append(out, choice{text: placeName(*p), more: more, place: p})
	}
	for i := range ch.known {
		k := &ch.known[i]
		if connected[k.Name] {
			continue
		}
		if k.Box {
			out = append(out, choice{text: cells.Shown(k.Address), more: cells.Say("drop box"), peer: k})
			continue
		}
		more := cells.Say("known peer")
		if !k.LastSeen.IsZero() {
			more = cells.Sayf("known peer, seen %s", dateTimeText(k.LastSeen, now.now))
		}
		out = append(out, choice{text: cells.Shown(k.Name), more: more, peer: k})
	}
	if ch.pairs {
		out = append(out,
			choice{text: cells.Say("show a code"), more: cells.Say("for another machine"), then: func(a *App, _ *pane) tea.Cmd { return a.openPairing() }},
			choice{text: cells.Say("type a code"), more: cells.Say("of another machine"), then: func(a *App, _ *pane) tea.Cmd { return a.joinPairing() }})
	}
	if ch.offers {
		out = append(out, choice{text: cells.Say("receive"), more: cells.Say("what is offered by a code"), then: func(a *App, _ *pane) tea.Cmd { return a.receiveOffer() }})
	}
	return append(out, choice{text: cells.Say("connect"), more: cells.Say("by address or ticket"), then: func(a *App, p *pane) tea.Cmd {
		a.push(newConnectDialog(p.side, p.chooser.known))
		return nil
	}})
}

func (ch *chooser) move(n int) {
	ch.cursor = max(0, min(ch.cursor+n, len(ch.choices(canvas{}))-1))
}

func (ch *chooser) draw(c canvas, r cells.Rect, focused bool) {
	rows := ch.choices(c)
	ch.top = max(0, ch.cursor-r.H+1)
	for y := range min(r.H, len(rows)-ch.top) {
		x := rows[ch.top+y]
		line := r.Line(y)
		body := cells.Rect{X: line.X + 2, Y: line.Y, W: line.W - 3, H: 1}
		look := c.plain
		if x.place == nil {
			look = c.folder
		}
		name := x.text
		if x.place == nil && x.peer == nil {
			name = name.Plus(c.signs.more)
		}
		rest := c.Put(body, look, name.Fit(c.Method, body.W*2/3))
		c.Put(rest, c.dim, cells.Say("  ").Plus(x.more).Fit(c.Method, rest.W))
		if ch.top+y == ch.cursor {
			if focused {
				c.Restyle(line, c.plain.On())
			} else {
				c.Put(line, c.active, c.signs.here)
			}
		}
	}
}

// choosePlace offers the places in the pane that has the keys.
func (a *App) choosePlace() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return a.closeChooser(p)
	}
	back := p.location()
	p.chooser = a.newChooser()
	p.chooser.back = &back
	return a.findKnown()
}

func (a *App) closeChooser(p *pane) tea.Cmd {
	if p.chooser.back != nil {
		p.chooser = nil
	}
	return nil
}

// choose opens what the cursor is on.
func (a *App) choose(p *pane) tea.Cmd {
	rows := p.chooser.choices(a.canvas())
	if p.chooser.cursor >= len(rows) {
		return nil
	}
	switch x := rows[p.chooser.cursor]; {
	case x.place != nil && (x.place.State == session.PlaceIdle || x.place.State == session.PlaceClosed):
		d := newConnectDialog(p.side, p.chooser.known)
		a.push(d)
		return a.carryOut(d.dial(x.place.Target))
	case x.place != nil:
		at := Location{Place: x.place.ID}
		if x.place.ID == session.Here {
			at.Dir = a.opts.Home
		}
		if p.chooser.back != nil && p.chooser.back.Place == at.Place {
			return a.closeChooser(p)
		}
		return a.visit(p, at, "")
	case x.peer != nil:
		d := newConnectDialog(p.side, p.chooser.known)
		a.push(d)
		return a.carryOut(d.dial(x.peer.Name))
	default:
		return x.then(a, p)
	}
}

// knownMsg brings the known peers.
type knownMsg []session.KnownPeer

func (a *App) findKnown() tea.Cmd {
	e := a.engine
	return func() tea.Msg { return knownMsg(e.Known()) }
}

func (m knownMsg) apply(a *App) tea.Cmd {
	for i := range a.panes {
		if ch := a.panes[i].chooser; ch != nil {
			ch.known = m
		}
	}
	return nil
}

// offersPin tells whether the line at the bottom offers to trust a peer.
func (a *App) offersPin() bool {
	_, ok := a.pinnable()
	return ok && !a.pinned
}

// pinnable is the peer beside or in the pane that has the keys which is not
// pinned yet.
func (a *App) pinnable() (session.Place, bool) {
	for _, p := range []*pane{a.pane(), a.other()} {
		if p.chooser != nil || p.place == session.Here {
			continue
		}
		if place := a.place(p.place); !place.Pinned && place.State == session.PlaceConnected {
			return place, true
		}
	}
	return session.Place{}, false
}

// offerPin asks under which name to remember a peer.
func (a *App) offerPin() tea.Cmd {
	place, ok := a.pinnable()
	if !ok {
		a.note = note{text: cells.Say("no peer here that is not trusted already"), tone: toneHint}
		return nil
	}
	a.ask = &ask{
		label: cells.Sayf("Trust %s (key %s) as", placeName(place), place.Key),
		input: newInput(a.opts.peerName(place)),
		enter: func(s string) action { return pin{place.ID, s} },
	}
	return nil
}

type pin struct {
	id   session.PlaceID
	name string
}

func (p pin) do(a *App) tea.Cmd {
	if p.name == "" {
		return nil
	}
	return a.call(func() doneMsg {
		return doneMsg{
			err:  a.engine.Pin(a.ctx, p.id, p.name),
			note: cells.Sayf("trusted; next time: bargee %s:/", p.name),
		}
	})
}
