package tui

import (
	"strings"

	"github.com/bargee/bargee/tui/cells"
)

// rows are what the view says, in w columns.
func (v *pairingView) rows(c canvas, w int) []pairingRow {
	s := v.shot()
	b := rowsOf{c: c, w: w}
	switch {
	case v.asks == asksForCode:
		b.say(c.plain, cells.Say("Type the code that the other machine shows:"))
		b.blank()
		b.asked(c, cells.Say("Code  "))
	case s.State == PairingMade:
		v.madeRows(c, &b)
	case s.State == PairingJoining:
		b.say(c.plain, cells.Say("Looking for the machine that shows this code").Plus(c.signs.more))
		b.blank()
		b.spare(1, c.dim, cells.Say("Found, both screens show the same four words."))
		b.blank()
	case s.State == PairingFailed:
		b.say(c.fail, cells.Shown(cause(s.Err)))
		b.blank()
		b.say(c.plain, cells.Say("Enter takes another code; s shows one for the other machine."))
	default:
		v.waitingRows(c, &b)
	}
	if s.State != PairingFailed && v.asks != asksForCode {
		v.sharedRows(c, &b)
	}
	b.say(c.fail, v.why)
	b.say(c.done, v.said)
	b.blank()
	return b.rows
}

// waitingRows say what to do at the other machine.
func (v *pairingView) waitingRows(c canvas, b *rowsOf) {
	s := v.shot()
	b.say(c.plain, cells.Say("On the other machine, type:"))
	b.blank()
	head, code := "bargee pair", s.Code
	switch {
	case s.State == PairingOpening || s.Type == "":
		b.in(4, c.dim, cells.Say("one moment, a code is being made").Plus(c.signs.more))
	case code == "":
		for line := range strings.Lines(s.Type) {
			b.in(4, c.strong, cells.Shown(strings.TrimSpace(line)))
		}
	case len(s.Type)+4 <= b.w:
		b.in(4, c.strong, cells.Shown(s.Type))
	default: // it has no room in one line; nothing of it may be cut
		b.in(2, c.strong, cells.Shown(head))
		words, at, _ := strings.Cut(code, "@")
		b.in(2, c.strong, cells.Shown(words))
		if at != "" {
			b.in(2, c.strong, cells.Shown("@"+at))
		}
	}
	b.blank()
	if s.Near {
		b.say(c.ask, cells.Say("Both have to be on the same network: no relay is known here."))
	}
	switch {
	case s.State == PairingOpening:
	case code == "":
		b.say(c.plain, cells.Say("Both have the same token: no code is needed."))
		b.spare(1, c.dim, cells.Say("When it runs there too, both screens go on by themselves."))
	case !s.Until.IsZero():
		b.say(c.plain, cells.Sayf("Say or send it to one person. It is good %s.", timeLeft(s.Until.Sub(c.now))))
		b.spare(1, c.dim, cells.Say("When they have typed it, both screens go on by themselves."))
	}
	switch s.Why {
	case "expired":
		b.say(c.ask, cells.Say("This code is new: the time of the one before was over."))
	case "burnt":
		b.say(c.ask, cells.Say("This code is new: there were 3 wrong tries with the one before."))
	}
	if s.Err != nil {
		b.say(c.ask, cells.Shown(cause(s.Err)))
	}
	b.blank()
}

// madeRows say who came, and what to ask them.
func (v *pairingView) madeRows(c canvas, b *rowsOf) {
	s := v.shot()
	place := v.app.place(s.Place)
	who := cells.Shown(s.Peer)
	if place.Says.Name != "" {
		who = placeName(place)
	}
	way := cells.Text{}
	if p := pathOf(place); p != "" {
		way = c.signs.dot.Plus(pathWords(p))
	}
	b.rows = append(b.rows, pairingRow{pieces: textRow{{c.signs.done.Plus(cells.Say(" connected to ")), c.done}, {who, c.strong}, {way, c.dim}}})
	b.blank()
	b.say(c.plain, cells.Say("Does the other screen show the same words?"))
	b.blank()
	b.words(strings.Fields(s.Words))
	b.blank()
	b.spare(1, c.dim, cells.Say("If not, somebody is in between: x hangs up."))
	b.blank()
}

