package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
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
	NoMouse  bool // leave the mouse to the terminal until somebody asks for it
	Slow     bool // the line to the terminal is slow: fewer frames, and progress now and then
	ASCII    bool // no letters beyond ASCII but for those of names

	// Keys are other keys for some actions, by their names; none means that the
	// action has no key. They must be checked: see Actions.
	Keys map[string][]string

	// Memory is what the screen kept the last time, and Remember keeps it; it
	// may be called from several goroutines. Nil: nothing is kept.
	Memory   Memory
	Remember func(Memory) error

	// Split divides an address as it is typed into what Engine.Connect takes
	// and the directory to open there. Nil: it is all address.
	Split func(typed string) (address string, dir session.Path, err error)

	// PeerName proposes a name for a peer to be trusted. Nil: what its place is
	// called.
	PeerName func(session.Place) string

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

// profile is how many colours may be used: the terminal's sixteen, or none.
// Left to itself, Bubble Tea would ask tmux in a process of its own before the
// first frame.
func profile(environ []string) colorprofile.Profile {
	if lookup(environ, "NO_COLOR") != "" || lookup(environ, "TERM") == "dumb" {
		return colorprofile.ASCII
	}
	return colorprofile.ANSI
}

// modeQuery asks for synchronized output and for widths by grapheme where Bubble
// Tea does not: over ssh.
func modeQuery(environ []string) string {
	if lookup(environ, "SSH_TTY") == "" {
		return ""
	}
	return ansi.RequestModeSynchronizedOutput + ansi.RequestModeUnicodeCore
}

func lookup(environ []string, name string) string {
	for _, kv := range environ {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
