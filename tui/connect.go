package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// connectDialog asks for the address of a peer and a token, and dials.
type connectDialog struct {
	side    int // the pane that will show the place
	address *input
	token   *input
	known   []session.KnownPeer
	field   int // 0 address, 1 token, from 2 on the known peers
	dialing bool
	number  int // of the dialling; what an older one brings is dropped
	cancel  context.CancelFunc
	err     explanation
}

func newConnectDialog(side int, known []session.KnownPeer) *connectDialog {
	d := &connectDialog{side: side, address: newInput(""), token: newInput(""), known: known}
	d.token.masked = true
	return d
}

// closeConnect takes the dialog away; a dialling that is under way ends.
type closeConnect struct{}

func (closeConnect) do(a *App) tea.Cmd {
	if a.connect.cancel != nil {
		a.connect.cancel()
	}
	a.connect = nil
	return nil
}

// dialPeer connects to what the dialog says.
type dialPeer struct{ target, secret string }

func (d *connectDialog) dial(target string) action {
	d.address = newInput(target)
	return dialPeer{target, d.token.String()}
}

// handleKey edits the fields; while a peer is dialled only Esc means something.
func (d *connectDialog) handleKey(k tea.KeyPressMsg) action {
	key := k.String()
	switch {
	case key == "esc" || key == "ctrl+c":
		return closeConnect{}
	case d.dialing:
		return nil
	}
	last := 1 + len(d.known)
	switch key {
	case "tab", "down":
		d.field = (d.field + 1) % (last + 1)
		return nil
	case "shift+tab", "up":
		d.field = (d.field + last) % (last + 1)
		return nil
	case "enter":
		if d.field >= 2 {
			return d.dial(d.known[d.field-2].Name)
		}
		if d.address.String() == "" {
			d.field = 0
			return nil
		}
		return dialPeer{d.address.String(), d.token.String()}
	}
	switch d.field {
	case 0:
		d.address.handleKey(k)
	case 1:
		d.token.handleKey(k)
	}
	return nil
}

func (d *connectDialog) paste(s string) {
	switch d.field {
	case 0:
		d.address.insert(s)
	case 1:
		d.token.insert(s)
	}
}

// connectedMsg says what came of dialling.
type connectedMsg struct {
	number int
	at     Location
	err    error
}

func (p dialPeer) do(a *App) tea.Cmd {
	d := a.connect
	ctx, cancel := context.WithCancel(a.ctx)
	a.dials++
	d.dialing, d.number, d.cancel, d.err = true, a.dials, cancel, explanation{}
	number, e, split := d.number, a.engine, a.opts.Split
	return func() tea.Msg {
		defer cancel()
		address, dir := p.target, session.Path{}
		if split != nil {
			var err error
			if address, dir, err = split(p.target); err != nil {
				return connectedMsg{number: number, err: err}
			}
		}
		id, err := e.Connect(ctx, address, p.secret)
		if err == nil && ctx.Err() != nil { // given up meanwhile
			err = e.Disconnect(id)
		}
		return connectedMsg{number, Location{id, dir}, err}
	}
}

// connected shows the new place, or says what is wrong and lets try again.
func (a *App) connected(m connectedMsg) tea.Cmd {
	d := a.connect
	if d == nil || d.number != m.number {
		return nil
	}
	d.dialing = false
	if m.err != nil {
		d.err = explain(m.err)
		if session.KindOf(m.err) == session.Auth {
			d.field = 1
		}
		return nil
	}
	a.connect, a.pinned = nil, false
	a.focus, a.lastPane = focus(d.side), focus(d.side)
	return tea.Batch(a.open(&a.panes[d.side], m.at, ""), a.pollNow())
}

// draw writes the dialog into the middle of the screen.
func (d *connectDialog) draw(c canvas, screen cells.Rect) {
	peers := min(len(d.known), max(0, screen.H-11))
	in := box(c, screen, 64, 7+peers+min(peers, 1), cells.Say("Connect"))
	field := func(y int, name cells.Text, in2 *input, focused bool) {
		r := in.Line(y)
		label := c.plain
		if focused {
			label = c.active
		}
		c.Put(r, label, name)
		in2.draw(c, cells.Rect{X: r.X + 9, Y: r.Y, W: r.W - 9, H: min(r.H, 1)}, focused)
	}
	field(0, cells.Say("Address"), d.address, d.field == 0 && !d.dialing)
	field(1, cells.Say("Token"), d.token, d.field == 1 && !d.dialing)
	first := max(0, d.field-2-peers+1)
	for i := range peers {
		k := d.known[first+i]
		r := in.Line(3 + i)
		rest := c.Put(r, c.folder, cells.Shown(k.Name))
		c.Put(rest, c.dim, cells.Say("  ").Plus(cells.Shown(k.Address)))
		if d.field == 2+first+i {
			c.Restyle(r, c.plain.On())
		}
	}
	y := 3 + peers + min(peers, 1)
	switch {
	case d.dialing:
		c.Put(in.Line(y), c.ask, cells.Say("connecting").Plus(c.signs.more))
	case !d.err.what.Empty():
		c.Put(in.Line(y), c.fail, d.err.what.Fit(c.Method, in.W))
		c.Put(in.Line(y+1), c.dim, d.err.hint.Fit(c.Method, in.W))
	default:
		c.Put(in.Line(y), c.dim, cells.Say("name, host:port, bgticket_ or code@relay").Fit(c.Method, in.W))
	}
	c.Put(in.Line(in.H-1), c.dim, cells.Say("Enter connect  Tab next field  Esc close").Fit(c.Method, in.W))
}
