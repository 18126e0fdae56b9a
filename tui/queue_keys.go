package tui

import (
	"math"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// queueKeys are the queue's.
func queueKeys() []binding {
	return []binding{
		{name: "previous-tab", Binding: bind("the tab to the left", "h", "left"), scope: inQueue, group: "In the queue", run: turnBy(-1)},
		{name: "next-tab", Binding: bind("the tab to the right", "l", "right"), scope: inQueue, hint: "tabs", run: turnBy(1)},
		{name: "details", Binding: bind("details, or the conflicts", "enter"), scope: inQueue, hint: "details", cannot: needsRow, run: (*App).openDetails},
		{name: "fold", Binding: bind("streams and failures, or not", "space"), scope: inQueue, cannot: needsTransfer, run: (*App).fold},
		{name: "pause", Binding: bind("pause or resume", "p"), scope: inQueue, hint: "pause", cannot: needsRow, run: (*App).pauseOrResume},
		{name: "pause-all", Binding: bind("pause or resume all", "P"), scope: inQueue, run: (*App).pauseOrResumeAll},
		{name: "cancel", Binding: bind("cancel, or off the list", "x", "delete"), scope: inQueue, hint: "cancel", cannot: needsRow, run: (*App).cancelOrForget},
		{name: "retry", Binding: bind("retry; or rename", "r"), scope: inQueue, hint: "retry", run: (*App).retryOrRename},
		{name: "retry-all", Binding: bind("retry all that failed", "R"), scope: inQueue, run: (*App).retryAll},
		{name: "later", Binding: bind("one later in the order", "J"), scope: inQueue, cannot: needsTransfer, run: reorder(1)},
		{name: "sooner", Binding: bind("one sooner", "K"), scope: inQueue, cannot: needsTransfer, run: reorder(-1)},
		{name: "next-of-all", Binding: bind("to the front of the order", "t"), scope: inQueue, cannot: needsTransfer, run: reorder(math.MinInt)},
		{name: "more-priority", Binding: bind("a higher priority", "+"), scope: inQueue, cannot: needsTransfer, run: prioritize(1)},
		{name: "less-priority", Binding: bind("a lower priority", "-"), scope: inQueue, cannot: needsTransfer, run: prioritize(-1)},
		{name: "limits", Binding: bind("limits on speed", "L"), scope: inQueue, hint: "limits", run: (*App).openLimits},
		{name: "concurrency", Binding: bind("how many run at a time", "C"), scope: inQueue, run: (*App).askConcurrency},
		{name: "filter-history", Binding: bind("search what is over", "/"), scope: inQueue, run: (*App).askHistory},
		{name: "inspect", Binding: bind("the way that bytes take", "i"), scope: inQueue, hint: "path", run: (*App).inspect},
		{name: "overwrite", Binding: bind("overwrite", "o"), scope: inQueue, group: "At a conflict", cannot: needsQuestion, run: answerWith(session.Overwrite)},
		{name: "skip", Binding: bind("skip", "s"), scope: inQueue, cannot: needsQuestion, run: answerWith(session.Skip)},
		{name: "newer", Binding: bind("overwrite if newer", "n"), scope: inQueue, cannot: needsQuestion, run: answerWith(session.Newer)},
		{name: "resume-file", Binding: bind("go on behind what is there", "u"), scope: inQueue, cannot: needsQuestion, run: answerWith(session.Resume)},
		{name: "answer-all", Binding: bind("the next answer is for all", "a"), scope: inQueue, cannot: needsQuestion, run: (*App).toggleAll},
		{name: "answer-rule", Binding: bind("answer all by a rule", "A"), scope: inQueue, run: (*App).openRules},
	}
}

// turnBy goes n tabs to the right.
func turnBy(n int) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd { return turnTo(tab(max(0, min(int(a.queue.tab)+n, int(tabs)-1))))(a) }
}

func turnTo(t tab) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		a.queue.turn(t)
		return a.pollNow()
	}
}

// moveInQueue moves the cursor by n rows, and asks for rows that are not at hand.
func (a *App) moveInQueue(n int) tea.Cmd {
	if a.queue.move(n) {
		return a.pollNow()
	}
	return nil
}

// withCurrent runs f in a command with the transfer under the cursor.
func (a *App) withCurrent(f func(t session.Transfer) error) tea.Cmd {
	t := a.queue.current()
	if t == nil {
		return nil
	}
	return a.callEngine(*t, f)
}

