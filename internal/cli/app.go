package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

// An app is one run of the command line: its streams, its environment and the
// flags that all commands share.
type app struct {
	stdin  io.Reader
	lines  *bufio.Reader // of stdin, once a line was asked for
	stdout *bufio.Writer // flushed at the end, and where somebody waits for a line
	stderr io.Writer
	getenv func(string) string

	console io.Writer // where questions are asked
	asks    bool      // there is a person to answer: standard input is a terminal
	draws   bool      // standard error is one
	styled  bool      // standard output is one
	screen  bool      // two panes fit: standard input and output are

	json    bool
	quiet   bool
	verbose bool
	noColor bool
	timeout time.Duration // 0: the defaults

	configName string // of the file; "": where it usually is

	checks map[*cobra.Command]func() error // what finds values of flags that make no sense; nil: not wanted
}

// The longest waits where --timeout does not say otherwise.
const (
	connectTimeout  = 10 * time.Second
	progressTimeout = 30 * time.Second
)

// connectWait and progressWait are the longest waits for a peer to be there and
// for it to go on.
func (a *app) connectWait() time.Duration {
	if a.timeout > 0 {
		return a.timeout
	}
	return connectTimeout
}

func (a *app) progressWait() time.Duration {
	if a.timeout > 0 {
		return a.timeout
	}
	return progressTimeout
}

// colors tells whether text for a terminal may be coloured.
func (a *app) colors() bool { return !a.noColor && a.getenv("NO_COLOR") == "" }

// paint returns s in a colour of ECMA-48 if the standard output is a terminal.
func (a *app) paint(code, s string) string {
	if !a.styled || !a.colors() {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// checkedBy says what finds values of the flags of cmd that make no sense, for bargee
// config check: what cmd does itself, too, with nothing given but flags.
func (a *app) checkedBy(cmd *cobra.Command, check func() error) {
	if a.checks != nil {
		a.checks[cmd] = check
	}
}

// printf writes to standard output; what fails is found by flush.
func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// warn tells the user of something that does not stop the command, detail of
// something that -v asks for, and say of its outcome.
func (a *app) warn(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, "bargee: "+format+"\n", args...)
	}
}

func (a *app) detail(format string, args ...any) {
	if a.verbose {
		fmt.Fprintf(a.stderr, "bargee: "+format+"\n", args...)
	}
}

func (a *app) say(format string, args ...any) {
	if !a.quiet && !a.json {
		a.printf(format+"\n", args...)
	}
}

// tell tells of an error: one line, at most one more of what to do, and with
// --json an event as well.
func (a *app) tell(err error) {
	var partly *partlyError
	var ended roleEnded
	if err == nil || errors.As(err, &partly) || errors.As(err, &ended) { // told of already
		return
	}
	name := "bargee:"
	if a.draws && a.colors() {
		name = "\x1b[1;31mbargee:\x1b[0m"
	}
	fmt.Fprintf(a.stderr, "%s %s\n", name, err)
	var p *problem
	if errors.As(err, &p) && p.hint != "" {
		fmt.Fprintln(a.stderr, p.hint)
	}
	if a.json {
		a.event(newErrorEvent(err))
	}
}

// flush writes out what was printed.
func (a *app) flush() error {
	if err := a.stdout.Flush(); err != nil {
		return &problem{what: "write", where: "standard output", err: &session.Error{Kind: session.KindOf(err), Err: errors.New(reason(err))}}
	}
	return nil
}
