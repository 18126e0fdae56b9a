package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/theme"
	"github.com/charmbracelet/x/ansi"
)

// focus says what has the keys.
type focus uint8

const (
	onLeft focus = iota
	onRight
	onQueue
)

// App is the only tea.Model. What it holds besides are plain structs that draw
// themselves and turn keys into actions.
type App struct {
	ctx    context.Context
	engine Engine
	opts   Options
	styles styles
	table  []binding
	now    func() time.Time
	tick   func(time.Duration, func(time.Time) tea.Msg) tea.Cmd // of the polls
	later  func(time.Duration, func(time.Time) tea.Msg) tea.Cmd // of all else
	exec   func(Program, func(error) tea.Msg) tea.Cmd           // see runProgram

	width, height int
	grid          *cells.Grid
	zones         []zone // of the frame that is shown
	pointer       pointer
	method        cells.Method

	panes    [2]pane
	focus    focus
	lastPane focus // where Esc and Tab lead from the queue
	queue    queue
	pressed  chord // the first key of two

	ask      *ask
	overlays []overlay // the last one has the keys

	shot    snapshot
	rule    *session.Rule // for conflicts of what is queued from now on
	begun   time.Time     // when a transfer was put into the queue last
	polls   int           // number of the chain of polls; older ones are dropped
	link    linkFigures
	note    note
	copies  *copying // the count for the question to copy
	counts  int      // number of the last count
	sync    syncBrowse
	finder  *finder // what was looked for last
	cmp     comparing
	out     *output
	dials   int // number of the last dialling
	memory  memory
	quick   quickView
	renames *renamingRun // under way
	removal *removal     // under way
	guide   guide
	away    bool                         // the terminal has not the focus
	pinned  bool                         // the offer to trust was taken or declined
	drafts  map[session.TransferID]draft // on their way back

	slowUntil time.Time // the terminal did not keep up
}

// newApp returns the screen as it is before the first frame.
func newApp(ctx context.Context, e Engine, opts Options) *App {
	a := &App{
		ctx: ctx, engine: e, opts: opts, styles: newStyles(opts.ASCII, opts.Theme, opts.Looks, theme.Unknown), table: tableWith(opts.Keys),
		now: time.Now, tick: tea.Tick, later: tea.Tick,
		grid: cells.NewGrid(0, 0, ansi.WcWidth), method: ansi.WcWidth,
	}
	a.exec = a.runProgram
	a.pinned = !opts.OfferPin
	for i := range a.panes {
		a.panes[i].view = opts.view()
	}
	if a.opts.Bookmarks == nil {
		a.opts.Bookmarks = &passing{}
	}
	a.memory = memory{shape: shape{Split: opts.Memory.Split, Tall: opts.Memory.Tall}, guided: opts.Memory.Guided}
	a.guide.on = opts.Guide && !opts.Memory.Guided
	a.pointer.off = opts.NoMouse
	a.panes[1].side = 1
	a.panes[0].place, a.panes[0].dir = opts.Left.Place, opts.Left.Dir
	if opts.Right != nil {
		a.panes[1].place, a.panes[1].dir = opts.Right.Place, opts.Right.Dir
	} else {
		a.panes[1].chooser = a.newChooser()
	}
	if opts.Pairs {
		a.shot.pairing = opts.Pairing.Look()
		a.lay()
	}
	return a
}

// Init begins what the screen does by itself.
func (a *App) Init() tea.Cmd {
	cmds := []tea.Cmd{a.start(), a.waitForEnd(), a.waitForDrain(), tea.Raw(keepOrder)}
	if q := modeQuery(a.opts.Environ); q != "" {
		cmds = append(cmds, tea.Raw(q))
	}
	if asksBackground(a.opts.Environ) {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	return tea.Batch(cmds...)
}

// start reads both directories, and polls the engine.
func (a *App) start() tea.Cmd {
	cmds := []tea.Cmd{a.pollNow()}
	for i := range a.panes {
		if p := &a.panes[i]; p.chooser == nil {
			cmds = append(cmds, a.open(p, p.location(), ""))
		} else {
			cmds = append(cmds, a.findKnown())
		}
	}
	return tea.Batch(cmds...)
}

// waitForEnd ends the program when its context does.
func (a *App) waitForEnd() tea.Cmd {
	return func() tea.Msg {
		<-a.ctx.Done()
		return tea.QuitMsg{}
	}
}

// Update routes a message to what it is for, and asks about entries that can be
// seen by now.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.route(msg)
	return a, both(both(cmd, a.compares()), both(a.peeks(), a.quickly()))
}

func (a *App) route(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		return a.key(m)
	case tea.PasteMsg:
		return a.paste(m)
	case tea.MouseMsg:
		return a.mouse(m)
	case tea.FocusMsg:
		a.away = false
	case tea.BlurMsg:
		a.away = true
	case tea.BackgroundColorMsg:
		a.dress(m)
	case tea.WindowSizeMsg:
		a.width, a.height = m.Width, m.Height
		return a.resized()
	case tea.ModeReportMsg:
		if m.Mode == ansi.ModeUnicodeCore && m.Value != ansi.ModeNotRecognized && m.Value != ansi.ModePermanentlyReset {
			a.method = ansi.GraphemeWidth // as the renderer does
		}
	case message:
		return m.apply(a)
	}
	return nil
}

// key hands a key to what has the keys: what lies over the screen, the line at
// the bottom, or by the table to pane or queue.
func (a *App) key(k tea.KeyPressMsg) tea.Cmd {
	switch o := a.over(); {
	case o != nil:
		do, over := o.handleKey(k)
		if over {
			a.drop(o)
		}
		return a.carryOut(do)
	case a.ask != nil:
		q := a.ask
		do, over := q.handleKey(k)
		if over && a.ask == q {
			a.ask = nil
		}
		return a.carryOut(do)
	}
	pressed := chord(k.String())
	if a.pressed != "" {
		pressed = a.pressed + " " + pressed
	}
	b, pending := find(a.table, a.scope(), pressed)
	a.pressed = ""
	if b == nil {
		if pending {
			a.pressed = pressed
		}
		return nil
	}
	a.note.fade()
	if a.guide.verified {
		return tea.Batch(a.endGuide(), b.run(a)) // it was read
	}
	return b.run(a)
}

func (a *App) carryOut(do action) tea.Cmd {
	if do == nil {
		return nil
	}
	return do.do(a)
}

// paste gives pasted text to what takes text; else it may be paths.
func (a *App) paste(m tea.PasteMsg) tea.Cmd {
	switch o := a.over(); {
	case o != nil:
		return a.carryOut(o.edit(m))
	case a.ask != nil:
		return a.carryOut(a.ask.edit(m))
	}
	return a.pasted(m.Content)
}

func (a *App) scope() scope {
	if a.focus == onQueue {
		return inQueue
	}
	return inPanes
}

// pane returns the pane that has the keys, or had them last.
func (a *App) pane() *pane {
	if a.focus == onQueue {
		return &a.panes[a.lastPane]
	}
	return &a.panes[a.focus]
}

// other returns the pane beside it.
func (a *App) other() *pane { return &a.panes[1-a.pane().side] }

// place returns what was last known of a place.
func (a *App) place(id session.PlaceID) session.Place {
	for _, p := range a.shot.places {
		if p.ID == id {
			return p
		}
	}
	return session.Place{ID: id}
}

// canvas returns what to draw on.
func (a *App) canvas() canvas {
	return canvas{Grid: a.grid, styles: &a.styles, now: a.now(), table: a.table, zones: &a.zones}
}
