package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/internal/plain"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// runPlain is the screen line by line: for screen readers, terminals that cannot
// draw, and pipes.
func (o *screenOptions) runPlain(ctx context.Context, t target) error {
	if o.json {
		return usage("--plain prints no JSON", "commands do: bargee ls --json, bargee cp --json")
	}
	r, err := o.app.reach()
	if err != nil {
		return err
	}
	r.ssh.wants(&o.reachFlags)
	defer r.Close()
	if r.lanes = o.lanes; r.lanes == 0 {
		r.lanes = transport.AutoLanes
	}
	closeLog, err := o.screenLog(r.home)
	if err != nil {
		return err
	}
	defer closeLog()
	e := o.queue(r, control.Screen)
	defer e.Close()
	dir, err := localDirectory(o.dir)
	if err != nil {
		return err
	}
	cfg := plain.Config{
		Engine: e, Here: plain.Side{Dir: dir},
		PeerName: func(p session.Place) string { return proposal(r, p) },
		Connect: func(ctx context.Context, address string) (plain.Side, error) {
			t, err := typedTarget(r, address)
			if err != nil {
				return plain.Side{}, err
			}
			return o.plainSide(ctx, e, r, t)
		},
		ReadLine: o.inputLine, Output: o.stdout, Asks: o.asks,
	}
	if o.target != "" {
		there, err := o.plainSide(ctx, e, r, t)
		if err != nil {
			return err
		}
		cfg.There = &there
	}
	err = plain.Run(ctx, cfg)
	if errors.Is(err, plain.ErrLeft) {
		return &partlyError{}
	}
	return err
}

// plainSide connects to t.
func (o *screenOptions) plainSide(ctx context.Context, e *control.Queue, r *reach, t target) (plain.Side, error) {
	at, _, err := o.connect(ctx, e, r, t)
	if err != nil {
		return plain.Side{}, err
	}
	return plain.Side{Place: at.Place, Dir: at.Dir}, nil
}

// maxInputLine is how long a line of commands may be.
const maxInputLine = 64 << 10

// inputLine reads a line of standard input. It shares its reader with the
// questions that a command may ask.
func (a *app) inputLine() (string, error) {
	line, err := a.reader().ReadString('\n')
	if len(line) > maxInputLine {
		return "", usage("longer than 64 KiB", "").about("read", "a line of standard input")
	}
	if err != nil && line == "" {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}
