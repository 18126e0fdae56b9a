package tui

import (
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/charmbracelet/x/ansi"
)

// pairingView lies over the screen while two people bring their machines
// together: what to say to each other, and what comes next.
type pairingView struct {
	app  *App
	asks pairingAsks
	line *input     // for what it asks
	why  cells.Text // what is wrong with what was typed
	said cells.Text // what was done, until the next key
	qr   bool
}

// pairingAsks is what the line of a pairingView is for.
type pairingAsks uint8

const (
	asksNothing pairingAsks = iota
	asksForCode
	asksForDir
	asksForName
)

func (v *pairingView) shot() *PairingShot { return &v.app.shot.pairing }

// settle has done with what was asked, since something else is to be read.
func (v *pairingView) settle() { v.ask(asksNothing, ""); v.qr = false }

func (v *pairingView) ask(what pairingAsks, text string) {
	v.asks, v.line, v.why = what, nil, cells.Text{}
	if what != asksNothing {
		v.line = newInput(text)
	}
}

func (v *pairingView) asksCode() { v.ask(asksForCode, "") }

func (v *pairingView) edit(m tea.PasteMsg) action {
	if v.line != nil {
		v.line.edit(m)
	}
	return nil
}

func (v *pairingView) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if v.line != nil {
		return v.answer(k)
	}
	s := v.shot()
	v.said = cells.Text{}
	if v.qr && key.Matches(k, giveUp, bind("", "enter", "r")) {
		v.qr = false
		return nil, false
	}
	switch {
	case key.Matches(k, giveUp, bind("", "q")), k.String() == "enter" && s.State == PairingMade:
		return v.leave(), true
	case k.String() == "d" && s.State != PairingFailed:
		v.ask(asksForDir, v.written(s.Shown))
	case k.String() == "w" && s.State != PairingFailed:
		return sharing{s.Shown, !s.Write}, false
	}
	switch s.State {
	case PairingMade:
		switch k.String() {
		case "n":
			v.ask(asksForName, v.proposal())
		case "x":
			return refusePair{s.Place}, true
		}
	case PairingOpening, PairingWaiting:
		switch k.String() {
		case "y":
			v.said = cells.Say("sent to the terminal's clipboard")
			return copyText{s.Type}, false
		case "r":
			v.qr = true
		case "j":
			v.asksCode()
		case "x":
			return doing(func(a *App) tea.Cmd { a.opts.Pairing.Stop(); return a.pollNow() }), true
		}
	case PairingFailed, PairingOff:
		switch k.String() {
		case "j", "enter":
			v.asksCode()
		case "s":
			return doing((*App).openPairing), false
		}
	}
	return nil, false
}

// leave closes the view. Somebody who is looked for is not any more; who may come
// may come.
func (v *pairingView) leave() action {
	if s := v.shot(); s.State == PairingJoining || s.State == PairingFailed {
		return doing(func(a *App) tea.Cmd { a.opts.Pairing.Stop(); return a.pollNow() })
	}
	return nil
}

// answer takes what is typed in the line.
func (v *pairingView) answer(k tea.KeyPressMsg) (do action, over bool) {
	switch text := strings.TrimSpace(v.line.Value()); {
	case key.Matches(k, giveUp):
		off := v.shot().State == PairingOff
		v.ask(asksNothing, "")
		return nil, off
	case k.String() != "enter":
		v.line.edit(k)
	case text == "":
	default:
		return v.take(text), false
	}
	return nil, false
}

func (v *pairingView) take(text string) action {
	what, s := v.asks, v.shot()
	if what == asksForDir {
		dir, err := v.app.pathOf(text)
		if err != nil {
			v.why = explain(err).what
			return nil
		}
		v.ask(asksNothing, "")
		return sharing{dir, s.Write}
	}
	v.ask(asksNothing, "")
	if what == asksForName {
		return pin{s.Place, text}
	}
	return doing(func(a *App) tea.Cmd { a.opts.Pairing.Join(text); return a.pollNow() })
}

// sharing is what the other side sees.
type sharing struct {
	dir   session.Path
	write bool
}

func (x sharing) do(a *App) tea.Cmd {
	a.opts.Pairing.Share(x.dir, x.write)
	p := &a.panes[0]
	if x.dir != a.shot.pairing.Shown && p.chooser == nil && p.place == session.Here {
		return tea.Batch(a.visit(p, Location{Dir: x.dir}, ""), a.pollNow())
	}
	return a.pollNow()
}

// copyText hands text to the clipboard of the terminal.
type copyText struct{ text string }

func (x copyText) do(a *App) tea.Cmd {
	return tea.Raw(a.opts.through(ansi.SetClipboard('c', x.text)))
}

