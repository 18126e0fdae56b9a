package cli

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/transport"
)

// idleTime is how long the queue runs in the background when there is nothing
// to do, and nobody to look.
const idleTime = time.Minute

// newEngine is the command that the screen leaves behind. Nobody types it.
func newEngine(a *app) *cobra.Command {
	idle := idleTime
	cmd := &cobra.Command{
		Use: "engine", Short: "Run the queue in the background", Hidden: true,
		Long: `Run the queue when no screen does, until there is nothing left to do. The screen starts it. Standard
input has the peers that need a secret.`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.engine(cmd.Context(), idle, a.stdin) },
	}
	cmd.Flags().DurationVar(&idle, "idle", idle, "how long to stay when there is nothing to do")
	return cmd
}

// newQueueRun is the same for who wants to see to it himself, as an init system.
func newQueueRun(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the queue until Ctrl-C",
		Long: `Run the queue, or stand by while another process does, until Ctrl-C or SIGTERM: for an init system
that is to go on with it after a reboot, without anybody logging in. What needs a secret waits.`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.engine(cmd.Context(), 0, strings.NewReader("")) },
	}
}

// engine runs the queue until there was nothing to do for idle; 0: until ctx ends.
func (a *app) engine(ctx context.Context, idle time.Duration, in io.Reader) error {
	stayLean()
	r, err := a.reach()
	if err != nil {
		return err
	}
	defer r.Close()
	r.lanes = transport.AutoLanes
	closeLog, err := a.logTo(r.home, "engine.log")
	if err != nil {
		return err
	}
	defer closeLog()
	targets, err := control.ReadTargets(in)
	if err != nil {
		return &problem{what: "read", where: "standard input", err: err}
	}
	q := a.queue(r, control.Background)
	defer q.Close() // what is left goes on at the next start
	owner, ours, err := q.Owner(ctx)
	if err != nil {
		return nil // it was ended before it began
	}
	if !q.Shared() {
		return usage("the queue cannot be shared here", "see engine.log in the state directory")
	}
	a.printf("%s\n", engineReady)
	if err := a.flush(); err != nil {
		return err
	}
	if !ours && owner == control.Background && idle > 0 { // one is enough
		q.Lend(ctx, targets)
		return nil
	}
	a.runEngine(ctx, q, targets, idle)
	return nil
}

func engineTick(idle time.Duration) time.Duration {
	if idle == 0 {
		return time.Second
	}
	return min(time.Second, max(idle/4, time.Millisecond))
}

// engineReady is the line that says that whoever started the engine may go.
const engineReady = "standing by"

// runEngine stays while there is something to do, or somebody there.
func (a *app) runEngine(ctx context.Context, q *control.Queue, targets []control.Target, idle time.Duration) {
	tick := time.NewTicker(engineTick(idle))
	defer tick.Stop()
	since, leads := time.Now(), false
	for {
		select {
		case <-ctx.Done():
			slog.Info("the background engine is ended", "cause", context.Cause(ctx))
			return
		case <-tick.C:
		}
		if q.Leads() && !leads {
			leads = true
			go q.Lend(ctx, targets)
		}
		if !leads || q.Busy() || q.Present() > 0 {
			since = time.Now()
		}
		if idle > 0 && time.Since(since) >= idle {
			slog.Info("the background engine has nothing left to do")
			return
		}
	}
}
