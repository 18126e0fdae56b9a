package tui

import (
	"context"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
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
	dir     *session.Path // the directory to open there, instead of the one in the address
	number  int           // of the dialling; what an older one brings is dropped
	cancel  context.CancelFunc
	err     explanation
}

func newConnectDialog(side int, known []session.KnownPeer) *connectDialog {
	d := &connectDialog{side: side, address: newInput(""), token: newSecret(), known: known}
	d.address.Placeholder = "name of a known peer, host:port or bgticket_"
	d.moveTo(0)
	return d
}

// dialPeer connects to what the dialog says.
type dialPeer struct {
	dialog         *connectDialog
	target, secret string
}

func (d *connectDialog) dial(target string) action {
	d.address.SetValue(target)
	return dialPeer{d, target, strings.TrimSpace(d.token.Value())}
}

// moveTo gives the keys to a field, and to its cursor.
func (d *connectDialog) moveTo(field int) {
	n := 2 + len(d.known)
	d.field = (field + n) % n
	d.address.Blur()
	d.token.Blur()
	switch d.field {
	case 0:
		d.address.Focus()
	case 1:
		d.token.Focus()
	}
}

// handleKey edits the fields; while a peer is dialled only Esc means something,
// and ends that.
func (d *connectDialog) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if key.Matches(k, giveUp) {
		if d.cancel != nil {
			d.cancel()
		}
		return nil, true
	}
	if d.dialing {
		return nil, false
	}
	switch k.String() {
	case "tab", "down":
		d.moveTo(d.field + 1)
	case "shift+tab", "up":
		d.moveTo(d.field - 1)
	case "enter":
		if d.field >= 2 {
			return d.dial(d.known[d.field-2].Name), false
		}
		if target := strings.TrimSpace(d.address.Value()); target != "" {
			return d.dial(target), false
		}
		d.moveTo(0)
	default:
		d.typed(k)
	}
	return nil, false
}

func (d *connectDialog) edit(m tea.PasteMsg) action {
	d.typed(m)
	return nil
}

// typed hands a key or pasted text to the fields; the one that is focused takes it.
func (d *connectDialog) typed(msg tea.Msg) {
	if !d.dialing {
		d.address.edit(msg)
		d.token.edit(msg)
	}
}

// connectedMsg says what came of dialling.
type connectedMsg struct {
	number int
	at     Location
	err    error
}

func (p dialPeer) do(a *App) tea.Cmd {
	d := p.dialog
	ctx, cancel := context.WithCancel(a.ctx)
	a.dials++
	d.dialing, d.number, d.cancel, d.err = true, a.dials, cancel, explanation{}
	number, e, split, own := d.number, a.engine, a.opts.Split, d.dir
	return func() tea.Msg {
		defer cancel()
		address, dir := p.target, session.Path{}
		if split != nil {
			var err error
			if address, dir, err = split(p.target); err != nil {
				return connectedMsg{number: number, err: err}
			}
		}
		if own != nil {
			dir = *own
		}
		id, err := e.Connect(ctx, address, p.secret)
		if err == nil && ctx.Err() != nil { // given up meanwhile
			err = e.Disconnect(id)
		}
		return connectedMsg{number, Location{id, dir}, err}
	}
}

// apply shows the new place, or says what is wrong and lets try again.
func (m connectedMsg) apply(a *App) tea.Cmd {
	d, there := topmost[*connectDialog](a)
	if !there || d.number != m.number {
		return nil
	}
	d.dialing = false
	if m.err != nil {
		d.err = explain(m.err)
		if session.KindOf(m.err) == session.Auth {
			d.moveTo(1)
		}
		return nil
	}
	a.drop(d)
	a.pinned = false
	a.focus, a.lastPane = focus(d.side), focus(d.side)
	return tea.Batch(a.visit(&a.panes[d.side], m.at, ""), a.pollNow())
}

// connectWidth is how wide the dialog is inside, where there is room.
const connectWidth = 64

// draw writes the dialog into the middle of the screen.
func (d *connectDialog) draw(c canvas, screen cells.Rect) {
	w := min(connectWidth, screen.W-4)
	lines := []string{
		d.drawField(c, "Address", d.address, w), d.drawField(c, "Token", d.token, w), "",
	}
	if peers := min(len(d.known), max(0, screen.H-9)); peers > 0 {
		first := max(0, d.field-2-peers+1)
		for i := first; i < first+peers; i++ {
			lines = append(lines, d.drawPeer(c, i, w))
		}
		lines = append(lines, "")
	}
	switch {
	case d.dialing:
		lines = append(lines, c.ask.Render(cells.Say("connecting").Plus(c.signs.more)))
	case !d.err.what.Empty():
		lines = append(lines, c.fail.Gloss().Width(w).Render(d.err.what.String()))
		if !d.err.hint.Empty() {
			lines = append(lines, c.dim.Render(d.err.hint.Fit(c.Method, w)))
		}
	}
	fit, _ := fitting(connectKeys, w)
	lines = append(lines, c.helper(c.dim, keyGap).ShortHelpView(fit))
	text := lipgloss.JoinVertical(lipgloss.Left, lines...)
	if lipgloss.Height(text) > screen.H-2 {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
		text = lipgloss.JoinVertical(lipgloss.Left, lines...)
	}
	c.dialog(screen, "Connect", lipgloss.NewStyle().Width(w).Render(text))
}

var connectKeys = []key.Binding{bind("connect", "enter"), bind("next field", "tab"), bind("close", "esc")}

func (d *connectDialog) drawField(c canvas, name string, in *input, w int) string {
	const label = 9
	look := c.plain
	if in.Focused() && !d.dialing {
		look = c.active
	}
	return look.Gloss().Width(label).Render(name) + in.view(c, w-label)
}

func (d *connectDialog) drawPeer(c canvas, i, w int) string {
	k := d.known[i]
	name := cells.Shown(k.Name).Fit(c.Method, w*2/3)
	address := cells.Say("  ").Plus(cells.Shown(k.Address))
	if k.Box {
		address = cells.Say("  drop box")
	}
	address = address.Fit(c.Method, w-name.Width(c.Method))
	folder, dim := c.folder, c.dim
	if d.field == 2+i {
		folder, dim = folder.On(), dim.On()
		address = address.Plus(cells.Say(" ").Times(w - name.Width(c.Method) - address.Width(c.Method)))
	}
	return folder.Render(name) + dim.Render(address)
}
