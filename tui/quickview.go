package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/listing"
	"github.com/bargee/bargee/tui/preview"
	"github.com/charmbracelet/colorprofile"
)

// The quick view shows, in place of the other pane, what is under the cursor. It
// follows the cursor when that has rested for a moment, and one reading is under
// way at most: what the cursor has left is not read on. It is always the pane
// without the keys that it covers, so that no key works on what cannot be seen.

// quickView is the state of it.
type quickView struct {
	on      bool
	of      quickOf
	number  int // of the reading; what an older one brings is dropped
	cancel  context.CancelFunc
	reading bool
	content *preview.Content
	err     error

	// As drawn last, for a size.
	drawn  size
	lines  []preview.Line
	blocks [][]preview.Block
}

// quickOf is what is looked at.
type quickOf struct {
	at       Location
	name     string
	kind     session.EntryKind
	target   string
	size     int64
	modified time.Time
}

// same tells whether o is what was looked at; of a name alone not everything is
// known at first.
func (o quickOf) same(was quickOf) bool {
	if was.size < 0 || o.size < 0 {
		was.size, was.modified, was.target = o.size, o.modified, o.target
	}
	return o == was
}

// quickPause is how long the cursor rests before anything is read.
const quickPause = 100 * time.Millisecond

func (a *App) toggleQuick() tea.Cmd {
	q := &a.quick
	q.stop()
	*q = quickView{on: !q.on, number: q.number + 1}
	return nil
}

func (q *quickView) stop() {
	if q.cancel != nil {
		q.cancel()
		q.cancel = nil
	}
	q.reading = false
}

// quickSide is the pane that the quick view covers.
func (a *App) quickSide() int { return 1 - a.pane().side }

// lookAt returns what is under the cursor.
func (a *App) lookAt() quickOf {
	p := a.pane()
	o := quickOf{at: p.location()}
	if e, ok := p.current(); ok {
		o.name, o.kind, o.target, o.size, o.modified = e.Name, e.Kind, e.Target, e.Size, e.Modified
	}
	return o
}

// quickly follows the cursor, after every message.
func (a *App) quickly() tea.Cmd {
	q := &a.quick
	if !q.on {
		return nil
	}
	o := a.lookAt()
	if o.same(q.of) {
		q.of = o
		return nil
	}
	q.stop()
	q.of = o
	q.number++
	number := q.number
	if o.name == "" {
		q.content, q.err = nil, nil
		q.drawn = size{}
		return nil
	}
	return a.later(quickPause, func(time.Time) tea.Msg { return quickNowMsg{number} })
}

// quickNowMsg says that the cursor has rested.
type quickNowMsg struct{ number int }

func (m quickNowMsg) apply(a *App) tea.Cmd {
	q := &a.quick
	if !q.on || m.number != q.number {
		return nil
	}
	var ctx context.Context
	ctx, q.cancel = context.WithCancel(a.ctx)
	q.reading, q.content, q.err, q.drawn = true, nil, nil, size{}
	e, o := a.engine, q.of
	return func() tea.Msg {
		c, err := glanceAt(ctx, e, o)
		return quickMsg{m.number, c, err}
	}
}

// quickMsg brings what was read.
type quickMsg struct {
	number  int
	content *preview.Content
	err     error
}

func (m quickMsg) apply(a *App) tea.Cmd {
	if q := &a.quick; m.number == q.number {
		q.stop()
		q.content, q.err, q.drawn = m.content, m.err, size{}
	}
	return nil
}

// glanceAt reads what there is to be seen of an entry.
func glanceAt(ctx context.Context, e Engine, o quickOf) (*preview.Content, error) {
	switch o.kind {
	case session.Directory:
		return glanceInto(ctx, e, o)
	case session.Other:
		return &preview.Content{Kind: cells.Say("neither a file nor a directory")}, nil
	case session.Link:
		c := &preview.Content{Kind: cells.Say("link")}
		if o.target != "" {
			c.Lines = []preview.Line{{{Text: cells.Sayf("-> %s", cells.Name(o.target))}}}
		}
		return c, nil
	}
	src, err := newSource(ctx, e, o.at, o.name)
	if err != nil {
		return nil, err
	}
	defer src.close()
	entry, err := src.open()
	if err != nil {
		return nil, err
	}
	head := make([]byte, min(entry.Size, preview.HeadSize))
	n, err := src.ReadAt(head, 0)
	if n < len(head) && err != nil {
		return nil, err
	}
	limits := preview.DefaultLimits
	if o.at.Place != session.Here {
		limits = preview.FarLimits
	}
	c := preview.Of(ctx, preview.Subject{Name: o.name, Size: entry.Size, Head: head[:n], All: src}, limits)
	return &c, ctx.Err()
}

// glanced is how many names of a directory are looked at.
const glanced = 1000

