package tui

import (
	"math"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// Offers is what others offer for one transfer, once their code or ticket was typed
// here. None of its methods waits for anything.
type Offers interface {
	// Look describes those that wait for a person, the oldest first.
	Look() []Offer

	// Receive looks for what is offered by a code or a ticket, which is to go
	// into a directory of this machine.
	Receive(word string, into session.Path)

	// Accept makes a transfer of an offer, and Refuse tells the other side why not;
	// one that is still sought, or came to nothing, is only forgotten. Both take it
	// off the list.
	Accept(id int)
	Refuse(id int, why string)
}

// An OfferState says how it stands with an offer.
type OfferState uint8

// The states of an Offer.
const (
	OfferSought OfferState = iota // who offers it is looked for, or counts
	OfferAsks                     // a person is to say yes or no
	OfferFailed                   // Err says why
)

// An Offer is one at one moment.
type Offer struct {
	ID    int
	State OfferState
	Word  string // what it is called until it is known who offers it
	Key   string // fingerprint of who does, in short
	Into  session.Path
	Free  int64 // bytes, where it goes
	Err   error

	session.OfferSummary
}

// rowOf is the number that an offer's row has among transfers, none of which is
// so far below zero.
func rowOf(id int) session.TransferID { return math.MinInt64 + session.TransferID(id) }

// offerRows are the offers as rows of the queue.
func (q *queue) offerRows() (rows []session.Transfer) {
	for i := range q.offers {
		rows = append(rows, session.Transfer{ID: rowOf(q.offers[i].ID), State: session.StatePaused, ETA: -1})
	}
	return rows
}

// offerOf returns the offer that a row is, if it is one.
func (q *queue) offerOf(id session.TransferID) *Offer {
	for i := range q.offers {
		if rowOf(q.offers[i].ID) == id {
			return &q.offers[i]
		}
	}
	return nil
}

// offer is the offer under the cursor, nil if there is none.
func (q *queue) offer() *Offer {
	if t := q.row(); t != nil {
		return q.offerOf(t.ID)
	}
	return nil
}

// asksOffers counts the offers that wait for an answer.
func asksOffers(all []Offer) (n int) {
	for _, o := range all {
		if o.State == OfferAsks {
			n++
		}
	}
	return n
}

// from is who offers.
func (o *Offer) from() cells.Text {
	if o.From == "" {
		return cells.Shown(o.Word)
	}
	return cells.Shown(o.From)
}

// what is offered, in short.
func (o *Offer) what() cells.Text {
	t := cells.Sayf("%s, %s", countText(o.Files, cells.Say("file")), sizeText(o.Bytes))
	if len(o.First) == 0 {
		return t
	}
	t = t.Plus(cells.Say(": "), cells.Name(o.First[0].Name))
	if o.Names > 1 {
		t = t.Plus(cells.Sayf(" +%d", o.Names-1))
	}
	return t
}

// tight tells whether there is less room than is offered.
func (o *Offer) tight() bool { return o.Free > 0 && o.Free < o.Bytes }

// drawOffer writes the line of an offer.
func (q *queue) drawOffer(c canvas, r cells.Rect, o *Offer) {
	r = r.Inset(1)
	sign, look := c.signs.asking, c.ask
	switch o.State {
	case OfferSought:
		sign, look = c.signs.waiting, c.dim
	case OfferFailed:
		sign, look = c.signs.fail, c.fail
	}
	c.Put(r, look, sign)
	name := cells.Rect{X: r.X + 2, Y: r.Y, W: max(10, r.W*3/10), H: 1}
	c.Put(name, c.plain, o.from().Squeeze(c.Method, name.W))
	rest := cells.Rect{X: name.X + name.W + 1, Y: r.Y, W: r.W - name.W - 3, H: 1}
	switch o.State {
	case OfferSought:
		c.Put(rest, look, cells.Say("looking at what is offered").Plus(c.signs.more).Fit(c.Method, rest.W))
	case OfferFailed:
		rest = c.PutRight(rest, c.dim, cells.Sayf("  %s off the list", c.keyFor("cancel")))
		c.Put(rest, look, explain(o.Err).line(c).Fit(c.Method, rest.W))
	default:
		rest = c.PutRight(rest, c.dim, cells.Sayf("  %s answer", c.keyFor("details")))
		if o.tight() {
			rest = c.PutRight(rest, c.fail, cells.Sayf("  only %s free", sizeText(o.Free)))
		}
		c.Put(rest, look, cells.Sayf("offers %s", o.what()).Fit(c.Method, rest.W))
	}
}

// answerOffer asks whether to take the offer under the cursor.
func (a *App) answerOffer(o Offer) tea.Cmd {
	if o.State == OfferFailed {
		a.opts.Offers.Refuse(o.ID, "")
		return a.pollNow()
	}
	if o.State != OfferAsks {
		return nil
	}
	a.ask = &ask{
		label: cells.Sayf("From key %s into %s, %s free?", o.Key, pathHere(o.Into, a.opts.Home), sizeText(o.Free)),
		warn:  o.tight(),
		answers: []answer{
			{bind("take", "y"), doing(func(a *App) tea.Cmd {
				a.opts.Offers.Accept(o.ID)
				a.begun = a.now()
				return a.pollNow()
			})},
			{bind("refuse", "r"), doing(func(a *App) tea.Cmd { return a.refuseOffer(o) })},
		},
	}
	return nil
}

// refuseOffer asks for the reason that the other side is told.
func (a *App) refuseOffer(o Offer) tea.Cmd {
	if o.State != OfferAsks {
		a.opts.Offers.Refuse(o.ID, "")
		return a.pollNow()
	}
	a.ask = &ask{
		label: cells.Sayf("Tell %s why not", o.from()),
		input: newInput("no, thanks"),
		enter: func(why string) action {
			return doing(func(a *App) tea.Cmd {
				a.opts.Offers.Refuse(o.ID, why)
				return a.pollNow()
			})
		},
	}
	return nil
}

// receiveOffer asks for the code of an offer. It goes into the directory of this
// machine that a pane shows.
func (a *App) receiveOffer() tea.Cmd {
	if a.opts.Offers == nil {
		a.note = note{text: needsOffers(a), tone: toneHint}
		return nil
	}
	into := a.opts.Home
	for _, p := range []*pane{a.other(), a.pane()} {
		switch {
		case p.chooser != nil && p.chooser.back != nil && p.chooser.back.Place == session.Here:
			into = p.chooser.back.Dir
		case p.chooser == nil && p.place == session.Here:
			into = p.dir
		}
	}
	a.ask = &ask{
		label: cells.Sayf("Code or ticket of what goes into %s", pathHere(into, a.opts.Home)),
		input: newInput(""),
		enter: func(word string) action {
			return doing(func(a *App) tea.Cmd {
				if word == "" {
					return nil
				}
				a.opts.Offers.Receive(word, into)
				return tea.Batch(focusOn(onQueue)(a), turnTo(activeTab)(a))
			})
		},
	}
	return nil
}

func needsOffers(a *App) cells.Text {
	if a.opts.Offers == nil {
		return cells.Say("this screen receives no offers")
	}
	return cells.Text{}
}

// offerHints are the keys at an offer.
func (a *App) offerHints() []key.Binding {
	return []key.Binding{
		actionNamed(a.table, "details").worded("answer"),
		actionNamed(a.table, "cancel").worded("refuse"),
	}
}

func offerKeys() []binding {
	return []binding{
		{name: "receive", Binding: bind("receive what is offered by a code", "O"), scope: inPanes, cannot: needsOffers, run: (*App).receiveOffer},
	}
}
