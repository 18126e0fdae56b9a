package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/theme"
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

	link, program, archive, media cells.Style

	signs signs
}

// newStyles makes the looks of a theme on a background; own are those that
// somebody chose instead.
func newStyles(ascii bool, name string, own map[string]string, on theme.Background) styles {
	looks := theme.Looks(name, on)
	look := func(r theme.Role) cells.Style {
		if s, err := theme.Parse(own[string(r)]); err == nil && own[string(r)] != "" {
			return cells.Look(s)
		}
		s, _ := theme.Parse(looks[r]) // a test parses them all
		return cells.Look(s)
	}
	s := styles{
		plain: cells.Look(lipgloss.NewStyle()),
		dim:   look(theme.Dim), strong: look(theme.Strong), frame: look(theme.Frame), active: look(theme.Active),
		folder: look(theme.Folder), link: look(theme.Link), program: look(theme.Program),
		archive: look(theme.Archive), media: look(theme.Media),
		tagged: look(theme.Tagged), ghost: look(theme.Ghost),
		done: look(theme.Done), ask: look(theme.Ask), fail: look(theme.Fail),
		filled: look(theme.Filled), accent: look(theme.Accent),
		signs: fine,
	}
	if ascii {
		s.signs = plainSigns
	}
	return s
}

// ofEntry is the look of a name by what it is.
func (s *styles) ofEntry(e session.Entry) cells.Style {
	switch {
	case e.Kind == session.Directory:
		return s.folder
	case e.Kind == session.Link:
		return s.link
	case e.Kind != session.RegularFile:
		return s.dim
	case e.Mode&0o111 != 0:
		return s.program
	}
	dot := strings.LastIndexByte(e.Name, '.')
	if dot <= 0 || len(e.Name)-dot > 6 {
		return s.plain
	}
	switch strings.ToLower(e.Name[dot+1:]) {
	case "zip", "tar", "gz", "tgz", "xz", "zst", "bz2", "7z", "rar", "iso", "deb", "rpm", "jar":
		return s.archive
	case "png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "tif", "tiff", "mp3", "flac", "ogg", "opus", "wav", "m4a",
		"mp4", "mkv", "avi", "mov", "webm", "m4v":
		return s.media
	}
	return s.plain
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
	differs                                             cells.Text // from the other pane
}

var fine = signs{
	border: lipgloss.RoundedBorder(),
	full:   cells.Say("━"), rest: cells.Say("─"), eighths: each(" ▁▂▃▄▅▆▇█"),
	tag: cells.Say("•"), here: cells.Say("▌"),
	up: cells.Say("▲"), downward: cells.Say("▼"), waiting: cells.Say("∙"), paused: cells.Say("‖"),
	retrying: cells.Say("↻"), fail: cells.Say("✗"), done: cells.Say("✓"), asking: cells.Say("?"), differs: cells.Say("≠"),
	dot: cells.Say(" · "), arrow: cells.Say("→"), both: cells.Say("⇄"), more: cells.Say("…"),
	rising: cells.Say("↑"), falling: cells.Say("↓"),
}

var plainSigns = signs{
	border: lipgloss.ASCIIBorder(),
	full:   cells.Say("#"), rest: cells.Say("."), eighths: each(" 12345678"),
	tag: cells.Say("*"), here: cells.Say(">"),
	up: cells.Say("^"), downward: cells.Say("v"), waiting: cells.Say("."), paused: cells.Say("="),
	retrying: cells.Say("~"), fail: cells.Say("x"), done: cells.Say("+"), asking: cells.Say("?"), differs: cells.Say("!"),
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
