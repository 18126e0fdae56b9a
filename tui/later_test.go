package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// laterOn is something that was put off.
type laterOn struct {
	after time.Duration
	f     func(time.Time) tea.Msg
}

func (d *driver) putOff(after time.Duration, f func(time.Time) tea.Msg) tea.Cmd {
	d.laters = append(d.laters, laterOn{after, f})
	return nil
}

// due lets everything happen that was put off up to now.
func (d *driver) due() {
	all := d.laters
	d.laters = nil
	for _, l := range all {
		if msg := l.f(testNow); msg != nil {
			d.send(msg)
		}
	}
}

// start presses a key whose command waits for something, and returns what comes
// of it later.
func (d *driver) start(key string) <-chan tea.Msg {
	_, cmd := d.app.Update(keyMsg(key))
	return d.startCmd(cmd)
}

func (d *driver) startCmd(cmd tea.Cmd) <-chan tea.Msg {
	out := make(chan tea.Msg, 8)
	var run func(tea.Cmd)
	run = func(cmd tea.Cmd) {
		if cmd == nil {
			return
		}
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				go run(c)
			}
		default:
			out <- msg
		}
	}
	go run(cmd)
	return out
}