func (a *App) callEngine(t session.Transfer, f func(t session.Transfer) error) tea.Cmd {
	return a.call(func() doneMsg { return doneMsg{err: f(t)} })
}

// fold shows what stands below a transfer, or hides it.
func (a *App) fold() tea.Cmd {
	if t := a.queue.current(); t != nil {
		if a.queue.flipped == nil {
			a.queue.flipped = make(map[session.TransferID]bool)
		}
		a.queue.flipped[t.ID] = !a.queue.flipped[t.ID]
	}
	return nil
}

func (a *App) pauseOrResume() tea.Cmd {
	if o := a.queue.offer(); o != nil {
		return a.answerOffer(*o)
	}
	return a.withCurrent(func(t session.Transfer) error {
		switch t.State {
		case session.StatePaused:
			return a.engine.Resume(t.ID)
		case session.StateRunning, session.StateWaiting, session.StateRetrying:
			return a.engine.Pause(t.ID)
		}
		return nil
	})
}

// pauseOrResumeAll pauses what runs or waits; if nothing does, it resumes all
// that is paused.
func (a *App) pauseOrResumeAll() tea.Cmd {
	busy := a.busy()
	return a.call(func() doneMsg {
		if busy {
			return doneMsg{note: countText(int64(a.engine.PauseAll()), cells.Say("transfer")).Plus(cells.Say(" paused"))}
		}
		return doneMsg{note: countText(int64(a.engine.ResumeAll()), cells.Say("transfer")).Plus(cells.Say(" resumed"))}
	})
}

// cancel ends a transfer.
type cancel struct {
	transfer session.Transfer
	keep     bool
}

func (c cancel) do(a *App) tea.Cmd {
	return a.callEngine(c.transfer, func(t session.Transfer) error { return a.engine.Cancel(t.ID, c.keep) })
}

// cancelOrForget cancels what is not over. What is over leaves the list of active
// transfers, and from the others goes for good.
func (a *App) cancelOrForget() tea.Cmd {
	if o := a.queue.offer(); o != nil {
		return a.refuseOffer(*o)
	}
	t := a.queue.current()
	switch {
	case t == nil:
		return nil
	case t.State.Over() && a.queue.tab == activeTab:
		a.queue.dismiss(t.ID)
		return nil
	case t.State.Over():
		return a.callEngine(*t, func(t session.Transfer) error { return a.engine.Forget(t.ID) })
	}
	a.ask = &ask{
		label: cells.Sayf("Cancel %s?", jobName(t.Job)),
		warn:  true,
		answers: []answer{
			{bind("cancel", "y"), cancel{*t, false}},
			{bind("keep what arrived", "k"), cancel{*t, true}},
		},
	}
	return nil
}

func (a *App) retryOrRename() tea.Cmd {
	t := a.queue.current()
	if t != nil && t.Asking > 0 {
		return answerWith(session.Rename)(a)
	}
	return a.withCurrent(func(t session.Transfer) error {
		if !canRetry(&t) {
			return nil
		}
		return a.engine.Retry(t.ID)
	})
}

func (a *App) retryAll() tea.Cmd {
	return a.call(func() doneMsg {
		n := a.engine.RetryFailed()
		if n == 0 {
			return doneMsg{note: cells.Say("nothing failed")}
		}
		return doneMsg{note: countText(int64(n), cells.Say("transfer")).Plus(cells.Say(" tried again"))}
	})
}

// canRetry tells whether there is something that a retry would do.
func canRetry(t *session.Transfer) bool {
	return t.State == session.StateFailed || t.State == session.StateCancelled ||
		t.State == session.StateDone && t.Failures > 0
}

// reorder moves the transfer under the cursor by n in the order of the queue, and
// the cursor with it.
func reorder(n int) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		a.queue.hold()
		return a.withCurrent(func(t session.Transfer) error {
			if t.State.Over() {
				return nil
			}
			return a.engine.Reorder(t.ID, n)
		})
	}
}

// prioritize raises the priority of the transfer under the cursor by n.
func prioritize(n int) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		a.queue.hold()
		return a.withCurrent(func(t session.Transfer) error {
			to := max(0, min(t.Job.Priority+n, session.MaxPriority))
			if t.State.Over() || to == t.Job.Priority {
				return nil
			}
			return a.engine.SetPriority(t.ID, to)
		})
	}
}
