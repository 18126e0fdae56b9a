package tui

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/preview"
)

// A hunt reads a file in turn for something in it: a pattern, a line, or how
// many lines there are. It can be ended, and says how far it is.
type hunt struct {
	cancel context.CancelFunc
	what   cells.Text
	from   int64
	to     int64
	at     atomic.Int64
}

// percent is how far it is.
func (h *hunt) percent() int {
	if h.to < h.from {
		return percent(h.from-h.at.Load(), h.from-h.to)
	}
	return percent(h.at.Load()-h.from, h.to-h.from)
}

// huntMsg brings what was found.
type huntMsg struct {
	v     *viewer
	h     *hunt
	found preview.Range
	move  *viewMove
	only  bool // go there if nobody has scrolled meanwhile
	said  cells.Text
	err   error
}

// huntFor runs f over the file in a command; an earlier hunt ends.
func (v *viewer) huntFor(a *App, what cells.Text, from, to int64, f func(context.Context, *source, *hunt) huntMsg) tea.Cmd {
	v.stopHunt()
	if v.win == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(a.ctx)
	h := &hunt{cancel: cancel, what: what, from: from, to: to}
	h.at.Store(from)
	v.hunt, v.said = h, cells.Text{}
	src := v.src.another(ctx)
	return tea.Batch(func() tea.Msg {
		defer src.close()
		m := f(ctx, src, h)
		m.v, m.h = v, h
		return m
	}, v.huntOn(a, h))
}

// huntOn has the screen drawn now and then, for how far the hunt is.
func (v *viewer) huntOn(a *App, h *hunt) tea.Cmd {
	return a.later(busyInterval, func(time.Time) tea.Msg { return huntingMsg{v, h} })
}

type huntingMsg struct {
	v *viewer
	h *hunt
}

func (m huntingMsg) apply(a *App) tea.Cmd {
	if m.v.hunt != m.h || !a.lies(m.v) {
		return nil
	}
	return m.v.huntOn(a, m.h)
}

func (m huntMsg) apply(a *App) tea.Cmd {
	v := m.v
	if v.hunt != m.h || !a.lies(v) {
		return nil
	}
	v.stopHunt()
	switch {
	case m.err != nil && session.KindOf(m.err) == session.Changed:
		v.changed = true
		return nil
	case m.err != nil:
		v.said = explain(m.err).what
		return nil
	}
	v.said = m.said
	if m.move == nil {
		return nil
	}
	switch {
	case !m.found.Empty():
		v.match = m.found
		return v.showMatch(a)
	case m.only && v.page.Top != m.move.offset:
		return v.countTo(a)
	}
	return v.load(a, *m.move)
}

func (v *viewer) stopHunt() {
	if v.hunt != nil {
		v.hunt.cancel()
		v.hunt = nil
	}
}

// askSearch asks for what to search for.
func (v *viewer) askSearch(*App) tea.Cmd {
	label := cells.Say("Search")
	if v.hex {
		label = cells.Say("Search text, or bytes as 0xca 0xfe")
	}
	v.ask = &ask{label: label, input: newInput(v.pattern), enter: func(s string) action {
		return doing(func(a *App) tea.Cmd {
			v.pattern = s
			return v.search(a, v.page.Top, false)
		})
	}}
	return nil
}

// search goes to the next match from an offset on, or the last before it.
func (v *viewer) search(a *App, from int64, back bool) tea.Cmd {
	if v.pattern == "" || v.win == nil {
		return nil
	}
	p := preview.NewPattern(v.pattern, v.code, v.hex)
	end, size := v.win.Size(), v.win.Size()
	said := cells.Sayf("not found from here to the end: %s", v.pattern)
	if back {
		end, said = 0, cells.Sayf("not found from here to the beginning: %s", v.pattern)
	}
	return v.huntFor(a, cells.Say("searching"), from, end, func(ctx context.Context, src *source, h *hunt) huntMsg {
		found, err := p.Find(ctx, src, size, from, back, h.at.Store)
		if err != nil || found.Empty() {
			return huntMsg{said: said, err: err}
		}
		return huntMsg{found: found, move: &viewMove{}}
	})
}

