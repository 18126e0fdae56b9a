package tui

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/charmbracelet/x/ansi"
)

// maxClipboard is how many bytes of base64 a terminal is given for its clipboard:
// several take no more, and say nothing about it.
const maxClipboard = 74_994

func clipboardKeys() []binding {
	return []binding{
		{name: "copy-path", Binding: bind("copy the path to the clipboard", "y"), scope: inPanes, cannot: needsEntry, run: (*App).copyPaths},
	}
}

// copyPaths gives the paths of what is tagged, else of what the cursor is on, to
// the clipboard of the terminal (OSC 52). Whether it took them nobody knows.
func (a *App) copyPaths() tea.Cmd {
	p := a.pane()
	chosen := p.chosen()
	if len(chosen) == 0 {
		a.note = note{text: needsEntry(a), tone: toneHint}
		return nil
	}
	paths, err := p.paths(chosen)
	if err != nil {
		a.fail(err)
		return nil
	}
	var lines []string
	size := 0
	for _, path := range paths {
		line := a.written(Location{p.place, path})
		lines = append(lines, line)
		if size += len(line) + 1; base64.StdEncoding.EncodedLen(size) > maxClipboard {
			a.note = note{text: cells.Sayf("%s do not fit into a terminal's clipboard; tag fewer", countText(int64(len(paths)), cells.Say("path"))), tone: toneAsk}
			return nil
		}
	}
	what := cells.Shown(lines[0]).Squeeze(a.method, max(a.width/3, 12))
	if len(lines) > 1 {
		what = countText(int64(len(lines)), cells.Say("path"))
	}
	a.note = note{text: cells.Sayf("%s: sent to the terminal's clipboard", what), tone: toneDone}
	text := strings.Join(lines, "\n")
	return a.toClipboard(text)
}

// written is a path as bargee takes it, or one of this machine as its system
// writes it, without quotes for a shell. A name that has more in it than can be
// seen is written with escapes: what is pasted must be what was read.
func (a *App) written(at Location) string {
	path := "/" + at.Dir.Raw()
	if at.Place == session.Here && a.opts.HostPath != nil {
		path = a.opts.HostPath(at.Dir)
	}
	if strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(path) {
		path = session.Display(path)
	}
	if at.Place == session.Here {
		return path
	}
	return placeName(a.place(at.Place)).String() + ":" + path
}

// through wraps what is meant for the terminal so that tmux hands it on, if that
// was asked for: without its allow-passthrough it would be lost.
func (o Options) through(seq string) string {
	if o.Passthrough && lookup(o.Environ, "TMUX") != "" {
		return ansi.TmuxPassthrough(seq)
	}
	return seq
}
