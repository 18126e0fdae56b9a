package tui

import (
	"context"
	"mime"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// entryDetails shows all that is known of an entry, or of those that are tagged
// together, and counts what lies in directories while one looks.
type entryDetails struct {
	at     Location
	place  func() session.Place
	items  []session.Entry // names in at; one with an empty name is at itself
	ctx    context.Context
	cancel context.CancelFunc

	whole   session.Entry // of a single item, as it is now
	known   bool          // whole is
	kind    string        // guessed by its name, as MIME has it
	err     error
	sum     session.Measured // of all items
	count   bool             // there are directories to be counted
	hashes  [2]digest        // BLAKE3, SHA-256
	scroll  int
	hidden  int // lines below the last one that is shown
	stopped error
}

func entryKeys() []binding {
	return []binding{
		{name: "entry-details", Binding: bind("details, size of directories", "i"), scope: inPanes, cannot: needsDirectory, run: (*App).openEntry},
	}
}

// openEntry shows the details of what is tagged or under the cursor; on ".."
// of the directory itself.
func (a *App) openEntry() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	d := &entryDetails{at: p.location(), items: p.chosen()}
	d.place = func() session.Place { return a.place(d.at.Place) }
	if len(d.items) == 0 {
		d.items = []session.Entry{{Kind: session.Directory}}
	}
	for _, e := range d.items {
		d.count = d.count || e.Kind == session.Directory || e.Size < 0
	}
	d.ctx, d.cancel = context.WithCancel(a.ctx)
	a.push(d)
	return tea.Batch(d.look(a.engine), d.measure(a.engine))
}

// pathOf is where an item lies.
func (d *entryDetails) pathOf(e session.Entry) (session.Path, error) {
	if e.Name == "" {
		return d.at.Dir, nil
	}
	return d.at.Dir.Join(e.Name)
}

// lookedMsg brings what is known of a single item.
type lookedMsg struct {
	d     *entryDetails
	entry session.Entry
	kind  string
	err   error
}

func (d *entryDetails) look(e Engine) tea.Cmd {
	if len(d.items) > 1 {
		return nil
	}
	return func() tea.Msg {
		m := lookedMsg{d: d}
		tree, err := e.Tree(d.at.Place)
		if err == nil {
			var p session.Path
			if p, err = d.pathOf(d.items[0]); err == nil {
				m.entry, err = tree.Stat(d.ctx, p)
			}
		}
		if m.err = err; m.entry.Kind == session.RegularFile {
			m.kind = mimeType(m.entry.Name)
		}
		return m
	}
}

// mimeType guesses what a file holds by the end of its name. The first guess of a
// process reads files of the system's.
func mimeType(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return mime.TypeByExtension(name[dot:])
}

func (m lookedMsg) apply(*App) tea.Cmd {
	m.d.whole, m.d.kind, m.d.err, m.d.known = m.entry, m.kind, m.err, m.err == nil
	return nil
}

// countedMsg brings the count so far, and the sizes of directories that are
// counted.
type countedMsg struct {
	d     *entryDetails
	sum   session.Measured
	sizes map[string]int64
	err   error
	rest  <-chan countedMsg // nil after the last
}

// measure counts all items in a goroutine.
func (d *entryDetails) measure(e Engine) tea.Cmd {
	if !d.count {
		for _, x := range d.items {
			d.sum.Files++
			d.sum.Bytes += max(x.Size, 0)
		}
		d.sum.Done = true
		return nil
	}
	news := make(chan countedMsg)
	return func() tea.Msg {
		tree, err := e.Tree(d.at.Place)
		if err != nil {
			return countedMsg{d: d, err: err}
		}
		go d.countAll(tree, news)
		return d.nextCounted(news)
	}
}

func (d *entryDetails) nextCounted(news <-chan countedMsg) tea.Msg {
	select {
	case m := <-news:
		return m
	case <-d.ctx.Done():
		return nil
	}
}

