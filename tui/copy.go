package tui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// Copying and moving: one line says from where, to where, how many and how much,
// the size growing while directories are counted, and Enter puts it into the
// queue without waiting for the count.

// copying is the count for the question that is being asked.
type copying struct {
	number  int // of the count; an older one's news are dropped
	cancel  context.CancelFunc
	files   int64
	bytes   int64
	counted bool
}

func transferTo(move bool) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd { return a.askTransfer(move) }
}

func (a *App) askTransfer(move bool) tea.Cmd {
	from := a.pane()
	chosen := from.chosen()
	if len(chosen) > 0 && from.chooser == nil && from.location() == a.other().location() && a.other().chooser == nil {
		a.note = note{text: cells.Say("both panes show the same directory"), tone: toneAsk}
		return nil
	}
	sources, err := from.paths(chosen)
	if err != nil {
		a.fail(err)
		return nil
	}
	return a.askTransferOf(from, chosen, sources, move)
}

// askTransferOf asks whether to copy or move entries of a pane's place, which lie
// at these paths, to what the other pane shows.
func (a *App) askTransferOf(from *pane, chosen []session.Entry, sources []session.Path, move bool) tea.Cmd {
	to := &a.panes[1-from.side]
	switch {
	case len(chosen) == 0:
		return nil
	case to.chooser != nil:
		a.note = note{text: cells.Say("choose a place for the other pane first: Tab, then Enter"), tone: toneAsk}
		return nil
	case from.place != session.Here && to.place != session.Here && (from.place != to.place || !move):
		a.note = note{text: a.farText(from.place == to.place), tone: toneAsk}
		return nil
	}
	if note, refused := a.boxRefuses(from, to, move); refused {
		a.note = note
		return nil
	}
	job := session.Job{
		From: from.place, Sources: sources, To: to.place, Destination: to.dir,
		Move: move, Priority: session.DefaultPriority, Options: session.QueueOptions(),
	}
	if a.opts.Store != nil && a.place(to.place).Box {
		counts := a.count(from.location(), chosen, sources)
		a.askStore(job, chosen, from.side)
		return counts
	}
	a.ask = &ask{
		text:    a.transferText(job, chosen),
		answers: []answer{{bind("queue", "enter"), submit{job, from.side}}},
		escape:  func() action { return stopCounting{} },
	}
	return a.count(from.location(), chosen, sources)
}

// boxRefuses says what is not done with a drop box, before it is asked for.
func (a *App) boxRefuses(from, to *pane, move bool) (n note, refused bool) {
	switch into := a.place(to.place).Box; {
	case move && (into || a.place(from.place).Box):
		n = note{text: cells.Sayf("into and out of a drop box files are copied: %s", a.keyFor("copy")), tone: toneAsk}
	case into && !to.dir.IsRoot():
		n = note{text: cells.Say("a drop stays as it is: show the drop box itself in the other pane"), tone: toneAsk}
	default:
		return n, false
	}
	return n, true
}

// farText says what can be done where neither pane shows this machine.
func (a *App) farText(samePeer bool) cells.Text {
	way := cells.Sayf("bytes go from or to this machine: %s shows it in a pane", a.keyFor("connect"))
	if samePeer {
		return cells.Sayf("within a peer %s moves; %s", a.keyFor("move"), way)
	}
	return cells.Sayf("not from peer to peer; %s", way)
}

// transferText says what a job would do: the count first, since the places can
// be guessed from the panes when the line is too short for them.
func (a *App) transferText(job session.Job, chosen []session.Entry) func(canvas, int) cells.Text {
	from, to := &a.panes[a.pane().side], &a.panes[a.other().side]
	verb := cells.Say("Copy")
	if job.Move {
		verb = cells.Say("Move")
	}
	return func(c canvas, room int) cells.Text {
		what := cells.Name(chosen[0].Name).Squeeze(c.Method, max(room/3, 10))
		if len(chosen) > 1 {
			what = countText(int64(len(chosen)), cells.Say("item"))
		}
		t := cells.Sayf("%s %s, %s", verb, what, a.countedText(c))
		place := a.place(to.place)
		trouble := to.trouble(c, place)
		if !trouble.Empty() {
			trouble = cells.Sayf(" (%s)", trouble)
		}
		left, right := from.title(c, a.place(from.place), a.opts.Home), to.title(c, place, a.opts.Home)
		room -= t.Width(c.Method) + trouble.Width(c.Method) + c.signs.arrow.Width(c.Method) + 4
		if room < 12 {
			return t.Plus(trouble) // the panes say where
		}
		half := max(room/2, room-right.Width(c.Method), 3)
		left = left.Squeeze(c.Method, half)
		right = right.Squeeze(c.Method, max(room-left.Width(c.Method), 3))
		return t.Plus(cells.Sayf("  %s %s %s%s", left, c.signs.arrow, right, trouble))
	}
}