// glanceInto lists the first names of a directory.
func glanceInto(ctx context.Context, e Engine, o quickOf) (*preview.Content, error) {
	tree, err := e.Tree(o.at.Place)
	if err != nil {
		return nil, err
	}
	dir, err := o.at.Dir.Join(o.name)
	if err != nil {
		return nil, err
	}
	var found []session.Entry
	dirs, more := int64(0), false
	for entry, err := range tree.Names(ctx, dir) {
		if err != nil {
			return nil, err
		}
		if more = len(found) == glanced; more {
			break
		}
		if found = append(found, entry); entry.Kind == session.Directory {
			dirs++
		}
	}
	slices.SortFunc(found, func(x, y session.Entry) int {
		if dx, dy := x.Kind == session.Directory, y.Kind == session.Directory; dx != dy {
			if dx {
				return -1
			}
			return 1
		}
		return listing.Natural(x.Name, y.Name)
	})
	count := cells.Sayf("directory, %s", countText(int64(len(found)), cells.Say("item")))
	if dirs > 0 {
		count = count.Plus(cells.Sayf(" (%s)", directoriesText(dirs)))
	}
	if more {
		count = cells.Sayf("directory, more than %s", countText(glanced, cells.Say("item")))
	}
	c := &preview.Content{Kind: count}
	for _, entry := range found {
		name, look := cells.Name(entry.Name), preview.Plain
		if entry.Kind == session.Directory {
			name, look = name.Plus(cells.Say("/")), preview.Folder
		}
		c.Lines = append(c.Lines, preview.Line{{Text: name, Look: look}})
	}
	return c, nil
}

func directoriesText(n int64) cells.Text {
	if n == 1 {
		return cells.Say("1 directory")
	}
	return cells.Sayf("%s directories", groupText(n))
}

// covers tells whether the quick view stands in the place of pane i.
func (a *App) covers(i int) bool { return a.quick.on && i == a.quickSide() }

// quickRoom divides the area of the only pane that is visible: below the list
// there is what is under the cursor.
func (a *App) quickRoom(r cells.Rect) (list, quick cells.Rect) {
	if !a.quick.on || r.H < 5 {
		return r, cells.Rect{}
	}
	list, quick = r, r
	list.H = r.H - r.H/2
	quick.Y, quick.H = r.Y+list.H, r.H/2
	return list, quick
}

// quickTitle is the name on the frame.
func (a *App) quickTitle() cells.Text {
	if a.quick.of.name == "" {
		return cells.Say("preview")
	}
	return cells.Name(a.quick.of.name)
}

// quickSummary is what it is, on the frame below.
func (a *App) quickSummary(c canvas) cells.Text {
	switch q := &a.quick; {
	case q.reading:
		return cells.Say("reading").Plus(c.signs.more)
	case q.content != nil && q.of.kind == session.RegularFile && q.of.size > 0:
		return q.content.Kind.Plus(c.signs.dot, sizeText(q.of.size))
	case q.content != nil:
		return q.content.Kind
	}
	return cells.Text{}
}

// drawQuick draws what was read.
func (a *App) drawQuick(c canvas, r cells.Rect) {
	q := &a.quick
	switch {
	case q.err != nil:
		c.Put(r.Line(min(1, r.H-1)).Inset(2), c.fail, c.signs.fail.Plus(cells.Say(" "), sentenceOf(q.err)).Fit(c.Method, r.W-4))
		return
	case q.content == nil && q.reading:
		c.Put(r.Line(min(1, r.H-1)).Inset(2), c.dim, cells.Say("reading").Plus(c.signs.more))
		return
	case q.content == nil:
		return
	}
	if q.drawn != (size{r.W, r.H}) {
		q.drawn = size{r.W, r.H}
		q.lines, q.blocks = q.content.Rows(max(r.W-2, 1), r.H, c.Method), nil
		if q.content.Picture != nil {
			q.blocks = q.content.Picture.Blocks(r.W-2, r.H, a.depth())
		}
	}
	inner := r.Inset(1)
	for y, line := range q.lines[:min(len(q.lines), r.H)] {
		c.putLine(inner.Line(y), line)
	}
	half := cells.Say("▀")
	for y, row := range q.blocks {
		x := inner.X + (inner.W-len(row))/2
		for i, b := range row {
			c.Put(cells.Rect{X: x + i, Y: inner.Y + (inner.H-len(q.blocks))/2 + y, W: 1, H: 1}, cells.Colours(b.Upper, b.Lower), half)
		}
	}
	if q.content.Picture != nil && q.blocks == nil {
		c.Put(inner.Line(min(1, r.H-1)), c.dim, cells.Say("no picture without colours"))
	}
}

// depth is how many colours a picture may have.
func (a *App) depth() preview.Depth {
	if a.opts.ASCII {
		return preview.NoColour
	}
	switch profile(a.opts.Environ) {
	case colorprofile.TrueColor, colorprofile.ANSI256:
		if !a.opts.Slow {
			return preview.Many
		}
		return preview.Sixteen
	case colorprofile.ANSI:
		return preview.Sixteen
	}
	return preview.NoColour
}
