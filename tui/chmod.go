package tui

import (
	"context"
	"io/fs"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// chmodDialog sets the permission bits of one entry, or of several at once: a
// bit in which these differ stays as each has it, until somebody says otherwise.
type chmodDialog struct {
	at      Location
	entries []session.Entry
	read    bool // the modes are known
	err     error

	set   fs.FileMode // bits that all shall have
	mixed fs.FileMode // bits that stay as each has them
	was   fs.FileMode // mixed, as it was found
	at9   int         // the bit under the cursor, from the owner's read on
	typed string      // octal digits, as far as they go
}

func (a *App) openChmod() tea.Cmd {
	p := a.pane()
	chosen := p.chosen()
	if len(chosen) == 0 {
		return nil
	}
	d := &chmodDialog{at: p.location(), entries: chosen}
	a.push(d)
	ctx, e := a.ctx, a.engine
	return func() tea.Msg {
		tree, err := e.Tree(d.at.Place)
		if err != nil {
			return modesMsg{d: d, err: err}
		}
		entries, err := statAll(ctx, tree, d.at.Dir, chosen)
		return modesMsg{d, entries, err}
	}
}

// statAll describes entries of a directory as they are now, any number of them.
func statAll(ctx context.Context, tree session.Tree, dir session.Path, entries []session.Entry) (out []session.Entry, err error) {
	for names := range batches(entries) {
		got, err := tree.StatAll(ctx, dir, names)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// batches yields the names of entries, as many at a time as StatAll takes.
func batches(entries []session.Entry) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for len(entries) > 0 {
			n := min(len(entries), session.MaxStatNames)
			names := make([]string, n)
			for i := range names {
				names[i] = entries[i].Name
			}
			if !yield(names) {
				return
			}
			entries = entries[n:]
		}
	}
}

// modesMsg brings the modes as they are now.
type modesMsg struct {
	d       *chmodDialog
	entries []session.Entry
	err     error
}

func (m modesMsg) apply(*App) tea.Cmd {
	d := m.d
	d.read, d.err = true, m.err
	if m.err != nil {
		return nil
	}
	d.entries = nil
	all, some := fs.FileMode(0o777), fs.FileMode(0)
	for _, e := range m.entries {
		if e.Kind == session.Link || e.Kind == session.Gone {
			continue // a link has no mode of its own
		}
		d.entries = append(d.entries, e)
		all, some = all&e.Mode, some|e.Mode
	}
	d.set = all.Perm()
	d.mixed = (some &^ all).Perm()
	d.was = d.mixed
	return nil
}

func (d *chmodDialog) bit() fs.FileMode { return 1 << (8 - d.at9) }

// turn goes to the next state of the bit under the cursor: on, off, and as each
// has it where they differ.
func (d *chmodDialog) turn() {
	b := d.bit()
	d.typed = ""
	switch {
	case d.mixed&b != 0:
		d.mixed, d.set = d.mixed&^b, d.set|b
	case d.set&b != 0:
		d.set &^= b
	default:
		if d.was&b != 0 {
			d.mixed |= b
		} else {
			d.set |= b
		}
	}
}

// digit takes an octal digit; with the third all bits are said.
func (d *chmodDialog) digit(c byte) {
	if len(d.typed) >= 3 {
		d.typed = ""
	}
	d.typed += string(c)
	shift := uint(9 - 3*len(d.typed))
	d.mixed &^= 7 << shift
	d.set = d.set&^(7<<shift) | fs.FileMode(c-'0')<<shift
}

func (d *chmodDialog) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if key.Matches(k, giveUp) {
		return nil, true
	}
	if !d.read || d.err != nil || len(d.entries) == 0 {
		return nil, false
	}
	switch name := k.String(); {
	case name == "left" || name == "h":
		d.at9 = (d.at9 + 8) % 9
	case name == "right" || name == "l" || name == "tab":
		d.at9 = (d.at9 + 1) % 9
	case name == "up" || name == "k":
		d.at9 = (d.at9 + 6) % 9
	case name == "down" || name == "j":
		d.at9 = (d.at9 + 3) % 9
	case name == "space" || name == "x":
		d.turn()
	case name == "enter":
		return setMode{d.at, d.entries, d.set, d.mixed}, true
	case len(name) == 1 && name[0] >= '0' && name[0] <= '7':
		d.digit(name[0])
	}
	return nil, false
}

func (d *chmodDialog) edit(tea.PasteMsg) action { return nil }

// setMode gives entries a mode, with the bits of keep as each has them.
type setMode struct {
	at        Location
	entries   []session.Entry
	set, keep fs.FileMode
}

