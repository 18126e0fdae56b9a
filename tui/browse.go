package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/listing"
)

// The keys that move about and change what a pane shows.

func moveBy(n int) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		return a.move(n)
	}
}

func movePage(sign int) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		page := a.pane().height
		if a.focus == onQueue {
			page = a.queue.height
		}
		return a.move(sign * max(page-1, 1))
	}
}

func (a *App) move(n int) tea.Cmd {
	p := a.pane()
	switch {
	case a.focus == onQueue:
		return a.moveInQueue(n)
	case p.chooser != nil:
		p.chooser.move(n)
	default:
		p.load.fresh = false
		p.moveTo(min(max(p.cursor+n, 0), p.len()-1))
	}
	return nil
}

func onPane(f func(*pane)) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		if p := a.pane(); p.chooser == nil {
			p.load.fresh = false
			f(p)
		}
		return nil
	}
}

// enter opens the directory under the cursor.
func (a *App) enter() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return a.choose(p)
	}
	r, ok := p.at(p.cursor)
	switch {
	case !ok || r.ghost:
		return nil
	case r.parent:
		return a.parent()
	case r.entry.Kind == session.RegularFile || r.entry.Kind == session.Other:
		a.note = note{text: cells.Sayf("a file: %s copies it to the other pane", a.keyFor("copy")), tone: toneHint}
		return nil
	}
	dir, err := p.dir.Join(r.entry.Name)
	if err != nil {
		a.fail(err)
		return nil
	}
	return a.visit(p, Location{p.place, dir}, "")
}

// parent opens the directory above, with the cursor on the one left.
func (a *App) parent() tea.Cmd {
	p := a.pane()
	if p.chooser != nil || !p.hasParent() {
		return nil
	}
	dir, name := p.dir.Split()
	return a.visit(p, Location{p.place, dir}, name)
}

func (a *App) otherPane() tea.Cmd {
	if a.focus == onQueue {
		a.focus = a.lastPane
		return nil
	}
	a.focus = 1 - a.focus
	a.lastPane = a.focus
	return nil
}

func focusOn(f focus) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		a.focus = f
		if f != onQueue {
			a.lastPane = f
		} else if a.note.tone == toneAsk {
			a.note = note{} // it said to come here
		}
		return nil
	}
}

// view is how panes show directories when the screen opens.
func (o Options) view() listing.View {
	v := listing.View{Reverse: o.Reverse, Hidden: o.Hidden}
	for _, order := range []listing.Order{listing.ByName, listing.ByExtension, listing.BySize, listing.ByTime} {
		if order.String() == o.Sort {
			v.Order = order
		}
	}
	return v
}

func sortBy(o listing.Order) func(*App) tea.Cmd {
	return viewed(func(v *listing.View) { v.Order, v.Reverse = o, false })
}

func (a *App) reverse() tea.Cmd {
	return viewed(func(v *listing.View) { v.Reverse = !v.Reverse })(a)
}

func (a *App) toggleHidden() tea.Cmd {
	return viewed(func(v *listing.View) { v.Hidden = !v.Hidden })(a)
}

// viewed changes what the pane shows, and shows it.
func viewed(change func(*listing.View)) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		p := a.pane()
		if p.chooser != nil {
			return nil
		}
		change(&p.view)
		return a.arrange(p)
	}
}

func (a *App) refresh() tea.Cmd { return a.reload(a.pane()) }

// filterBy narrows a pane while somebody types.
type filterBy struct {
	side int
	text string
}

func (f filterBy) do(a *App) tea.Cmd {
	p := &a.panes[f.side]
	p.view.Filter = f.text
	return a.arrange(p)
}

func (a *App) askFilter() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	side := p.side
	a.ask = &ask{
		label:  cells.Say("Show only"),
		input:  newInput(p.view.Filter),
		change: func(s string) action { return filterBy{side, s} },
		enter:  func(s string) action { return filterBy{side, s} },
		escape: func() action { return filterBy{side, ""} },
	}
	return nil
}

// tagBy tags or untags by a mask.
type tagBy struct {
	side int
	mask string
	on   bool
}

func (t tagBy) do(a *App) tea.Cmd {
	n := a.panes[t.side].tagAll(t.mask, t.on)
	word := cells.Say("tagged")
	if !t.on {
		word = cells.Say("untagged")
	}
	a.note = note{text: countText(int64(n), cells.Say("item")).Plus(cells.Say(" "), word)}
	return nil
}

func tagMask(on bool) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		p := a.pane()
		if p.chooser != nil {
			return nil
		}
		side, label := p.side, cells.Say("Tag what fits")
		if !on {
			label = cells.Say("Untag what fits")
		}
		a.ask = &ask{
			label: label,
			input: newInput("*"),
			enter: func(s string) action { return tagBy{side, s, on} },
		}
		return nil
	}
}

// escape gives up waiting, or clears one thing at a time: a note, the filter, the
// tags, the queue's focus.
func (a *App) escape() tea.Cmd {
	p := a.pane()
	switch {
	case a.focus == onQueue && a.queue.all:
		a.queue.all = false
	case a.focus == onQueue && a.queue.filtered():
		return searchHistory("").do(a)
	case a.focus == onQueue:
		a.focus = a.lastPane
	case p.chooser != nil && p.chooser.back != nil:
		return a.closeChooser(p)
	case p.isWaiting(a.now()):
		return a.stopWaiting(p)
	case p.gather.running && p.view.Order.NeedsDetails():
		p.stopGathering()
		return sortBy(listing.ByName)(a)
	case a.cmp.check.running:
		a.cmp.check.end()
		a.cmp.deep = false
		a.countVerdicts()
		a.note = note{text: cells.Say("contents are compared no further")}
		return nil
	case p.view.Filter != "":
		return filterBy{p.side, ""}.do(a)
	case p.tags.Len() > 0:
		p.clearTags()
	case a.cmp.on:
		return a.stopComparing()
	case a.offersPin():
		a.pinned = true
	case a.guide.on:
		return a.endGuide()
	}
	a.note = note{}
	return nil
}

func (a *App) repaint() tea.Cmd { return tea.ClearScreen }

func (a *App) openHelp() tea.Cmd {
	a.push(newHelp(a.table, a.scope()))
	return nil
}
