package tui

import "github.com/bargee/bargee/tui/cells"

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
	s := styles{
		dim:    cells.Style{Faint: true},
		strong: cells.Style{Bold: true},
		frame:  cells.Style{Faint: true},
		active: cells.Style{Color: cells.Blue, Bold: true},
		folder: cells.Style{Color: cells.Blue},
		tagged: cells.Style{Color: cells.Yellow},
		ghost:  cells.Style{Italic: true, Faint: true},
		done:   cells.Style{Color: cells.Green},
		ask:    cells.Style{Color: cells.Yellow},
		fail:   cells.Style{Color: cells.Red},
		filled: cells.Style{Color: cells.Cyan},
		accent: cells.Style{Color: cells.Cyan},
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
	topLeft, topRight, bottomLeft, bottomRight rune
	across, down                               rune
	teeDown, teeUp, teeLeft, teeRight, cross   rune

	full, rest rune   // of a bar
	eighths    []rune // of a stream's cell, rising

	tag, here                                           cells.Text // marks in front of a row
	up, downward, waiting, paused, retrying, fail, done cells.Text // states of a transfer
	asking, dot, arrow, both, more, rising, falling     cells.Text
}

var fine = signs{
	topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯', across: '─', down: '│',
	teeDown: '┬', teeUp: '┴', teeLeft: '┤', teeRight: '├', cross: '┼',
	full: '━', rest: '─', eighths: []rune(" ▁▂▃▄▅▆▇█"),
	tag: cells.Say("•"), here: cells.Say("▌"),
	up: cells.Say("▲"), downward: cells.Say("▼"), waiting: cells.Say("∙"), paused: cells.Say("‖"),
	retrying: cells.Say("↻"), fail: cells.Say("✗"), done: cells.Say("✓"), asking: cells.Say("?"),
	dot: cells.Say(" · "), arrow: cells.Say("→"), both: cells.Say("⇄"), more: cells.Say("…"),
	rising: cells.Say("↑"), falling: cells.Say("↓"),
}

var plainSigns = signs{
	topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', across: '-', down: '|',
	teeDown: '+', teeUp: '+', teeLeft: '+', teeRight: '+', cross: '+',
	full: '#', rest: '.', eighths: []rune(" 12345678"),
	tag: cells.Say("*"), here: cells.Say(">"),
	up: cells.Say("^"), downward: cells.Say("v"), waiting: cells.Say("."), paused: cells.Say("="),
	retrying: cells.Say("~"), fail: cells.Say("x"), done: cells.Say("+"), asking: cells.Say("?"),
	dot: cells.Say(" - "), arrow: cells.Say("->"), both: cells.Say("<->"), more: cells.Say("..."),
	rising: cells.Say("^"), falling: cells.Say("v"),
}