// chmodsAtOnce is how many entries are changed at the same time: each is a round
// trip.
const chmodsAtOnce = 16

func (s setMode) do(a *App) tea.Cmd {
	ctx, e := a.ctx, a.engine
	a.awaitPlace(s.at.Place)
	return a.call(func() doneMsg {
		tree, err := e.Tree(s.at.Place)
		if err != nil {
			return doneMsg{err: err}
		}
		failed, err := inParallel(chmodsAtOnce, s.entries, func(x session.Entry) error {
			p, err := s.at.Dir.Join(x.Name)
			if err != nil {
				return err
			}
			return tree.Chmod(ctx, p, s.set&^s.keep|x.Mode.Perm()&s.keep)
		})
		m := doneMsg{touched: []Location{s.at}, err: err}
		if n := int64(len(s.entries) - failed); failed > 0 && n > 0 {
			m.err = nil
			m.note = cells.Sayf("%s of %s changed, %s not: %s", groupText(n), groupText(int64(len(s.entries))), groupText(int64(failed)), sentenceOf(err))
			m.tone = toneFail
		} else {
			m.note = cells.Sayf("mode of %s changed", countText(n, cells.Say("item")))
		}
		return m
	})
}

var chmodKeys = []key.Binding{bind("set", "enter"), bind("turn", "space"), bind("octal", "0-7"), bind("close", "esc")}

func (d *chmodDialog) draw(c canvas, screen cells.Rect) {
	title := cells.Sayf("Mode of %s", cells.Name(d.entries0().Name))
	if n := len(d.entries); n > 1 {
		title = cells.Sayf("Mode of %s", countText(int64(n), cells.Say("item")))
	}
	r := c.window(screen, 52, 8, title, chmodKeys)
	switch {
	case d.err != nil:
		c.Put(r.Line(0), c.fail, sentenceOf(d.err).Fit(c.Method, r.W))
		return
	case !d.read:
		c.Put(r.Line(0), c.dim, cells.Say("reading").Plus(c.signs.more))
		return
	case len(d.entries) == 0:
		c.Put(r.Line(0), c.dim, cells.Say("a link has no mode of its own").Fit(c.Method, r.W))
		return
	}
	const label, column = 9, 8
	for i, word := range []cells.Text{cells.Say("read"), cells.Say("write"), cells.Say("execute")} {
		c.Put(cells.Rect{X: r.X + label + i*column, Y: r.Y, W: column, H: 1}, c.dim, word)
	}
	for who, word := range []cells.Text{cells.Say("owner"), cells.Say("group"), cells.Say("others")} {
		line := r.Line(1 + who)
		c.Put(line, c.dim, word)
		for i := range 3 {
			n := who*3 + i
			box := cells.Rect{X: line.X + label + i*column, Y: line.Y, W: 3, H: 1}
			c.Put(box, c.plain, cells.Sayf("[%s]", d.state(1<<(8-n))))
			if n == d.at9 {
				c.Restyle(box, c.plain.On())
			}
			c.onClick(box, doing(func(*App) tea.Cmd {
				d.at9 = n
				d.turn()
				return nil
			}))
		}
	}
	octal := r.Line(5)
	rest := c.Put(octal, c.strong, d.octal())
	if d.mixed != 0 {
		c.Put(rest, c.dim, cells.Say("   [-] as each has it").Fit(c.Method, rest.W))
	}
}

// entries0 is the first entry, for the title.
func (d *chmodDialog) entries0() session.Entry {
	if len(d.entries) == 0 {
		return session.Entry{}
	}
	return d.entries[0]
}

// state is the sign of a bit in its box.
func (d *chmodDialog) state(bit fs.FileMode) cells.Text {
	switch {
	case d.mixed&bit != 0:
		return cells.Say("-")
	case d.set&bit != 0:
		return cells.Say("x")
	}
	return cells.Say(" ")
}

// octal is the mode in digits, a question mark where entries differ, and letters.
func (d *chmodDialog) octal() cells.Text {
	t := cells.Say("")
	for shift := 6; shift >= 0; shift -= 3 {
		if d.mixed>>shift&7 != 0 {
			t = t.Plus(cells.Say("?"))
		} else {
			t = t.Plus(cells.Sayf("%d", int(d.set>>shift&7)))
		}
	}
	letters := []byte(d.set.Perm().String()[1:])
	for i := range letters {
		if d.mixed&(1<<(8-i)) != 0 {
			letters[i] = '?'
		}
	}
	return cells.Sayf("octal    %s     %s", t, cells.Shown(string(letters)))
}
