package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
)

const queueLong = `The queue of this user, which all screens and commands share. What is added to it is copied by a
process in the background, by priority and in turn; it goes on after a reboot, at the next command
that has something to do with the queue. An unreachable peer is tried until it is there, after 1, 2,
4 ... 60 s; a transfer that its peer answers and that makes no progress, --retry times.

Looking at the queue starts nothing.`

func newQueue(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "queue", Short: "Add to the queue, see and change it", Long: queueLong,
		Example: "  bargee queue add -r photos laptop:/\n  bargee queue list\n  bargee queue move 7 top\n  bargee queue watch --json",
		Args:    onlySubcommands,
		RunE:    func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newQueueAdd(a), newQueueList(a), newQueueMove(a), newQueueWatch(a), newQueueWait(a), newQueueRun(a))
	cmd.AddCommand(
		newQueueAct(a, queueAct{
			use: "pause", short: "Stop transfers, keeping what is there of them", done: "paused",
			each: (*control.Visit).Pause, flag: "all", allOf: "everything that waits or runs", all: (*control.Visit).PauseAll,
		}),
		newQueueAct(a, queueAct{
			use: "resume", short: "Let paused transfers go on", done: "in the queue", wakes: true,
			each: (*control.Visit).Resume, flag: "all", allOf: "all that are paused", all: (*control.Visit).ResumeAll,
		}),
		newQueueAct(a, queueAct{
			use: "retry", short: "Put transfers that are over back into the queue", done: "in the queue", wakes: true,
			each: (*control.Visit).Retry, flag: "failed", allOf: "all that failed", all: (*control.Visit).RetryFailed,
		}),
		newQueueCancel(a),
	)
	return cmd
}

// A queueAct is a subcommand that does one thing to transfers by their numbers, or
// to all that are meant by a flag.
type queueAct struct {
	use, short, done string
	wakes            bool // there is something to do after it
	each             func(*control.Visit, session.TransferID) error

	flag, allOf string
	all         func(*control.Visit) int
}

func newQueueAct(a *app, act queueAct) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: act.use + " [NUMBER...]", Short: act.short,
		Args: func(cmd *cobra.Command, args []string) error {
			if all != (len(args) == 0) {
				return usage("is missing, or stands beside --"+act.flag, "usage: "+cmd.UseLine()).about(nameOf(cmd), "the NUMBER")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeQueue(cmd.Context(), act.use, act.wakes, func(v *queueVisit) error {
				if !all {
					return v.each(act.use, act.done, args, func(id session.TransferID) error { return act.each(v.Visit, id) })
				}
				n := act.all(v.Visit)
				if v.json {
					v.event(countEvent{"count", n})
				}
				v.say("%s: %s", count(int64(n), "transfer"), act.done)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, act.flag, false, act.allOf)
	return cmd
}

type countEvent struct {
	Event     string `json:"event"`
	Transfers int    `json:"transfers"`
}

func newQueueCancel(a *app) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use: "cancel NUMBER...", Short: "End transfers and remove what is unfinished of them",
		Args: atLeast(1, "the NUMBER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeQueue(cmd.Context(), "cancel", false, func(v *queueVisit) error {
				return v.each("cancel", "cancelled", args, func(id session.TransferID) error { return v.Cancel(id, keep) })
			})
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep partial files: retry goes on with them")
	return cmd
}

// places are where a transfer can be moved to, as rows to go.
var moves = map[string]int{"top": math.MinInt, "up": -1, "down": 1, "bottom": math.MaxInt}

func newQueueMove(a *app) *cobra.Command {
	priority := -1
	cmd := &cobra.Command{
		Use: "move NUMBER [top|up|down|bottom]", Short: "Change a transfer's turn, among those of its priority, or its priority",
		Example: "  bargee queue move 7 top\n  bargee queue move 7 --priority 9",
		Args:    cobra.MatchAll(atLeast(1, "the NUMBER"), atMost(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := cmd.Flags().Changed("priority")
			switch {
			case f && (priority < 0 || priority > session.MaxPriority):
				return usage("is not within 0 to 10", "10 is first").about("--priority", strconv.Itoa(priority))
			case len(args) == 1 && !f:
				return usage("top, up, down, bottom or --priority is missing", "usage: "+cmd.UseLine()).about("", nameOf(cmd))
			case len(args) == 2 && !isKey(moves, args[1]):
				return usage("is none of top, up, down, bottom", "").about("queue move", session.Display(args[1]))
			}
			return a.changeQueue(cmd.Context(), "move", false, func(v *queueVisit) error {
				return v.each("move", "moved", args[:1], func(id session.TransferID) error {
					var err error
					if f {
						err = v.SetPriority(id, priority)
					}
					if len(args) == 2 && err == nil {
						err = v.Reorder(id, moves[args[1]])
					}
					return err
				})
			})
		},
	}
	cmd.Flags().IntVar(&priority, "priority", priority, "0 (last) to 10 (first); 5 is the usual one")
	cmd.Flags().Lookup("priority").DefValue = ""
	return cmd
}

// each does f to the transfers that args name, and tells of each. One with which
// it cannot be done does not keep the others from their turn.
func (v *queueVisit) each(what, done string, args []string, f func(session.TransferID) error) error {
	ids, err := transferIDs(args)
	if err != nil {
		return err
	}
	partly := &partlyError{all: true}
	for _, id := range ids {
		err := f(id)
		if err == nil {
			partly.all = false
			v.tellDone(id, done)
			continue
		}
		err = &problem{what: what, where: fmt.Sprintf("transfer %d", id), err: err, hint: hintForTransfer(err)}
		if len(ids) == 1 {
			return err
		}
		v.tell(err)
		if partly.first == nil {
			partly.first = err
		}
	}
	if partly.first == nil {
		return nil
	}
	return partly
}

func (v *queueVisit) tellDone(id session.TransferID, done string) {
	if v.json {
		if t, err := v.Transfer(id); err == nil {
			v.event(v.transferEvent(&t))
		}
		return
	}
	v.say("transfer %d: %s", id, done)
}

func hintForTransfer(err error) string {
	if session.KindOf(err) == session.NotFound {
		return "bargee queue list and bargee history show their numbers"
	}
	return ""
}

// transferIDs reads the numbers of transfers, each of them once.
func transferIDs(args []string) (ids []session.TransferID, err error) {
	for _, arg := range args {
		n, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || n == 0 {
			return nil, usage("is no transfer's number", "bargee queue list shows them").about("", session.Display(arg))
		}
		if id := session.TransferID(n); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// changeQueue does f with the queue, and where that gives it something to do has a
// process in the background do it.
func (a *app) changeQueue(ctx context.Context, what string, wakes bool, f func(*queueVisit) error) error {
	background := false
	err := a.visitQueue(ctx, what+" in", func(v *queueVisit) error {
		_, role, ok := v.Owner()
		background = ok && role == control.Background
		return f(v)
	})
	var partly *partlyError
	if wakes && !background && (err == nil || errors.As(err, &partly) && !partly.all) {
		err = errors.Join(err, a.wakeEngine(ctx))
	}
	return err
}

// wakeEngine has a process in the background run the queue, or stand by while
// another one does.
func (a *app) wakeEngine(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handoverTime)
	defer cancel()
	if err := a.startEngine(ctx, nil); err != nil {
		return &problem{what: "start", where: "the queue in the background", err: err, hint: "what was asked for is done at the next start: engine.log in the state directory says more"}
	}
	return nil
}