// proposal is a name to remember the other side by: that of its machine, if it said so.
func (v *pairingView) proposal() string {
	_, host, _ := strings.Cut(v.app.place(v.shot().Place).Says.Name, "@")
	if first, _, _ := strings.Cut(host, "."); len(first) > 1 {
		return first
	}
	return v.shot().Keep
}

// written is a directory of this machine as its user writes it.
func (v *pairingView) written(dir session.Path) string {
	return pathHere(dir, v.app.opts.Home).String()
}

// pairingWidth is how wide the view is where there is room.
const pairingWidth = 76

func (v *pairingView) draw(c canvas, screen cells.Rect) {
	w := min(pairingWidth, screen.W)
	if v.qr && v.drawQR(c, screen) {
		return
	}
	rows := v.rows(c, w-6)
	rows = fitRows(rows, screen.H-2)
	in := c.window(screen, w, len(rows)+2, v.title(), v.keys())
	for y, r := range rows {
		at := cells.Rect{X: in.X + 1 + r.indent, Y: in.Y + y, W: in.W - 2 - r.indent, H: 1}
		for _, p := range r.pieces {
			at = c.Put(at, p.look, p.text.Fit(c.Method, at.W))
		}
		if r.line {
			c.Compose(lipgloss.NewLayer(v.line.view(c, at.W)).X(at.X).Y(at.Y))
		}
	}
}

// drawQR draws what a camera can read, and tells whether there was room for it.
func (v *pairingView) drawQR(c canvas, screen cells.Rect) bool {
	const quiet = 2 // squares of light around it
	m := v.app.opts.Pairing.QR(min(screen.W-4, 2*(screen.H-2)) - 2*quiet)
	if m == nil || c.ASCII {
		return false
	}
	side := len(m) + 2*quiet
	in := c.window(screen, side+4, (side+1)/2+2, cells.Say("Read it with a camera"), []key.Binding{bind("back", "esc")})
	dark := func(x, y int) bool {
		x, y = x-quiet, y-quiet
		return x >= 0 && y >= 0 && x < len(m) && y < len(m) && m[y][x]
	}
	paper := cells.Look(lipgloss.NewStyle().Foreground(lipgloss.Black).Background(lipgloss.BrightWhite))
	signs := map[[2]bool]cells.Text{{false, false}: cells.Say(" "), {true, false}: cells.Say("▀"), {false, true}: cells.Say("▄"), {true, true}: cells.Say("█")}
	for y := range (side + 1) / 2 {
		var row cells.Text
		for x := range side {
			row = row.Plus(signs[[2]bool{dark(x, 2*y), dark(x, 2*y+1)}])
		}
		c.Put(cells.Rect{X: in.X + (in.W-side)/2, Y: in.Y + y, W: side, H: 1}, paper, row)
	}
	return true
}

func (v *pairingView) title() cells.Text {
	if v.shot().State == PairingMade && v.asks != asksForCode {
		return cells.Say("Paired")
	}
	return cells.Say("Pair two machines")
}

func (v *pairingView) keys() []key.Binding {
	s := v.shot()
	write := bind("let them write", "w")
	if s.Write {
		write = bind("only let them look", "w")
	}
	switch {
	case v.asks == asksForCode:
		return []key.Binding{bind("look for it", "enter"), bind("back", "esc")}
	case v.line != nil:
		return []key.Binding{bind("take it", "enter"), bind("back", "esc")}
	case s.State == PairingMade:
		return []key.Binding{bind("open the panes", "enter"), write, bind("remember", "n"), bind("hang up", "x"), bind("directory", "d")}
	case s.State == PairingJoining:
		return []key.Binding{bind("give up", "esc"), write, bind("directory", "d")}
	case s.State == PairingOpening || s.State == PairingWaiting:
		return []key.Binding{bind("copy", "y"), bind("QR", "r"), write, bind("directory", "d"), bind("type a code", "j"), bind("hide", "esc")}
	}
	return []key.Binding{bind("type a code", "enter"), bind("show one", "s"), bind("close", "esc")}
}

// A pairingRow is a line of the view. The less it must be there, the greater is
// spare: 0 always is.
type pairingRow struct {
	pieces textRow
	indent int
	spare  int
	line   bool // what is typed
}

// fitRows leaves out what can be spared until no more than h rows are left.
func fitRows(rows []pairingRow, h int) []pairingRow {
	for len(rows) > h {
		least := 0
		for i, r := range rows {
			if r.spare > 0 && r.spare >= rows[least].spare {
				least = i
			}
		}
		if rows[least].spare == 0 {
			return rows[:h]
		}
		rows = slices.Delete(rows, least, least+1)
	}
	return rows
}

// timeLeft says how long a code is good.
func timeLeft(d time.Duration) cells.Text {
	switch n := int64((d + time.Minute - 1) / time.Minute); {
	case d <= time.Minute:
		return cells.Say("for less than a minute")
	default:
		return cells.Sayf("for %d minutes", n)
	}
}
