package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

const stopLong = `End what --detach has put into the background: bargee serve, or bargee relay. Where several run, say
which: by serve or relay, by the DIR that is served, by its --pid-file, or --all. It returns when it
has ended; a relay with --drain may take as long as that.`

type stopOptions struct {
	*app
	role, dir string
	pidFile   string
	all       bool
}

func newStop(a *app) *cobra.Command {
	o := &stopOptions{app: a}
	cmd := &cobra.Command{
		Use:       "stop [serve [DIR] | relay]",
		Short:     "End a serve or a relay in the background",
		Long:      stopLong,
		Example:   "  bargee stop relay\n  bargee stop serve ~/share\n  bargee stop --all",
		Args:      atMost(2),
		ValidArgs: []string{"serve", "relay"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.role = args[0]
			}
			if len(args) > 1 {
				o.dir = args[1]
			}
			if !slices.Contains([]string{"", "serve", "relay"}, o.role) || o.dir != "" && o.role != "serve" {
				return usage("is neither serve nor relay", "usage: "+cmd.UseLine()).about("stop", session.Display(strings.Join(args, " ")))
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.pidFile, "pid-file", "", "the one that has its number in `FILE`")
	cmd.Flags().BoolVar(&o.all, "all", false, "all of them")
	return cmd
}

// A backgroundRole is one that runs below a supervisor.
type backgroundRole struct {
	name string // serve or relay
	file string
	pid  int
}

func (o *stopOptions) run(ctx context.Context) error {
	found, err := o.find()
	if err != nil {
		return err
	}
	switch {
	case len(found) == 0:
		return &problem{what: "stop", where: o.role, hint: "only what was started with --detach is ended this way",
			err: &session.Error{Kind: session.NotFound, Err: errors.New("none runs in the background")}}
	case len(found) > 1 && !o.all:
		return usage(fmt.Sprintf("%d run in the background", len(found)), "say which: serve DIR, relay, --pid-file FILE or --all").about("stop", o.role)
	}
	failed := 0
	for _, r := range found {
		err := o.stop(ctx, r)
		if err == nil {
			continue
		}
		err = &problem{what: "stop", where: fmt.Sprintf("%s, process %d", r.name, r.pid), err: err}
		if len(found) == 1 || ctx.Err() != nil {
			return err
		}
		o.tell(err) // the others are stopped all the same
		failed++
	}
	if failed > 0 {
		return roleEnded{exitFailed}
	}
	return nil
}

// find returns those that run and are meant.
func (o *stopOptions) find() (found []backgroundRole, err error) {
	files := []string{o.pidFile}
	if o.pidFile == "" {
		dir, err := o.runDir()
		if err != nil {
			return nil, err
		}
		pattern := "*.pid"
		if o.dir != "" {
			pattern = servedName(o.dir) + ".pid"
		}
		if files, err = filepath.Glob(filepath.Join(globQuoted(dir), pattern)); err != nil {
			return nil, err
		}
	}
	for _, file := range files {
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".pid"), "-")
		if o.pidFile != "" {
			name = o.role // the file's name says nothing
		} else if o.role != "" && name != o.role {
			continue
		}
		pid, err := runningPid(file)
		if err != nil {
			return nil, &problem{what: "read", where: session.Display(file), err: err}
		}
		if pid != 0 {
			found = append(found, backgroundRole{name, file, pid})
		}
	}
	return found, nil
}

// globQuoted takes the meaning from what has one in a pattern.
func globQuoted(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// stop ends r and waits until it has.
func (o *stopOptions) stop(ctx context.Context, r backgroundRole) error {
	if err := endProcess(r.pid); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var late <-chan time.Time
	if o.timeout > 0 {
		late = time.After(o.timeout)
	}
	for {
		switch pid, err := runningPid(r.file); {
		case err != nil:
			return err
		case pid != r.pid:
			o.stopped(r)
			return nil
		}
		select {
		case <-tick.C:
		case <-late:
			return &session.Error{Kind: session.Timeout, Err: fmt.Errorf("it has not ended in %v", o.timeout)}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (o *stopOptions) stopped(r backgroundRole) {
	if o.json {
		o.event(struct {
			Event string `json:"event"`
			Role  string `json:"role,omitempty"`
			PID   int    `json:"pid"`
		}{"stopped", r.name, r.pid})
		return
	}
	o.say("%s, process %d, has ended", strings.TrimSpace("bargee "+r.name), r.pid)
}
