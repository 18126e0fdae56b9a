package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/charmbracelet/x/ansi"
)

// notifyAfter is how long a transfer has run whose end is worth a notification.
const notifyAfter = 10 * time.Second

// notify tells of transfers that ended while the terminal is not looked at, and
// of one that asks: with the bell, and where the terminal is known for it as a
// notification of the desktop.
func (a *App) notify(ended []session.Transfer, asks bool) tea.Cmd {
	if !a.away || a.opts.Notify == "off" {
		return nil
	}
	var long []session.Transfer
	for _, t := range ended {
		if t.State != session.StateCancelled && t.Finished.Sub(t.Started) >= notifyAfter {
			long = append(long, t)
		}
	}
	c := a.canvas()
	var text cells.Text
	switch {
	case len(long) == 1:
		what, _ := outcome(c, &long[0])
		text = cells.Sayf("%s: %s", jobName(long[0].Job).Squeeze(c.Method, 60), what)
	case len(long) > 1:
		text = cells.Sayf("%s ended", countText(int64(len(long)), cells.Say("transfer")))
	case asks:
		text = cells.Say("a name is taken: what shall become of it?")
	default:
		return nil
	}
	seq := "\a"
	if a.opts.Notify != "bell" {
		seq += a.opts.through(desktop(a.opts.Environ, a.opts.Passthrough, text.String()))
	}
	return tea.Raw(seq)
}

// desktop is what makes the terminal show a notification, empty where none is
// known: others would print it, or take it for something else. Over ssh only TERM
// comes along, and what iTerm2 sends.
func desktop(environ []string, passthrough bool, text string) string {
	kind, program := lookup(environ, "TERM"), lookup(environ, "TERM_PROGRAM")
	if program == "" || program == "tmux" {
		program = lookup(environ, "LC_TERMINAL")
	}
	if lookup(environ, "TMUX") != "" || strings.HasPrefix(kind, "tmux") || strings.HasPrefix(kind, "screen") {
		if !passthrough {
			return "" // it is swallowed
		}
	}
	switch {
	case kind == "xterm-kitty" || lookup(environ, "KITTY_WINDOW_ID") != "":
		return ansi.DesktopNotification("bargee: " + text)
	case strings.HasPrefix(kind, "foot") || strings.HasPrefix(kind, "rxvt-unicode") || kind == "xterm-ghostty" || program == "ghostty":
		return "\x1b]777;notify;bargee;" + strings.ReplaceAll(text, ";", ",") + "\x1b\\"
	case program == "iTerm.app" || program == "iTerm2" || program == "WezTerm" || kind == "wezterm":
		return ansi.Notify("bargee: " + text)
	}
	return ""
}

// taskbar is how far the queue is, for the taskbar; nil where that is not known
// to be shown so. iTerm2, for one, makes a notification of each step.
func (a *App) taskbar() *tea.ProgressBar {
	switch sum := &a.queue.sum; {
	case a.opts.Taskbar == "off", a.opts.Taskbar != "on" && !showsProgress(a.opts.Environ):
	case sum.Running == 0:
	case !sum.Counted || sum.Bytes == 0:
		return tea.NewProgressBar(tea.ProgressBarIndeterminate, 0)
	case sum.Asking > 0:
		return tea.NewProgressBar(tea.ProgressBarWarning, percent(sum.Verified, sum.Bytes))
	default:
		return tea.NewProgressBar(tea.ProgressBarDefault, percent(sum.Verified, sum.Bytes))
	}
	return nil
}

// showsProgress tells whether the terminal is one of those that put OSC 9;4 into
// the taskbar, and not behind a multiplexer.
func showsProgress(environ []string) bool {
	kind := lookup(environ, "TERM")
	if lookup(environ, "TMUX") != "" || strings.HasPrefix(kind, "screen") || strings.HasPrefix(kind, "tmux") {
		return false
	}
	return lookup(environ, "WT_SESSION") != "" || lookup(environ, "ConEmuANSI") == "ON" ||
		kind == "xterm-ghostty" || lookup(environ, "TERM_PROGRAM") == "ghostty"
}