// searchOn goes to the next match, or the one before.
func (v *viewer) searchOn(back bool) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		if v.pattern == "" {
			return v.askSearch(a)
		}
		from := v.page.Top
		if !v.match.Empty() {
			from = v.match.Start
			if !back {
				from++
			}
		}
		return v.search(a, from, back)
	}
}

// showMatch shows the page with the match, and scrolls sideways to it.
func (v *viewer) showMatch(a *App) tea.Cmd {
	m := viewMove{to: atOffset, offset: v.match.Start, above: v.area(a.width, a.height).H / 3, reveal: true}
	if v.match.Start >= v.page.Top && v.match.End <= v.page.Next { // it is there already
		m.offset, m.above = v.page.Top, 0
		if v.page.Number > 0 && !v.hex {
			m.to, m.line = atLine, v.page.Number
		}
	}
	return v.load(a, m)
}

// askGoto asks for where to go.
func (v *viewer) askGoto(*App) tea.Cmd {
	label := cells.Say("Go to line, 50%, or 0x offset")
	if v.hex {
		label = cells.Say("Go to offset, 0x offset, or 50%")
	}
	v.ask = &ask{label: label, input: newInput(""), enter: func(s string) action {
		return doing(func(a *App) tea.Cmd { return v.goTo(a, s) })
	}}
	return nil
}

// goTo goes where somebody typed.
func (v *viewer) goTo(a *App, typed string) tea.Cmd {
	typed = strings.TrimSpace(typed)
	if v.win == nil || typed == "" {
		return nil
	}
	size := v.win.Size()
	if share, ok := strings.CutSuffix(typed, "%"); ok {
		if f, err := strconv.ParseFloat(share, 64); err == nil && f >= 0 && f <= 100 {
			return v.load(a, viewMove{to: atOffset, offset: int64(float64(size) * f / 100)})
		}
	} else if n, err := strconv.ParseInt(strings.ToLower(typed), 0, 64); err == nil && n >= 0 {
		if v.hex || strings.HasPrefix(strings.ToLower(typed), "0x") {
			return v.load(a, viewMove{to: atOffset, offset: min(n, size)})
		}
		return v.goToLine(a, max(n, 1))
	}
	v.said = cells.Sayf("no line, share or offset: %s", typed)
	return nil
}

// goToLine counts lines up to the one wanted.
func (v *viewer) goToLine(a *App, line int64) tea.Cmd {
	code, size := v.code, v.win.Size()
	return v.huntFor(a, cells.Say("counting lines"), 0, size, func(ctx context.Context, src *source, h *hunt) huntMsg {
		at, err := preview.FindLine(ctx, src, code, 0, size, line-1, h.at.Store)
		m := &viewMove{to: atLine, offset: at, line: line}
		if at >= size-1 { // there are fewer
			m = &viewMove{to: atEnd}
		}
		return huntMsg{move: m, err: err}
	})
}

// How much is read to number lines that were jumped to: here, and at a peer.
const (
	countHere  = 256 << 20
	countThere = 1 << 20
)

// countTo finds out which line the page begins with, if that is to be shown and
// does not cost much.
func (v *viewer) countTo(a *App) tea.Cmd {
	top, most := v.page.Top, int64(countThere)
	if v.src.place == session.Here {
		most = countHere
	}
	if !v.numbers || v.hex || v.page.Number > 0 || top > most || v.hunt != nil || v.follow {
		return nil
	}
	code := v.code
	return v.huntFor(a, cells.Say("counting lines"), 0, top, func(ctx context.Context, src *source, h *hunt) huntMsg {
		n, err := preview.CountLines(ctx, src, code, 0, top, h.at.Store)
		return huntMsg{move: &viewMove{to: atLine, offset: top, line: n + 1}, only: true, err: err}
	})
}
