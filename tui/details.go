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

// A factSheet collects facts, each a name and what is known, in as many lines of
// w columns as that takes.
type factSheet struct {
	c    canvas
	w    int
	rows []textRow
}

const factName = 11 // columns

func (f *factSheet) add(name cells.Text, look cells.Style, parts ...cells.Text) {
	line := cells.Text{}
	flush := func() {
		f.rows = append(f.rows, textRow{{padRight(f.c, name, factName), f.c.dim}, {line, look}})
		name, line = cells.Text{}, cells.Text{}
	}
	for i, p := range parts {
		if i < len(parts)-1 {
			p = p.Plus(cells.Say(", "))
		}
		if !line.Empty() && line.Plus(p).Width(f.c.Method) > f.w-factName {
			flush()
		}
		line = line.Plus(p)
	}
	if !line.Empty() {
		flush()
	}
}

// detailRows says what is known of a transfer.
func (a *App) detailRows(c canvas, t *session.Transfer, w int) []textRow {
	f := &factSheet{c: c, w: w}
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
	f.add(verb, look, stateSign(c, t).Plus(cells.Say(" "), state))
	f.add(cells.Say("from"), c.plain, a.fromText(t))
	f.add(cells.Say("to"), c.plain, placeName(a.place(t.Job.To)).Plus(cells.Say(":"), cells.Shown(t.Job.Destination.String())))
	f.add(cells.Say("done"), c.plain, progressTexts(t)...)
	f.add(cells.Say("bytes"), c.plain, cells.Sayf("%s verified by the receiver", sizeText(t.Verified)),
		cells.Sayf("%s sent", sizeText(t.Wire)), cells.Sayf("%s saved by resume and delta", sizeText(t.Reused)))
	f.add(cells.Say("when"), c.plain, whenTexts(t, c.now)...)
	f.add(cells.Say("order"), c.plain, orderTexts(t)...)
	if t.Others > 0 {
		f.add(cells.Say("beside"), c.ask, cells.Sayf("%s when it began: where two write one file, the second is refused", countText(int64(t.Others), cells.Say("other writer"))))
	}
	if t.Rule != nil {
		f.add(cells.Say("conflicts"), c.plain, ruleText(*t.Rule))
	}
	if t.Err != nil {
		x := explain(t.Err)
		f.add(cells.Say("why"), c.fail, x.what)
		f.add(cells.Text{}, c.plain, x.hint)
	}
	for _, s := range a.queue.figuresOf(t).streams {
		what := cells.Say("idle")
		if !s.file.IsRoot() {
			what = cells.Sayf("%3d%%  %s  %s", int(s.share*100+1e-9), padLeft(c, shortRate(s.rate), 6), cells.Name(s.file.Base()).Squeeze(c.Method, max(w-factName-24, 8)))
		}
		f.add(cells.Sayf("stream %d", s.id), c.plain, what, cells.Sayf("lane %d", s.lane))
	}
	return append(f.rows, failureRows(c, t, w)...)
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

func progressText(t *session.Transfer) (text cells.Text) {
	for i, p := range progressTexts(t) {
		if i > 0 {
			text = text.Plus(cells.Say(", "))
		}
		text = text.Plus(p)
	}
	return text
}

// progressTexts is how much of a transfer is done.
func progressTexts(t *session.Transfer) []cells.Text {
	out := []cells.Text{cells.Sayf("%s of %s", groupText(t.FilesDone), countText(t.Files, cells.Say("file")))}
	if t.Dirs > 0 {
		out = append(out, countOf(t.Dirs, cells.Say("directory"), cells.Say("directories")))
	}
	bytes := cells.Sayf("%s of %s", sizeText(t.Verified), sizeText(t.Bytes))
	if !t.Counted && !t.State.Over() {
		bytes = bytes.Plus(cells.Say(" so far"))
	}
	out = append(out, bytes)
	if t.Skipped > 0 {
		out = append(out, cells.Sayf("%s skipped", groupText(t.Skipped)))
	}
	if t.Failures > 0 {
		out = append(out, cells.Sayf("%s failed", groupText(t.Failures)))
	}
	return out
}

func countOf(n int64, one, many cells.Text) cells.Text {
	if n == 1 {
		return cells.Sayf("1 %s", one)
	}
	return groupText(n).Plus(cells.Say(" "), many)
}

// whenTexts is when a transfer was queued, begun and over.
func whenTexts(t *session.Transfer, now time.Time) (out []cells.Text) {
	add := func(word cells.Text, at time.Time) {
		if !at.IsZero() {
			out = append(out, word.Plus(cells.Say(" "), clockText(at, now)))
		}
	}
	add(cells.Say("queued"), t.Queued)
	add(cells.Say("begun"), t.Started)
	add(cells.Say("over"), t.Finished)
	return out
}

// clockText writes a moment: of today by the clock, else with the day.
func clockText(at, now time.Time) cells.Text {
	at = at.In(now.Location())
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return cells.Shown(at.Format("15:04:05"))
	}
	return cells.Sayf("%d %s", at.Day(), cells.Shown(at.Format("Jan 15:04")))
}

// orderTexts is when it is a transfer's turn, and what holds it back.
func orderTexts(t *session.Transfer) []cells.Text {
	out := []cells.Text{cells.Sayf("priority %d of %d", t.Job.Priority, session.MaxPriority)}
	if n := t.Job.Options.Limit; n > 0 {
		out = append(out, cells.Sayf("at most %s", rateText(float64(n))))
	}
	if t.Attempt > 1 {
		out = append(out, cells.Sayf("attempt %d", t.Attempt))
	}
	return out
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
