package tui

import (
	"context"
	"errors"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/dropped"
)

// What is pasted where no text is typed, or dropped on the terminal: paths of
// this machine, offered for the queue; or the address of a peer.

// dropList shows the paths, and puts those that are there into the queue.
type dropList struct {
	rows   []drop
	more   bool // than were read
	side   int  // the pane to copy into
	cursor int
	top    int
	height int
	ssh    bool // the terminal is another machine's
	looked bool
	cancel context.CancelFunc
}

// A drop is one path.
type drop struct {
	text  string
	path  session.Path
	entry session.Entry
	err   error
}

// pasted looks at what was pasted.
func (a *App) pasted(text string) tea.Cmd {
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "bargee://") || strings.HasPrefix(trimmed, "bgticket_") {
		d := newConnectDialog(a.pane().side, nil)
		d.typed(tea.PasteMsg{Content: trimmed})
		a.push(d)
		return nil
	}
	found, more := dropped.Parse(text)
	list := &dropList{more: more, side: a.dropSide(), ssh: lookup(a.opts.Environ, "SSH_TTY") != "" || lookup(a.opts.Environ, "SSH_CONNECTION") != ""}
	for _, t := range found {
		if strings.HasPrefix(t, "file:") {
			list.rows = append(list.rows, drop{text: t, err: errors.New("a file of another machine")})
		} else if strings.ContainsAny(t, `/\`) || t == "~" {
			p, err := a.pathOf(t)
			list.rows = append(list.rows, drop{text: t, path: p, err: err})
		}
	}
	if len(list.rows) == 0 {
		a.note = note{text: cells.Say("what was pasted is no path"), tone: toneHint}
		return nil
	}
	a.push(list)
	return list.look(a)
}

// pathOf reads a path of this machine.
func (a *App) pathOf(s string) (session.Path, error) {
	if rest, ok := strings.CutPrefix(s, "~"); ok && (rest == "" || rest[0] == '/') {
		p := a.opts.Home
		for name := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == '/' }) {
			next, err := p.Join(name)
			if err != nil {
				return p, err
			}
			p = next
		}
		return p, nil
	}
	if a.opts.PathOf != nil {
		return a.opts.PathOf(s)
	}
	return session.ParsePath(strings.Trim(s, "/"))
}

// dropSide is the pane that dropped files are meant for: the one with another
// machine, else the one without the keys.
func (a *App) dropSide() int {
	far := func(p *pane) bool { return p.chooser == nil && p.place != session.Here }
	if p := a.pane(); far(p) {
		return p.side
	}
	return a.other().side
}

// droppedMsg brings what is known of the paths.
type droppedMsg struct {
	list *dropList
	rows []drop
}

// look asks the disk about the paths, in a command: one may lie on a mount that
// does not answer.
func (l *dropList) look(a *App) tea.Cmd {
	ctx, cancel := context.WithCancel(a.ctx)
	l.cancel = cancel
	rows, e := append([]drop(nil), l.rows...), a.engine
	return func() tea.Msg {
		defer cancel()
		tree, err := e.Tree(session.Here)
		for i := range rows {
			if d := &rows[i]; d.err == nil {
				if d.err = err; err == nil {
					d.entry, d.err = tree.Stat(ctx, d.path)
				}
			}
		}
		return droppedMsg{l, rows}
	}
}

func (m droppedMsg) apply(*App) tea.Cmd {
	m.list.rows, m.list.looked = m.rows, true
	return nil
}

// there lists the paths that can be copied, and how large the files among them
// are.
func (l *dropList) there() (paths []session.Path, bytes int64) {
	for _, d := range l.rows {
		if l.looked && d.err == nil && !d.path.IsRoot() {
			paths = append(paths, d.path)
			if d.entry.Kind == session.RegularFile {
				bytes += d.entry.Size
			}
		}
	}
	return paths, bytes
}

func (l *dropList) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	switch {
	case key.Matches(k, giveUp):
		l.cancel()
		return nil, true
	case k.String() == "enter":
		return queueDropped{l}, false
	case k.String() == "tab":
		l.side = 1 - l.side
	case key.Matches(k, bind("", "up", "k")):
		l.move(-1)
	case key.Matches(k, bind("", "down", "j")):
		l.move(1)
	case k.String() == "pgup":
		l.move(-l.height)
	case k.String() == "pgdown":
		l.move(l.height)
	}
	return nil, false
}

func (l *dropList) move(n int) { l.cursor = max(0, min(l.cursor+n, len(l.rows)-1)) }

// edit takes other paths instead.
func (l *dropList) edit(m tea.PasteMsg) action {
	return doing(func(a *App) tea.Cmd {
		l.cancel()
		a.drop(l)
		return a.pasted(m.Content)
	})
}

// queueDropped copies what is there of the paths.
type queueDropped struct{ list *dropList }

func (q queueDropped) do(a *App) tea.Cmd {
	paths, _ := q.list.there()
	to := &a.panes[q.list.side]
	if len(paths) == 0 || to.chooser != nil {
		return nil
	}
	a.drop(q.list)
	return submit{session.Job{
		From: session.Here, Sources: paths, To: to.place, Destination: to.dir,
		Priority: session.DefaultPriority, Options: session.QueueOptions(),
	}, a.pane().side}.do(a)
}

func (l *dropList) draw(c canvas, screen cells.Rect) {
	box := cells.Rect{W: min(76, screen.W), H: min(len(l.rows)+6, screen.H-2)}
	box.X, box.Y = screen.X+(screen.W-box.W)/2, screen.Y+(screen.H-box.H)/2
	in := c.box(box, cells.Sayf("Dropped here: %s", countText(int64(len(l.rows)), cells.Say("path"))))
	l.height = max(in.H-4, 1)
	l.top = max(l.cursor-l.height+1, min(l.top, l.cursor), 0)
	for y := range l.height {
		if n := l.top + y; n < len(l.rows) {
			l.drawRow(c, in.Line(y), l.rows[n])
			if n == l.cursor && len(l.rows) > l.height {
				c.Restyle(in.Line(y), c.plain.On())
			}
		}
	}
	c.Put(in.Line(in.H-3), c.ask, l.remark().Fit(c.Method, in.W))
	c.Put(in.Line(in.H-2), c.plain, l.into(c, in.W))
	c.keys(in.Line(in.H-1), c.dim, dropKeys)
}

var dropKeys = []key.Binding{bind("queue", "enter"), bind("the other pane", "tab"), bind("close", "esc")}

func (l *dropList) drawRow(c canvas, r cells.Rect, d drop) {
	what, look := cells.Say("").Plus(c.signs.more), c.dim
	switch {
	case d.err != nil && session.KindOf(d.err) == session.NotFound:
		what, look = cells.Say("not on this machine"), c.fail
	case d.err != nil:
		what, look = sentenceOf(d.err), c.fail
	case l.looked && d.entry.Kind == session.RegularFile:
		what, look = sizeText(d.entry.Size), c.plain
	case l.looked && d.entry.Kind == session.Directory:
		what, look = cells.Say("directory"), c.folder
	case l.looked:
		what, look = cells.Shown(d.entry.Kind.String()), c.plain
	}
	rest := c.PutRight(r, look, what.Fit(c.Method, r.W/2))
	c.Put(rest, c.plain, cells.Name(d.text).Squeeze(c.Method, max(rest.W-2, 1)))
}

// remark says what is odd about the paths.
func (l *dropList) remark() cells.Text {
	missing := false
	for _, d := range l.rows {
		missing = missing || d.err != nil && session.KindOf(d.err) == session.NotFound
	}
	switch {
	case missing && l.ssh:
		return cells.Say("bargee runs here over ssh: what lies where you sit is not here")
	case l.more:
		return cells.Say("there was more than is shown, and is left out")
	}
	return cells.Text{}
}

// into says what Enter does.
func (l *dropList) into(c canvas, room int) cells.Text {
	paths, bytes := l.there()
	switch to := c.titles[l.side]; {
	case !l.looked:
		return cells.Say("looking for them").Plus(c.signs.more)
	case len(paths) == 0:
		return cells.Say("none of them can be copied")
	case to.Empty():
		return cells.Say("that pane shows no directory yet: Tab takes the other one")
	default:
		what := cells.Sayf("Copy %s, %s to ", countText(int64(len(paths)), cells.Say("item")), sizeText(bytes))
		return what.Plus(to.Squeeze(c.Method, max(room-what.Width(c.Method), 8)))
	}
}
