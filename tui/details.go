package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// newDetails is a sheet of all that is known of a transfer.
func newDetails(a *App, t *session.Transfer) *sheet {
	id, known := t.ID, *t
	return &sheet{
		title: jobName(t.Job),
		keys:  []key.Binding{bind("close", "esc")},
		rows: func(c canvas, w int) []textRow {
			if t := a.queue.find(id); t != nil {
				known = *t
			}
			return a.detailRows(c, &known, w)
		},
	}
}

// detailRows says what is known of a transfer.
func (a *App) detailRows(c canvas, t *session.Transfer, w int) []textRow {
	fact := func(name cells.Text, value cells.Text, look cells.Style) textRow {
		return textRow{{name.Plus(cells.Say(" ").Times(11 - name.Width(c.Method))), c.dim}, {value, look}}
	}
	state, look := cells.Shown(t.State.String()), stateLook(c, t)
	if what, l := outcome(c, t); t.State != session.StateRunning {
		state, look = what, l
	} else if t.Asking > 0 {
		state = cells.Sayf("running, %s", countText(int64(t.Asking), cells.Say("conflict")))
	}
	verb := cells.Say("copy")
	if t.Job.Move {
		verb = cells.Say("move")
	}
	rows := []textRow{
		fact(verb, stateSign(c, t).Plus(cells.Say(" "), state), look),
		fact(cells.Say("from"), a.fromText(t), c.plain),
		fact(cells.Say("to"), placeName(a.place(t.Job.To)).Plus(cells.Say(":"), cells.Shown(t.Job.Destination.String())), c.plain),
		fact(cells.Say("done"), progressText(t), c.plain),
	}
	rows = append(rows, fact(cells.Say("bytes"), cells.Sayf("%s verified by the receiver, %s sent, %s saved by resume and delta",
		sizeText(t.Verified), sizeText(t.Wire), sizeText(t.Reused)), c.plain))
	if when := whenText(t, c.now); !when.Empty() {
		rows = append(rows, fact(cells.Say("when"), when, c.plain))
	}
	rows = append(rows, fact(cells.Say("order"), orderText(t), c.plain))
	if t.Err != nil {
		rows = append(rows, fact(cells.Say("why"), explain(t.Err).line(c), c.fail))
	}
	for _, s := range a.queue.figuresOf(t).streams {
		name := cells.Say("idle")
		if !s.file.IsRoot() {
			name = cells.Sayf("%3d%% of %s  %s", int(s.share*100+1e-9), cells.Name(s.file.Base()).Squeeze(c.Method, max(w-40, 10)), shortRate(s.rate))
		}
		rows = append(rows, fact(cells.Sayf("stream %d", s.id), name.Plus(cells.Sayf("  lane %d", s.lane)), c.plain))
	}
	return append(rows, failureRows(c, t, w)...)
}

// fromText is where a transfer takes from: the place and its first sources.
func (a *App) fromText(t *session.Transfer) cells.Text {
	from := placeName(a.place(t.Job.From)).Plus(cells.Say(":"))
	if len(t.Job.Sources) > 0 {
		from = from.Plus(cells.Shown(t.Job.Sources[0].String()))
	}
	if n := len(t.Job.Sources) - 1; n > 0 {
		from = from.Plus(cells.Sayf(" and %s more", groupText(int64(n))))
	}
	return from
}

func progressText(t *session.Transfer) cells.Text {
	text := cells.Sayf("%s of %s", groupText(t.FilesDone), countText(t.Files, cells.Say("file")))
	if t.Dirs > 0 {
		text = text.Plus(cells.Sayf(", %s", countOf(t.Dirs, cells.Say("directory"), cells.Say("directories"))))
	}
	text = text.Plus(cells.Sayf(", %s of %s", sizeText(t.Verified), sizeText(t.Bytes)))
	if !t.Counted {
		text = text.Plus(cells.Say(" so far"))
	}
	if t.Skipped > 0 {
		text = text.Plus(cells.Sayf(", %s skipped", groupText(t.Skipped)))
	}
	if t.Failures > 0 {
		text = text.Plus(cells.Sayf(", %s failed", groupText(t.Failures)))
	}
	return text
}

func countOf(n int64, one, many cells.Text) cells.Text {
	if n == 1 {
		return cells.Sayf("1 %s", one)
	}
	return groupText(n).Plus(cells.Say(" "), many)
}

// whenText is when a transfer was queued, begun and over.
func whenText(t *session.Transfer, now time.Time) (text cells.Text) {
	add := func(word cells.Text, at time.Time) {
		if at.IsZero() {
			return
		}
		if !text.Empty() {
			text = text.Plus(cells.Say(", "))
		}
		text = text.Plus(word, cells.Say(" "), clockText(at, now))
	}
	add(cells.Say("queued"), t.Queued)
	add(cells.Say("begun"), t.Started)
	add(cells.Say("over"), t.Finished)
	return text
}

// clockText writes a moment: of today by the clock, else with the day.
func clockText(at, now time.Time) cells.Text {
	at = at.In(now.Location())
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return cells.Shown(at.Format("15:04:05"))
	}
	return cells.Sayf("%d %s", at.Day(), cells.Shown(at.Format("Jan 15:04")))
}

func orderText(t *session.Transfer) cells.Text {
	text := cells.Sayf("priority %d of %d", t.Job.Priority, session.MaxPriority)
	if n := t.Job.Options.Limit; n > 0 {
		text = text.Plus(cells.Sayf(", at most %s", rateText(float64(n))))
	}
	if t.Attempt > 1 {
		text = text.Plus(cells.Sayf(", attempt %d", t.Attempt))
	}
	return text
}

// failureRows lists what failed, and says what helps.
func failureRows(c canvas, t *session.Transfer, w int) (rows []textRow) {
	for _, it := range t.Failed {
		x := explain(it.Err)
		rows = append(rows, textRow{}, textRow{{c.signs.fail.Plus(cells.Say(" ")), c.fail}, {cells.Shown(it.Path.String()).Squeeze(c.Method, w-2), c.plain}})
		rows = append(rows, textRow{{cells.Say("  "), c.plain}, {sentenceOf(it.Err), c.fail}})
		if !x.hint.Empty() {
			rows = append(rows, textRow{{cells.Say("  "), c.plain}, {x.hint, c.dim}})
		}
	}
	if n := t.Failures - int64(len(t.Failed)); n > 0 {
		rows = append(rows, textRow{}, textRow{{cells.Sayf("and %s more", countText(n, cells.Say("failure"))), c.dim}})
	}
	return rows
}
