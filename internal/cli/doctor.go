package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

const doctorLong = `Find what limits this machine and the path to TARGET, and say what to do about it: the kernel and what it
gives to sockets, the speed of hashing and of the disk of --dir, whether UDP gets to a relay and what NAT it
sees, the largest packet, and of TARGET what bargee ping says. Without --relay it asks all relays that were
added; two of them tell the kinds of NAT apart.

Exit code 0: nothing is broken, though it may be slow; 3: something is.`

// A verdict is how a check ended.
type verdict string

const (
	verdictOK      verdict = "ok"
	verdictWarn    verdict = "warn"    // it works, but could be better
	verdictFail    verdict = "fail"    // it does not work
	verdictUnknown verdict = "unknown" // could not be found out
)

// A finding is what one check found, and what to do.
type finding struct {
	Event   string             `json:"event"`
	Name    string             `json:"name"`
	Verdict verdict            `json:"verdict"`
	Value   string             `json:"value"`
	Advice  string             `json:"advice,omitempty"`
	Figures map[string]float64 `json:"figures,omitempty"`
}

type doctorEvent struct {
	Event   string `json:"event"`
	OK      int    `json:"ok"`
	Warn    int    `json:"warn"`
	Fail    int    `json:"fail"`
	Unknown int    `json:"unknown"`
}

type doctorOptions struct {
	*app
	reachFlags
	relay relayFlags
	dir   string
	count map[verdict]int
}

func newDoctor(a *app) *cobra.Command {
	o := &doctorOptions{app: a, count: map[verdict]int{}}
	cmd := &cobra.Command{
		Use:     "doctor [TARGET]",
		Short:   "Find what limits this machine and a path, and what to do",
		Long:    doctorLong,
		Example: "  bargee doctor\n  bargee doctor --json laptop:\n  bargee doctor --dir /srv --relay bargee://relay.example",
		Args:    atMost(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	o.reachFlags.add(cmd)
	o.relay.add(cmd.Flags())
	cmd.Flags().StringVar(&o.dir, "dir", ".", "measure the disk of `DIR`")
	return cmd
}

func (o *doctorOptions) run(ctx context.Context, args []string) error {
	targets, err := o.targets(args)
	if err != nil {
		return err
	}
	relays, err := o.relays()
	if err != nil {
		return err
	}
	for _, check := range []func(context.Context) finding{
		o.kernel, o.buffers, o.batches, o.hashing, o.disk,
	} {
		if err := o.tellFinding(ctx, check(ctx)); err != nil {
			return err
		}
	}
	for _, f := range o.network(ctx, relays) {
		if err := o.tellFinding(ctx, f); err != nil {
			return err
		}
	}
	for _, t := range targets {
		for _, f := range o.path(ctx, t) {
			if err := o.tellFinding(ctx, f); err != nil {
				return err
			}
		}
	}
	return o.verdict()
}

// tellFinding prints a finding at once: some take their time.
func (o *doctorOptions) tellFinding(ctx context.Context, f finding) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	f.Event = "check"
	o.count[f.Verdict]++
	if o.json {
		o.event(f)
		return o.flush()
	}
	colors := map[verdict]string{verdictOK: "32", verdictWarn: "33", verdictFail: "31", verdictUnknown: "2"}
	o.printf("%s  %-8s %s\n", o.paint(colors[f.Verdict], fmt.Sprintf("%-7s", f.Verdict)), f.Name, f.Value)
	if f.Advice != "" {
		o.printf("%17s %s\n", "", f.Advice)
	}
	return o.flush()
}

func (o *doctorOptions) verdict() error {
	if o.json {
		o.event(doctorEvent{"doctor", o.count[verdictOK], o.count[verdictWarn], o.count[verdictFail], o.count[verdictUnknown]})
	}
	if o.count[verdictFail] > 0 {
		return &partlyError{first: &session.Error{Kind: session.Internal, Err: errors.New("something does not work")}}
	}
	return nil
}
