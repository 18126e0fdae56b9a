package tui

import (
	"cmp"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// How often the engine is asked: for a moment after something was begun, so that
// a transfer which is soon over is seen at all; while something changes; and
// else. A poll that finds nothing new writes nothing to the terminal.
const (
	freshInterval = 100 * time.Millisecond
	freshFor      = time.Second
	busyInterval  = 250 * time.Millisecond
	idleInterval  = time.Second
)

// A snapshot is all that the engine says at one moment.
type snapshot struct {
	places  []session.Place
	queue   queueShot
	pairing PairingShot
	offers  []Offer
}

// pollMsg brings a snapshot.
type pollMsg struct {
	chain int
	snapshot
}

// pollNow asks at once, and from then on at intervals. An older chain of polls
// ends with that.
func (a *App) pollNow() tea.Cmd {
	a.polls++
	return a.poll(0)
}

func (a *App) poll(after time.Duration) tea.Cmd {
	chain, e, g, pairing, offers := a.polls, a.engine, a.queue.glance(), a.opts.Pairing, a.opts.Offers
	ask := func(time.Time) tea.Msg {
		shot := snapshot{queue: g.look(e)}
		if pairing != nil {
			shot.pairing = pairing.Look() // before the places: whom it names is one of them
		}
		if offers != nil {
			shot.offers = offers.Look()
		}
		shot.places = e.Places()
		return pollMsg{chain, shot}
	}
	if after == 0 {
		return func() tea.Msg { return ask(time.Time{}) }
	}
	return a.tick(after, ask)
}

// apply takes in a snapshot and arranges for the next one.
func (m pollMsg) apply(a *App) tea.Cmd {
	if m.chain != a.polls {
		return nil
	}
	before := a.shot
	a.shot = m.snapshot
	a.queue.places, a.queue.offers = a.shot.places, a.shot.offers
	a.queue.set(a.shot.queue, a.now())
	a.link.set(a.shot, a.busy() || len(a.shot.queue.ended) > 0, a.now())
	cmds := []tea.Cmd{a.poll(a.spared(a.interval()))}
	cmds = append(cmds, a.noteChanges(before), a.settle(a.shot.queue.ended), a.followPairing(&before.pairing))
	a.closeAnswered()
	for i := range a.panes {
		cmds = append(cmds, a.follow(&a.panes[i], before))
	}
	return tea.Batch(cmds...)
}

// busy tells whether something changes by itself.
func (a *App) busy() bool { return a.queue.sum.Running+a.queue.sum.Waiting > 0 }

func (a *App) interval() time.Duration {
	if a.now().Sub(a.begun) < freshFor {
		return freshInterval
	}
	if a.busy() || a.shot.pairing.underway() || len(a.shot.offers) > asksOffers(a.shot.offers) {
		return busyInterval
	}
	for _, p := range a.shot.places {
		if p.State == session.PlaceReconnecting {
			return busyInterval
		}
	}
	return idleInterval
}

// noteChanges says what ended since the snapshot before.
func (a *App) noteChanges(before snapshot) tea.Cmd {
	for _, t := range a.shot.queue.ended {
		a.note = note{outcome: t.ID}
		if t.State == session.StateDone && t.Failures == 0 && a.place(t.Job.To).Box {
			a.note = note{text: cells.Sayf("stored; %s shows the ticket", a.keyFor("drop-ticket")), tone: toneDone}
		}
		if says := a.place(t.Job.To).Says; session.KindOf(t.Err) == session.Refused && says.Name != "" && !says.Writes {
			a.note = note{text: cells.Sayf("they let you look and take: ask them to press %s, then w", a.keyFor("pair")), tone: toneAsk}
		}
	}
	if a.shot.queue.first {
		a.noteRestored()
	}
	log := a.shot.queue.log
	for i, l := range log {
		if l.Transfer == 0 { // about the queue itself: what was lost, or is not kept
			a.note = note{text: cells.Shown(l.Text), tone: toneAsk}
		}
		later := func(o session.LogLine) bool { return o.Transfer == l.Transfer }
		if l.State == session.StateWaiting && l.Err != nil && !slices.ContainsFunc(log[i+1:], later) {
			a.note = note{text: cells.Shown(cause(l.Err)), tone: toneAsk}
		}
	}
	a.noteVisitors(before.pairing.Here)
	a.noteOthers(before.queue.live)
	asks := asked(a.shot.queue.live) > asked(before.queue.live)
	if asks && a.focus != onQueue {
		a.note = note{text: cells.Sayf("a name is taken: press %s to answer", a.keyFor("queue")), tone: toneAsk}
	}
	if asksOffers(a.shot.offers) > asksOffers(before.offers) && a.focus != onQueue {
		a.note = note{text: cells.Sayf("something is offered: press %s to answer", a.keyFor("queue")), tone: toneAsk}
	}
	for _, p := range a.shot.places {
		for _, old := range before.places {
			if p.ID == old.ID && p.State != old.State {
				a.notePlace(p, old.State == session.PlaceIdle)
			}
		}
	}
	a.guide.watch(a.shot.queue.ended)
	return a.notify(a.shot.queue.ended, asks)
}

// noteOthers says once of a transfer that others put something where it does, so that a
// person knows whom to ask if something changes there.
func (a *App) noteOthers(before []session.Transfer) {
	for i := range a.shot.queue.live {
		t := &a.shot.queue.live[i]
		told := func(o session.Transfer) bool { return o.ID == t.ID && o.Others > 0 }
		if t.Others > 0 && !slices.ContainsFunc(before, told) {
			a.note = note{text: cells.Sayf("%s at work in %s, too", countText(int64(t.Others), cells.Say("other writer")), a.queue.whereTo(t)), tone: toneAsk}
		}
	}
}

// noteRestored says what goes on from the last time, or was there when the screen
// joined.
func (a *App) noteRestored() {
	s := &a.queue.sum
	n, paused := s.Running+s.Waiting, s.Paused
	if n+paused == 0 {
		return
	}
	text := countText(int64(n), cells.Say("transfer")).Plus(cells.Say(" from before under way"))
	switch {
	case n == 0:
		text = countText(int64(paused), cells.Say("transfer")).Plus(cells.Say(" from before paused"))
	case paused > 0:
		text = text.Plus(cells.Sayf(", %s paused", groupText(int64(paused))))
	}
	a.note = note{text: text, tone: toneDone}
}

// asked is how many transfers ask something.
func asked(ts []session.Transfer) (n int) {
	for i := range ts {
		if ts[i].Asking > 0 {
			n++
		}
	}
	return n
}

// notePlace says what became of a place; idle is one that was not connected yet.
func (a *App) notePlace(p session.Place, idle bool) {
	switch p.State {
	case session.PlaceConnected:
		if idle {
			a.note = note{text: cells.Sayf("%s is connected", placeName(p)), tone: toneDone}
			return
		}
		a.note = note{text: cells.Sayf("%s is connected again", placeName(p)), tone: toneDone}
	case session.PlaceReconnecting:
		if idle || p.Err == nil {
			return // it is dialled for the first time, or for what waits for it
		}
		a.note = note{text: cells.Sayf("%s is lost: %s", placeName(p), explain(p.Err).what), tone: toneAsk}
	case session.PlaceClosed:
		if a.note = (note{text: cells.Sayf("%s is closed", placeName(p)), tone: toneFail}); p.Err != nil {
			a.note.text = a.note.text.Plus(cells.Say(": "), explain(p.Err).what)
		}
	}
}

// reloadPause is the least time between two readings of a directory while
// transfers change it.
const reloadPause = 2 * time.Second

// follow keeps a pane with the transfers that work in its directory, and with
// its place.
func (a *App) follow(p *pane, before snapshot) tea.Cmd {
	if p.chooser != nil {
		p.chooser.set(a.shot.places)
		return nil
	}
	p.setWork(underway(a.shot.queue.live, p.location()))
	if a.place(p.place).State != session.PlaceConnected {
		p.stale = true
		return nil
	}
	ended := changedIn(p, before.queue.live, a.shot.queue)
	if p.load.running {
		return nil
	}
	if p.stale || ended || p.dirty && a.now().Sub(p.read) >= max(reloadPause, 10*p.load.took) {
		return a.reload(p)
	}
	return a.keepUp(p)
}

// changedIn marks a pane as dirty if a transfer changed its directory since the
// snapshot before, and tells whether one of them is over.
func changedIn(p *pane, before []session.Transfer, now queueShot) (ended bool) {
	for i := range now.ended {
		if concerns(p, &now.ended[i]) {
			p.dirty, ended = true, true
		}
	}
	for i := range now.live {
		t := &now.live[i]
		if !concerns(p, t) {
			continue
		}
		for j := range before {
			if old := &before[j]; old.ID == t.ID && (t.FilesDone != old.FilesDone || t.Dirs != old.Dirs) {
				p.dirty = true
			}
		}
	}
	return ended
}

// concerns tells whether a transfer changes the directory that a pane shows.
func concerns(p *pane, t *session.Transfer) bool {
	into := t.Job.To == p.place && p.dir.Within(landsIn(t.Job))
	return into || t.Job.Move && t.Job.From == p.place
}

// landsIn is the directory that a job changes.
func landsIn(j session.Job) session.Path {
	if j.Into {
		return j.Destination.Parent()
	}
	return j.Destination
}

// doneMsg says that a call to the engine or a tree is over.
type doneMsg struct {
	err      error
	note     cells.Text // if it went well
	tone     tone       // of the note, if not of something done
	touched  []Location // directories that changed
	cursorOn string     // name to put the cursor on there
}

// call runs f in a command.
func (a *App) call(f func() doneMsg) tea.Cmd {
	return func() tea.Msg { return f() }
}

// apply says what came of a call, and reads again what it changed.
func (m doneMsg) apply(a *App) tea.Cmd {
	cmds := []tea.Cmd{a.pollNow()}
	switch {
	case m.err != nil:
		a.fail(m.err)
	case !m.note.Empty():
		a.note = note{text: m.note, tone: cmp.Or(m.tone, toneDone)}
	}
	for _, t := range m.touched {
		for i := range a.panes {
			if p := &a.panes[i]; p.shows(t) {
				if m.err == nil && m.cursorOn != "" {
					p.load.cursorOn = m.cursorOn
				}
				cmds = append(cmds, a.reload(p))
			}
		}
	}
	return tea.Batch(cmds...)
}

// fail shows an error in the status line.
func (a *App) fail(err error) {
	a.note = note{text: explain(err).line(a.canvas()), tone: toneFail}
}
