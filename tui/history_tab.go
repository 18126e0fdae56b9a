package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// past is a search among the transfers that are over, and what it found: the
// newest first.
type past struct {
	text  string // as it was typed
	rows  []session.Transfer
	asked int // number of the last search
}

func (p *past) set() bool { return p.text != "" }

func (p *past) says() cells.Text { return cells.Sayf("/%s", p.text) }

// historyPage is how many transfers a search brings at the most.
const historyPage = 500

// parseHistory makes a query of words: failed, done or cancelled; today,
// yesterday, a day (2026-11-21) or a month (2026-11); @peer; and for the rest a
// mask or a part of a name or path.
func parseHistory(text string, now time.Time) session.HistoryQuery {
	q := session.HistoryQuery{Limit: historyPage}
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	var words []string
	for _, w := range strings.Fields(text) {
		switch low := strings.ToLower(w); {
		case low == "failed":
			q.Status = session.StatusFailed
		case low == "done":
			q.Status = session.StatusDone
		case low == "cancelled":
			q.Status = session.StatusCancelled
		case low == "today":
			q.From = today
		case low == "yesterday":
			q.From, q.To = today.AddDate(0, 0, -1), today
		case len(w) > 1 && w[0] == '@':
			q.Peer = w[1:]
		case !dates(&q, w, now.Location()):
			words = append(words, w)
		}
	}
	q.Glob = globOf(strings.Join(words, " "))
	return q
}

// dates reads a day or a month.
func dates(q *session.HistoryQuery, w string, at *time.Location) bool {
	if t, err := time.ParseInLocation("2006-01-02", w, at); err == nil {
		q.From, q.To = t, t.AddDate(0, 0, 1)
		return true
	}
	if t, err := time.ParseInLocation("2006-01", w, at); err == nil {
		q.From, q.To = t, t.AddDate(0, 1, 0)
		return true
	}
	return false
}

// globOf makes a glob of a mask, or of a part of a name or path.
func globOf(s string) string {
	switch {
	case s == "" || strings.ContainsAny(s, "*?"):
		return s
	case strings.Contains(s, "/"):
		return "/**/*" + quoteGlob(strings.TrimPrefix(s, "/")) + "*{,/**}"
	}
	return "*" + quoteGlob(s) + "*"
}

// quoteGlob takes their meaning from the letters that mean something in a glob.
func quoteGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`).Replace(s)
}

// askHistory searches among what is over while somebody types.
func (a *App) askHistory() tea.Cmd {
	if a.queue.tab == activeTab || a.queue.tab == logTab {
		a.queue.turn(doneTab)
	}
	in := newInput(a.queue.past.text)
	in.Placeholder = "*.mkv  failed  today  2026-11-21  @peer"
	search := func(text string) action { return searchHistory(text) }
	a.ask = &ask{
		label: cells.Say("Over:"), input: in, enter: search, change: search,
		escape: func() action { return searchHistory("") },
	}
	return a.pollNow()
}

type searchHistory string

func (s searchHistory) do(a *App) tea.Cmd {
	a.queue.spots[doneTab] = spot{}
	a.queue.tab = doneTab
	p := &a.queue.past
	p.asked++
	if p.text = string(s); !p.set() {
		p.rows = nil
		return a.pollNow()
	}
	query, asked := parseHistory(p.text, a.now()), p.asked
	return func() tea.Msg {
		rows, err := a.engine.History(a.ctx, query)
		return historyMsg{asked, rows, err}
	}
}

// historyMsg brings what a search found.
type historyMsg struct {
	asked int
	rows  []session.Transfer
	err   error
}

func (m historyMsg) apply(a *App) tea.Cmd {
	p := &a.queue.past
	if m.asked != p.asked {
		return nil
	}
	if p.rows = m.rows; m.err != nil {
		a.fail(m.err)
	}
	return nil
}
