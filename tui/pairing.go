package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A Pairing brings this machine together with another one; who is met becomes a
// place of the engine. None of its methods waits for anything.
type Pairing interface {
	// Look describes it as it is now.
	Look() PairingShot

	// Show makes a code for somebody else to type, if none is good now.
	Show()

	// Join looks for who shows a code.
	Join(code string)

	// Stop ends that: no code is good any more. Who is paired already stays.
	Stop()

	// Share says which directory of this machine the other side sees from now
	// on, and whether it may change what is in it.
	Share(dir session.Path, write bool)

	// Refuse hangs up on a place, for good.
	Refuse(session.PlaceID)

	// QR is what a camera can read in place of the code, with at most so many
	// squares a side: true where it is dark. Nil: nothing is that small.
	QR(most int) [][]bool
}

// A PairingState says how far a pairing is.
type PairingState uint8

// The states of a Pairing.
const (
	PairingOff     PairingState = iota
	PairingOpening              // a code is being made known
	PairingWaiting              // somebody may come
	PairingJoining              // who shows the code is looked for
	PairingFailed               // Err says why; nothing is tried any more
	PairingMade                 // Place is there
)

// A PairingShot is a pairing at one moment.
type PairingShot struct {
	State PairingState
	Code  string    // to be typed at the other side; "": it needs none, both have the same token
	Until time.Time // when Code is replaced
	Why   string    // this Code took the place of another one: "expired", "burnt" or "taken"; "": it did not
	Type  string    // the command for the other side
	Near  bool      // only on the local network
	Err   error     // while Failed, and while Waiting if there is trouble

	Place session.PlaceID // whom it was last made with
	Peer  string          // what that one is called
	Key   string          // its fingerprint
	Words string          // to be compared by the two people
	Keep  string          // name to remember it by

	Shown session.Path // what the other side sees of this machine
	Write bool         // and may change

	Here []Visitor // those remembered from earlier who are here now, by name
}

// A Visitor is a remembered peer that came by itself, and looks at what it was shown
// before.
type Visitor struct {
	Name  string
	Shows string // the directory
}

// noteVisitors says who has come and who has gone since the snapshot before.
func (a *App) noteVisitors(before []Visitor) {
	now := a.shot.pairing.Here
	for _, v := range before {
		if !slices.Contains(now, v) && a.note.text.Empty() && a.note.outcome == 0 {
			a.note = note{text: cells.Sayf("%s has gone", cells.Shown(v.Name)), tone: toneHint}
		}
	}
	for _, v := range now {
		if !slices.Contains(before, v) {
			a.note = note{text: cells.Sayf("%s is here, and sees %s", cells.Shown(v.Name), cells.Shown(v.Shows)), tone: toneDone}
		}
	}
}

// underway tells whether something is about to happen by itself.
func (s *PairingShot) underway() bool {
	return s.State == PairingOpening || s.State == PairingWaiting || s.State == PairingJoining
}

func pairingKeys() []binding {
	return []binding{
		{name: "pair", Binding: bind("pair with another machine", "P"), scope: inPanes, group: "Pairing", cannot: needsPairing, run: (*App).openPairing},
	}
}

func needsPairing(a *App) cells.Text {
	if a.opts.Pairing == nil {
		return cells.Say("this screen pairs with nobody")
	}
	return cells.Text{}
}

// openPairing shows how it stands with the pairing; if there is none, it begins
// with a code.
func (a *App) openPairing() tea.Cmd {
	if a.opts.Pairing == nil {
		a.note = note{text: needsPairing(a), tone: toneHint}
		return nil
	}
	if s := &a.shot.pairing; s.State == PairingOff || s.State == PairingFailed {
		a.opts.Pairing.Show()
	}
	a.lay()
	return a.pollNow()
}

// joinPairing asks for a code that somebody else shows.
func (a *App) joinPairing() tea.Cmd {
	v := a.lay()
	v.asksCode()
	return nil
}

// lay lays the pairing over the screen, if it is not there.
func (a *App) lay() *pairingView {
	if v, ok := topmost[*pairingView](a); ok {
		return v
	}
	v := &pairingView{app: a}
	a.push(v)
	return v
}

// followPairing does what comes of a change: whom it was made with is shown.
func (a *App) followPairing(before *PairingShot) tea.Cmd {
	s := &a.shot.pairing
	if s.State == before.State && s.Place == before.Place {
		return nil
	}
	switch s.State {
	case PairingMade:
		a.lay().settle()
		a.focus, a.lastPane = onLeft, onLeft
		return tea.Batch(a.visit(&a.panes[1], Location{Place: s.Place}, ""), a.ring())
	case PairingFailed:
		a.lay().settle()
	}
	return nil
}

// ring calls whoever looks away: somebody has come.
func (a *App) ring() tea.Cmd {
	if !a.away || a.opts.Notify == "off" {
		return nil
	}
	return tea.Raw("\a")
}

// pairingNote stands at the right end of the line of hints while somebody may
// come and nothing else says so.
func (a *App) pairingNote(c canvas) (cells.Text, bool) {
	s := &a.shot.pairing
	switch {
	case s.State == PairingWaiting && s.Code != "":
		number, _, _ := strings.Cut(s.Code, "-")
		return cells.Sayf("%s: code %s%s is good", a.keyFor("pair"), cells.Shown(number), c.signs.more), true
	case s.underway():
		return cells.Sayf("%s: waiting for the other machine", a.keyFor("pair")), true
	}
	return cells.Text{}, false
}

type refusePair struct{ id session.PlaceID }

func (r refusePair) do(a *App) tea.Cmd {
	a.opts.Pairing.Refuse(r.id)
	a.note = note{text: cells.Say("hung up: nothing more is shown to that machine"), tone: toneAsk}
	return tea.Batch(a.leavePlace(r.id), a.pollNow())
}

// leavePlace lets panes that show a place offer others.
func (a *App) leavePlace(id session.PlaceID) tea.Cmd {
	for i := range a.panes {
		if p := &a.panes[i]; p.chooser == nil && p.place == id {
			p.chooser = a.newChooser()
		}
	}
	return a.findKnown()
}