// countAll measures one item after the other. News that nobody took yet are
// replaced by newer ones only at the end of a directory: Measure is not fast.
func (d *entryDetails) countAll(tree session.Tree, news chan countedMsg) {
	var before session.Measured
	m := countedMsg{d: d, rest: news}
	tell := func() bool {
		select {
		case news <- m:
			m.sizes = nil
			return true
		case <-d.ctx.Done():
			return false
		}
	}
	items := d.items
	if slices.ContainsFunc(items, func(e session.Entry) bool { return e.Size < 0 }) {
		if items, m.err = statAll(d.ctx, tree, d.at.Dir, items); m.err != nil {
			m.rest = nil
			tell()
			return
		}
	}
	for _, e := range items {
		if e.Kind != session.Directory {
			before.Files++
			before.Bytes += max(e.Size, 0)
			continue
		}
		p, err := d.pathOf(e)
		if err != nil {
			continue
		}
		var last session.Measured
		for now, err := range tree.Measure(d.ctx, p) {
			last = now
			if m.sum = plus(before, now); err != nil {
				m.err = err
				break
			}
			if now.Done {
				if m.sizes == nil {
					m.sizes = make(map[string]int64)
				}
				m.sizes[e.Name] = now.Bytes
			} else if !tell() {
				return
			}
		}
		before = plus(before, last)
		if len(d.items) > 1 {
			before.Dirs++
		}
	}
	m.sum, m.sum.Done, m.rest = before, true, nil
	tell()
}

func plus(x, y session.Measured) session.Measured {
	return session.Measured{Files: x.Files + y.Files, Dirs: x.Dirs + y.Dirs, Bytes: x.Bytes + y.Bytes, Failed: x.Failed + y.Failed}
}

// apply takes in the count so far; what is counted stands in the size column of
// panes that show the directory.
func (m countedMsg) apply(a *App) tea.Cmd {
	d := m.d
	d.sum, d.stopped = m.sum, m.err
	for i := range a.panes {
		if p := &a.panes[i]; p.shows(d.at) {
			p.addSizes(m.sizes)
		}
	}
	if m.rest == nil {
		return nil
	}
	return func() tea.Msg { return d.nextCounted(m.rest) }
}

// addSizes keeps the sizes of directories for the size column.
func (p *pane) addSizes(sizes map[string]int64) {
	if p.sizes == nil && len(sizes) > 0 {
		p.sizes = make(map[string]int64)
	}
	for name, n := range sizes {
		p.sizes[name] = n
	}
}

var (
	hashBlake = bind("BLAKE3", "h")
	hashSHA   = bind("SHA-256", "s")
)

func (d *entryDetails) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	switch name := k.String(); {
	case key.Matches(k, hashBlake):
		return hashItem{d, 0}, false
	case key.Matches(k, hashSHA):
		return hashItem{d, 1}, false
	case name == "down" || name == "j":
		d.scroll += min(d.hidden, 1)
	case name == "up" || name == "k":
		d.scroll = max(d.scroll-1, 0)
	default:
		d.cancel()
		return nil, true
	}
	return nil, false
}

func (d *entryDetails) edit(tea.PasteMsg) action { return nil }

// A detail is a row: what it is, and what it says, of any length.
type detail struct {
	label, value cells.Text
	look         cells.Style
}

func (d *entryDetails) draw(c canvas, screen cells.Rect) {
	var keys []key.Binding
	if d.known && d.whole.Kind == session.RegularFile {
		keys = append(keys, hashBlake, hashSHA)
	}
	keys = append(keys, bind("close", "esc"))
	const label = 10
	w := min(76, screen.W)
	var lines []detail
	for _, x := range d.rows(c) {
		for i, part := range x.value.Wrap(c.Method, max(w-4-label, 8)) {
			if i > 0 {
				x.label = cells.Text{}
			}
			lines = append(lines, detail{x.label, part, x.look})
		}
	}
	r := c.window(screen, w, len(lines)+2, d.title(), keys)
	d.scroll = max(0, min(d.scroll, len(lines)-r.H))
	d.hidden = len(lines) - r.H - d.scroll
	for y := range min(r.H, len(lines)-d.scroll) {
		x := lines[d.scroll+y]
		line := r.Line(y)
		c.Put(line, c.dim, x.label)
		c.Put(cells.Rect{X: line.X + label, Y: line.Y, W: line.W - label, H: 1}, x.look, x.value)
	}
}