// countedText is the count so far.
func (a *App) countedText(c canvas) cells.Text {
	if a.copies == nil {
		return cells.Text{}
	}
	t := sizeText(a.copies.bytes)
	if !a.copies.counted {
		return cells.Sayf("%s, %s", countText(a.copies.files, cells.Say("file")), t.Plus(c.signs.more))
	}
	return t
}

type stopCounting struct{}

func (stopCounting) do(a *App) tea.Cmd {
	if a.copies != nil {
		a.copies.cancel()
		a.copies = nil
	}
	return nil
}

// submit puts a job into the queue.
type submit struct {
	job  session.Job
	side int
}

func (s submit) do(a *App) tea.Cmd {
	stopCounting{}.do(a)
	a.panes[s.side].clearTags()
	a.begun = a.now()
	rule := a.rule
	return a.call(func() doneMsg {
		id, err := a.engine.Submit(s.job)
		if err == nil && rule != nil {
			err = a.engine.AnswerAll(id, *rule)
		}
		return doneMsg{err: err}
	})
}

// measuredMsg brings the count so far.
type measuredMsg struct {
	number       int
	files, bytes int64
	ctx          context.Context
	rest         <-chan measuredMsg // nil after the last
}

// count adds up what was chosen; what lies in directories is found in a
// goroutine.
func (a *App) count(at Location, chosen []session.Entry, sources []session.Path) tea.Cmd {
	a.counts++
	ctx, cancel := context.WithCancel(a.ctx)
	a.copies = &copying{number: a.counts, cancel: cancel}
	var dirs []session.Path
	var unseen []string // files of which only the names are known
	for i, e := range chosen {
		if e.Kind != session.Directory {
			a.copies.files++
			if e.Size < 0 {
				unseen = append(unseen, e.Name)
			}
			a.copies.bytes += max(e.Size, 0)
			continue
		}
		dirs = append(dirs, sources[i])
	}
	if len(dirs)+len(unseen) == 0 {
		a.copies.counted = true
		return nil
	}
	news := make(chan measuredMsg)
	start := measuredMsg{number: a.counts, files: a.copies.files, bytes: a.copies.bytes, ctx: ctx, rest: news}
	e := a.engine
	return func() tea.Msg {
		tree, err := e.Tree(at.Place)
		if err != nil {
			return nil // the transfer will say so
		}
		go func(m measuredMsg) {
			for names := range slices.Chunk(unseen, session.MaxStatNames) {
				entries, err := tree.StatAll(ctx, at.Dir, names)
				if err != nil {
					break // the transfer will say so
				}
				for _, e := range entries {
					m.bytes += e.Size
				}
			}
			measure(tree, dirs, m, news)
		}(start)
		return nextMeasured(start)
	}
}

func nextMeasured(m measuredMsg) tea.Msg {
	select {
	case m := <-m.rest:
		return m
	case <-m.ctx.Done():
		return nil
	}
}

// measure walks the directories and reports now and then. What cannot be read
// is not counted: the transfer will say so.
func measure(tree session.Tree, dirs []session.Path, m measuredMsg, news chan<- measuredMsg) {
	report := func() bool {
		select {
		case news <- m:
			return true
		case <-m.ctx.Done():
			return false
		}
	}
	last := time.Now()
	for len(dirs) > 0 {
		dir := dirs[len(dirs)-1]
		dirs = dirs[:len(dirs)-1]
		for e, err := range tree.List(m.ctx, dir) {
			if err != nil {
				break
			}
			if e.Kind == session.Directory {
				if p, err := dir.Join(e.Name); err == nil {
					dirs = append(dirs, p)
				}
				continue
			}
			m.files++
			m.bytes += e.Size
			if time.Since(last) >= busyInterval {
				if last = time.Now(); !report() {
					return
				}
			}
		}
		if m.ctx.Err() != nil {
			return
		}
	}
	m.rest = nil
	report()
}

// apply takes in the count so far, and waits for more.
func (m measuredMsg) apply(a *App) tea.Cmd {
	if a.copies == nil || m.number != a.copies.number {
		return nil
	}
	a.copies.files, a.copies.bytes, a.copies.counted = m.files, m.bytes, m.rest == nil
	if m.rest == nil {
		return nil
	}
	return func() tea.Msg { return nextMeasured(m) }
}
