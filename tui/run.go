package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/theme"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
)

// A Location is a directory of a place.
type Location struct {
	Place session.PlaceID
	Dir   session.Path
}

// Options say what the screen shows when it opens.
type Options struct {
	Left  Location
	Right *Location    // nil: the right pane offers known peers and to connect
	Home  session.Path // written ~ in the paths of this machine

	OfferPin bool // offer to trust a peer that is not pinned yet
	Demo     bool // say that this is the demonstration
	Guide    bool // lead somebody who is new to a first transfer, unless that was done before
	NoMouse  bool // leave the mouse to the terminal until somebody asks for it
	Slow     bool // the line to the terminal is slow: fewer frames, and progress now and then
	ASCII    bool // no letters beyond ASCII but for those of names

	// How panes are sorted when the screen opens: "name", "extension", "size" or
	// "time", the other way round, with hidden files.
	Sort            string
	Reverse, Hidden bool

	// Notify says how the end of a long transfer is told while the terminal is
	// not looked at: "auto", "bell", "off"; Taskbar whether progress goes there:
	// "auto", "on", "off"; Passthrough that tmux lets through what is meant for
	// the terminal around it.
	Notify, Taskbar string
	Passthrough     bool

	// Theme is one of theme.Names, and Looks are looks for some of its roles
	// instead of the theme's own. Nothing is the default.
	Theme string
	Looks map[string]string

	// Keys are other keys for some actions, by their names; none means that the
	// action has no key. They must be checked: see Actions.
	Keys map[string][]string

	// Memory is what the screen kept the last time, and Remember keeps it; it
	// may be called from several goroutines. Nil: nothing is kept.
	Memory   Memory
	Remember func(Memory) error

	// Background lets the transfers go on in a process of their own; when it
	// returns nil, the screen closes. Nil: they end with the screen, and are
	// resumed the next time.
	Background func(context.Context) error

	// LeaveRunning has that done when the screen is left, without asking.
	LeaveRunning bool

	// HostPath writes a path of this machine as its shell takes it, and PathOf
	// reads one. Nil: with slashes.
	HostPath func(session.Path) string
	PathOf   func(string) (session.Path, error)

	// Desk is where files are edited. Nil: they are not.
	Desk Desk

	// Split divides an address as it is typed into what Engine.Connect takes
	// and the directory to open there. Nil: it is all address.
	Split func(typed string) (address string, dir session.Path, err error)

	// PeerName proposes a name for a peer to be trusted. Nil: what its place is
	// called.
	PeerName func(session.Place) string

	// Pairing brings other machines here. Nil: the screen has nothing of it. With
	// Pairs the screen begins with it.
	Pairing Pairing
	Pairs   bool

	// Offers is what others offer to this machine. Nil: nothing can be received.
	Offers Offers

	// Store is asked before files are stored in a drop box. Nil: they are stored as
	// is usual.
	Store StoreDesk

	// Bookmarks keeps the bookmarks. Nil: they are forgotten with the screen.
	Bookmarks Bookmarks

	Input   io.Reader // nil: standard input
	Output  io.Writer // the terminal
	Environ []string  // TERM, NO_COLOR, SSH_TTY
}

func (o Options) peerName(p session.Place) string {
	if o.PeerName != nil {
		return o.PeerName(p)
	}
	return p.Name
}

// Run shows the screen until somebody quits, the terminal is gone, or ctx ends;
// then it returns nil. Signals are the caller's: ctx must end with them. The
// engine is left as it is, with its transfers running.
func Run(ctx context.Context, e Engine, opts Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := newOutput(opts.Output)
	defer out.Close()
	a := newApp(ctx, e, opts)
	a.out = out
	_, err := tea.NewProgram(a, programOptions(opts, out)...).Run()
	io.WriteString(out, orderAgain)
	if err != nil && !errors.Is(err, tea.ErrInterrupted) && ctx.Err() == nil {
		return fmt.Errorf("the screen: %w", err)
	}
	return nil
}

func programOptions(opts Options, out *output) []tea.ProgramOption {
	list := []tea.ProgramOption{
		tea.WithColorProfile(profile(opts.Environ)),
		tea.WithEnvironment(opts.Environ),
		tea.WithoutSignalHandler(),
		tea.WithFilter(calmMouse()),
	}
	if opts.Slow {
		list = append(list, tea.WithFPS(slowFrames))
	}
	if f, ok := opts.Output.(term.File); ok {
		list = append(list, tea.WithOutput(terminal{out, f}))
	} else {
		list = append(list, tea.WithOutput(out))
	}
	if opts.Input != nil {
		list = append(list, tea.WithInput(opts.Input))
	}
	return list
}

// profile is how many colours may be used, as the environment says. Left to
// itself, Bubble Tea would ask tmux in a process of its own before the first
// frame.
func profile(environ []string) colorprofile.Profile {
	kind := lookup(environ, "TERM")
	switch deep := lookup(environ, "COLORTERM"); {
	case lookup(environ, "NO_COLOR") != "" || kind == "dumb":
		return colorprofile.ASCII
	case deep == "truecolor" || deep == "24bit" || strings.HasSuffix(kind, "-direct"):
		return colorprofile.TrueColor
	case strings.Contains(kind, "256color"):
		return colorprofile.ANSI256
	}
	return colorprofile.ANSI
}

// asksBackground tells whether to ask the terminal for its background. Those
// that do not know the question show it.
func asksBackground(environ []string) bool {
	switch kind := lookup(environ, "TERM"); {
	case kind == "", kind == "dumb", kind == "linux", strings.HasPrefix(kind, "vt"), strings.HasPrefix(kind, "cons"):
		return false
	}
	return lookup(environ, "NO_COLOR") == ""
}

// dress takes the looks for the background that the terminal has.
func (a *App) dress(m tea.BackgroundColorMsg) {
	on := theme.Light
	if m.Color == nil {
		on = theme.Unknown
	} else if m.IsDark() {
		on = theme.Dark
	}
	a.styles = newStyles(a.opts.ASCII, a.opts.Theme, a.opts.Looks, on)
}

// modeQuery asks for synchronized output and for widths by grapheme where Bubble
// Tea does not: over ssh.
func modeQuery(environ []string) string {
	if lookup(environ, "SSH_TTY") == "" {
		return ""
	}
	return ansi.RequestModeSynchronizedOutput + ansi.RequestModeUnicodeCore
}

// Some terminals reorder a line in which there is Hebrew or Arabic, columns and
// the other pane included. They are told to leave the order to the program, and
// afterwards to do as before; all others ignore it (ECMA-48, BDSM).
const (
	keepOrder  = "\x1b[8l"
	orderAgain = "\x1b[8h"
)

func lookup(environ []string, name string) string {
	for _, kv := range environ {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
