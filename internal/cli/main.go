package cli

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/bargee/bargee/session"
)

// Main runs the command line and returns the exit code.
func Main() int {
	if socket := os.Getenv(askpassSocket); socket != "" && len(os.Args) == 2 { // ssh asks
		if err := askpass(socket, os.Args[1], os.Stdout); err != nil {
			return exitFailed
		}
		return exitDone
	}
	findHome()
	ctx, stop := withSignals(context.Background())
	defer stop()
	return newApp().run(ctx, os.Args[1:])
}

// newApp returns an app on the streams of the process.
func newApp() *app {
	isTerminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	a := &app{
		stdin:   os.Stdin,
		stdout:  bufio.NewWriterSize(os.Stdout, 64<<10),
		stderr:  os.Stderr,
		console: os.Stderr,
		getenv:  os.Getenv,
		asks:    isTerminal(os.Stdin),
		draws:   isTerminal(os.Stderr),
		styled:  isTerminal(os.Stdout),
	}
	a.screen = a.asks && a.styled
	if a.asks && !a.draws {
		a.console = os.Stdin // a terminal is open for both
	}
	return a
}

// withSignals returns a context that the first SIGINT, SIGTERM or SIGHUP ends
// with errInterrupted as its cause. The next one does what it does by default.
// A SIGINT while an editor has the terminal is the editor's, and a SIGHUP that of
// a role that reads its files again.
func withSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	stop := func() { signal.Stop(signals); cancel(nil) }
	go func() {
		for {
			select {
			case s := <-signals:
				if s == os.Interrupt && editing.Load() > 0 {
					continue
				}
				if s == syscall.SIGHUP && reloads.Load() > 0 {
					continue
				}
				signal.Stop(signals)
				if s == syscall.SIGHUP {
					cancel(errHungUp)
				}
				cancel(errInterrupted)
			case <-ctx.Done():
			}
			return
		}
	}()
	return ctx, stop
}

// run runs args and tells of the error that ends them.
func (a *app) run(ctx context.Context, args []string) int {
	err := checkArguments(args)
	if err == nil {
		cmd := newRoot(a)
		cmd.SetArgs(args)
		cmd.SetIn(a.stdin)
		cmd.SetOut(a.stdout)
		cmd.SetErr(a.stderr)
		err = asUsage(cmd.ExecuteContextC(ctx))
	}
	if stopped := interrupted(ctx, ""); err != nil && stopped != nil && exitCode(err) != exitInterrupted {
		err = stopped // whatever failed, failed because of that
	}
	a.json = a.json || contains(args, "--json") // the error may be about the flags
	a.tell(err)
	if ferr := a.flush(); err == nil && ferr != nil {
		err = ferr
		a.tell(err)
	}
	return exitCode(err)
}

// checkArguments refuses tokens before anything can repeat them.
func checkArguments(args []string) error {
	for _, arg := range args {
		_, value, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(arg, "bgt_") || strings.HasPrefix(arg, "-") && strings.HasPrefix(value, "bgt_") {
			return errTokenArgument
		}
	}
	return nil
}

func contains(args []string, flag string) bool {
	for _, arg := range args {
		if arg == "--" {
			return false
		}
		if arg == flag {
			return true
		}
	}
	return false
}

// whyInvalid says what is wrong with the value of a flag: ours know it, of the
// library's the type has to do.
func whyInvalid(err *pflag.InvalidValueError) string {
	switch kind := err.GetFlag().Value.Type(); kind {
	case "int", "uint", "int64":
		return "is no whole number"
	case "duration":
		return "is no time: 500ms, 10s, 5m, 1h30m"
	case "bool":
		return "is neither true nor false"
	default:
		return err.Unwrap().Error()
	}
}

// asUsage makes a problem of the errors that cobra itself finds in the
// arguments; all others are problems already.
func asUsage(cmd *cobra.Command, err error) error {
	var p *problem
	var partly *partlyError
	var ended roleEnded
	if err == nil || errors.As(err, &p) || errors.As(err, &partly) || errors.As(err, &ended) {
		return err
	}
	hint := "see " + cmd.CommandPath() + " --help"
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		return usage(whyInvalid(value), hint).about("--"+value.GetFlag().Name, session.Display(value.GetValue()))
	}
	return usage(err.Error(), hint)
}