// pathWords tell people which way bytes take.
func pathWords(p string) cells.Text {
	switch p {
	case "direct":
		return cells.Say("directly")
	case "relay":
		return cells.Say("by way of the relay")
	}
	return cells.Shown(p)
}

// sharedRows say what each side gets to see of the other.
func (v *pairingView) sharedRows(c canvas, b *rowsOf) {
	s := v.shot()
	may := cells.Say("look and take, change nothing")
	if s.Write {
		may = cells.Say("take, put and change files")
	}
	for _, here := range s.Here {
		b.fact(c, cells.Say("Here now  "), cells.Sayf("%s, and sees %s", cells.Shown(here.Name), cells.Shown(here.Shows)))
	}
	if v.asks == asksForDir {
		b.asked(c, cells.Say("They see  "))
	} else {
		b.fact(c, cells.Say("They see  "), cells.Shown(v.written(s.Shown)))
	}
	b.fact(c, cells.Say("They may  "), may)
	if s.State == PairingMade {
		if theirs := v.app.place(s.Place).Says; theirs.Shows != "" {
			mine := cells.Say("look and take, change nothing")
			if theirs.Writes {
				mine = cells.Say("take, put and change files")
			}
			b.fact(c, cells.Say("You see   "), cells.Shown(theirs.Shows))
			b.fact(c, cells.Say("You may   "), mine)
		}
		if v.asks == asksForName {
			b.blank()
			b.asked(c, cells.Say("Remember as  "))
		} else if p := v.app.place(s.Place); p.Pinned {
			b.blank()
			b.spare(2, c.done, cells.Sayf("Remembered: next time bargee %s:/", p.Name))
		}
	}
}

// rowsOf collects rows of w columns.
type rowsOf struct {
	c    canvas
	w    int
	rows []pairingRow
}

func (b *rowsOf) in(indent int, look cells.Style, t cells.Text) {
	b.rows = append(b.rows, pairingRow{pieces: textRow{{t, look}}, indent: indent})
}

func (b *rowsOf) say(look cells.Style, t cells.Text) { b.spare(0, look, t) }

// spare adds rows of text that are left out where there is no room.
func (b *rowsOf) spare(n int, look cells.Style, t cells.Text) {
	if t.Empty() {
		return
	}
	for _, line := range t.Wrap(b.c.Method, b.w) {
		b.rows = append(b.rows, pairingRow{pieces: textRow{{line, look}}, spare: n})
	}
}

// blank adds an empty row, the first to go; never two of them.
func (b *rowsOf) blank() {
	if n := len(b.rows); n > 0 && b.rows[n-1].pieces == nil && !b.rows[n-1].line {
		return
	}
	b.rows = append(b.rows, pairingRow{spare: 9})
}

// words adds what two people compare, far apart where there is room.
func (b *rowsOf) words(list []string) {
	if line := cells.Shown(strings.Join(list, "   ")); line.Width(b.c.Method)+4 <= b.w {
		b.in(4, b.c.strong, line)
		return
	}
	for _, line := range cells.Shown(strings.Join(list, " ")).Wrap(b.c.Method, b.w-2) {
		b.in(2, b.c.strong, line)
	}
}

func (b *rowsOf) fact(c canvas, what, says cells.Text) {
	b.rows = append(b.rows, pairingRow{pieces: textRow{{what, c.dim}, {says, c.plain}}, spare: 2})
}

// asked is a row with the line that is being typed.
func (b *rowsOf) asked(c canvas, what cells.Text) {
	b.rows = append(b.rows, pairingRow{pieces: textRow{{what, c.active}}, line: true})
}
