package tui

import (
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// openLimits asks whose speed to limit.
func (a *App) openLimits() tea.Cmd {
	var answers []answer
	if t := a.queue.current(); t != nil && !t.State.Over() {
		answers = append(answers, answer{bind("this transfer", "t"), limitTransfer{*t}})
	}
	answers = append(answers,
		answer{bind("all sent", "s"), limitAll{sent: true}},
		answer{bind("all received", "r"), limitAll{}},
		answer{bind("no limits", "n"), noLimits{}},
	)
	a.ask = &ask{label: cells.Say("Limit"), answers: answers}
	return nil
}

// noLimits lets all transfers go as fast as they can, but for limits of their own.
type noLimits struct{}

func (noLimits) do(a *App) tea.Cmd {
	return a.call(func() doneMsg {
		return doneMsg{err: a.engine.SetLimits(0, 0), note: cells.Say("no limits")}
	})
}

// limitTransfer asks for the limit of a transfer.
type limitTransfer struct{ transfer session.Transfer }

func (l limitTransfer) do(a *App) tea.Cmd {
	name := jobName(l.transfer.Job)
	return a.askRate(cells.Sayf("At most, for %s:", name), l.transfer.Job.Options.Limit, func(n int64) error {
		return a.engine.SetTransferLimit(l.transfer.ID, n)
	})
}

// limitAll asks for the limit of all that is sent, or of all that is received.
type limitAll struct{ sent bool }

func (l limitAll) do(a *App) tea.Cmd {
	send, receive := a.queue.speeds.send, a.queue.speeds.receive
	if l.sent {
		return a.askRate(cells.Say("Send at most:"), send, func(n int64) error { return a.engine.SetLimits(n, receive) })
	}
	return a.askRate(cells.Say("Receive at most:"), receive, func(n int64) error { return a.engine.SetLimits(send, n) })
}

// askRate asks for a rate, and sets it while the transfers go on.
func (a *App) askRate(label cells.Text, was int64, set func(int64) error) tea.Cmd {
	in := newInput(rateTyped(was))
	in.Placeholder = "500KB, 10MB, 80mbit; 0 for no limit"
	a.ask = &ask{label: label, input: in, enter: func(text string) action {
		return setRate{text, set}
	}}
	return nil
}

type setRate struct {
	text string
	set  func(int64) error
}

func (s setRate) do(a *App) tea.Cmd {
	n, err := parseRate(s.text)
	if err != nil {
		a.fail(err)
		return nil
	}
	return a.call(func() doneMsg {
		text := cells.Say("no limit")
		if n > 0 {
			text = cells.Sayf("at most %s from now on", rateText(float64(n)))
		}
		return doneMsg{err: s.set(n), note: text}
	})
}

// rateUnits are what may stand behind a figure, the longest first.
var rateUnits = []struct {
	name  string
	bytes float64
}{
	{"gbit", 1e9 / 8}, {"mbit", 1e6 / 8}, {"kbit", 1e3 / 8}, {"gb", 1e9}, {"mb", 1e6}, {"kb", 1e3},
	{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"b", 1},
}

// parseRate reads a rate as the command line does: bytes a second, 500K, 10M, 1.5
// MB/s (K and M are powers of 1024, KB and MB of 1000), or bits, 80 mbit. Nothing, 0 and "off" are no limit.
func parseRate(text string) (int64, error) {
	s := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), "/s")
	if s == "" || s == "off" {
		return 0, nil
	}
	unit := 1.0
	for _, u := range rateUnits {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			s, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v*unit < 1e15) {
		return 0, &session.Error{Kind: session.Invalid, Err: fmt.Errorf("%q is no speed: 500KB, 10MB, or 0 for no limit", text)}
	}
	return int64(v * unit), nil
}

// rateTyped writes a limit as somebody would type it.
func rateTyped(n int64) string {
	switch {
	case n == 0:
		return ""
	case n%1e6 == 0:
		return fmt.Sprintf("%dMB", n/1e6)
	case n%1e3 == 0:
		return fmt.Sprintf("%dkB", n/1e3)
	}
	return strconv.FormatInt(n, 10)
}

// askConcurrency asks how many transfers run at a time.
func (a *App) askConcurrency() tea.Cmd {
	in := newInput(strconv.Itoa(a.queue.speeds.concurrency))
	in.Placeholder = "1 to " + strconv.Itoa(session.MaxConcurrency)
	a.ask = &ask{label: cells.Say("Transfers at a time:"), input: in, enter: func(text string) action {
		return setConcurrency(text)
	}}
	return nil
}

type setConcurrency string

func (s setConcurrency) do(a *App) tea.Cmd {
	n, err := strconv.Atoi(strings.TrimSpace(string(s)))
	if err != nil {
		a.fail(&session.Error{Kind: session.Invalid, Err: fmt.Errorf("%q is no number", string(s))})
		return nil
	}
	return a.call(func() doneMsg {
		return doneMsg{err: a.engine.SetConcurrency(n), note: countText(int64(n), cells.Say("transfer")).Plus(cells.Say(" at a time"))}
	})
}
