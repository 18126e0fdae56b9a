package tui

import (
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/tui/cells"
)

// styles are all looks of the screen. They are made once and handed down;
// nothing else decides on a colour. Every meaning has a sign and a word besides
// its colour.
type styles struct {
	plain  cells.Style
	dim    cells.Style // dates, what waits, what is only there to help
	strong cells.Style
	frame  cells.Style
	active cells.Style // frame and path of what has the keys
	folder cells.Style
	tagged cells.Style
	ghost  cells.Style // a file that is not there yet
	done   cells.Style
	ask    cells.Style
	fail   cells.Style
	filled cells.Style // the done part of a bar
	accent cells.Style // keys in hints

	signs signs
}

func newStyles(ascii bool) styles {
	look := lipgloss.NewStyle
	s := styles{
		plain:  cells.Look(look()),
		dim:    cells.Look(look().Faint(true)),
		strong: cells.Look(look().Bold(true)),
		frame:  cells.Look(look().Faint(true)),
		active: cells.Look(look().Foreground(lipgloss.Blue).Bold(true)),
		folder: cells.Look(look().Foreground(lipgloss.Blue)),
		tagged: cells.Look(look().Foreground(lipgloss.Yellow)),
		ghost:  cells.Look(look().Italic(true).Faint(true)),
		done:   cells.Look(look().Foreground(lipgloss.Green)),
		ask:    cells.Look(look().Foreground(lipgloss.Yellow)),
		fail:   cells.Look(look().Foreground(lipgloss.Red)),
		filled: cells.Look(look().Foreground(lipgloss.Cyan)),
		accent: cells.Look(look().Foreground(lipgloss.Cyan)),
		signs:  fine,
	}
	if ascii {
		s.signs = plainSigns
	}
	return s
}

// signs are the characters that ASCII terminals, and those that draw ambiguous
// letters twice as wide, need others for.
type signs struct {
	border lipgloss.Border

	full, rest cells.Text   // of a bar
	eighths    []cells.Text // of a stream's cell, rising

	tag, here                                           cells.Text // marks in front of a row
	up, downward, waiting, paused, retrying, fail, done cells.Text // states of a transfer
	asking, dot, arrow, both, more, rising, falling     cells.Text
}

var fine = signs{
	border: lipgloss.RoundedBorder(),
	full:   cells.Say("━"), rest: cells.Say("─"), eighths: each(" ▁▂▃▄▅▆▇█"),
	tag: cells.Say("•"), here: cells.Say("▌"),
	up: cells.Say("▲"), downward: cells.Say("▼"), waiting: cells.Say("∙"), paused: cells.Say("‖"),
	retrying: cells.Say("↻"), fail: cells.Say("✗"), done: cells.Say("✓"), asking: cells.Say("?"),
	dot: cells.Say(" · "), arrow: cells.Say("→"), both: cells.Say("⇄"), more: cells.Say("…"),
	rising: cells.Say("↑"), falling: cells.Say("↓"),
}

var plainSigns = signs{
	border: lipgloss.ASCIIBorder(),
	full:   cells.Say("#"), rest: cells.Say("."), eighths: each(" 12345678"),
	tag: cells.Say("*"), here: cells.Say(">"),
	up: cells.Say("^"), downward: cells.Say("v"), waiting: cells.Say("."), paused: cells.Say("="),
	retrying: cells.Say("~"), fail: cells.Say("x"), done: cells.Say("+"), asking: cells.Say("?"),
	dot: cells.Say(" - "), arrow: cells.Say("->"), both: cells.Say("<->"), more: cells.Say("..."),
	rising: cells.Say("^"), falling: cells.Say("v"),
}

// each divides a string into its letters.
func each(s string) []cells.Text {
	var out []cells.Text
	for _, r := range s {
		out = append(out, cells.Shown(string(r)))
	}
	return out
}
