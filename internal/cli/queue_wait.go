package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newQueueWait(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "wait [NUMBER...]", Short: "Wait until transfers are over",
		Long: `Wait until transfers are over, and tell how each ended; without a NUMBER all that wait and run now.
It ends as bargee cp would: with 0 if all is done, 3 where some items or transfers failed. One that
is paused is waited for if its NUMBER is given.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := transferIDs(args)
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				err = a.visitQueue(cmd.Context(), "wait for", func(v *queueVisit) (err error) {
					ids, err = v.unpaused()
					return err
				})
			}
			if err != nil {
				return err
			}
			return a.waitFor(cmd.Context(), ids)
		},
	}
}

// unpaused returns what waits and runs.
func (v *queueVisit) unpaused() (ids []session.TransferID, err error) {
	for at := 0; ; at += pageSize {
		p, err := v.Look(session.TabActive, at, pageSize)
		if err != nil {
			return nil, err
		}
		for _, t := range p.Rows[min(at-p.Offset, len(p.Rows)):] {
			if t.State != session.StatePaused {
				ids = append(ids, t.ID)
			}
		}
		if at+pageSize >= p.Total {
			return ids, nil
		}
	}
}

func (a *app) waitFor(ctx context.Context, ids []session.TransferID) error {
	partly := &partlyError{all: true}
	for len(ids) > 0 {
		alone := false
		err := a.visitQueue(ctx, "wait for", func(v *queueVisit) error {
			_, _, ok := v.Owner()
			alone = !ok
			for len(ids) > 0 {
				t, err := v.Transfer(ids[0])
				if err == nil && !t.State.Over() {
					if alone {
						return nil // somebody has to run it first
					}
					t, err = v.Wait(ctx, ids[0])
				}
				switch {
				case ctx.Err() != nil:
					return interrupted(ctx, "the transfers go on")
				case err != nil && gone(v):
					return nil
				case err != nil:
					return &problem{what: "wait for", where: fmt.Sprintf("transfer %d", ids[0]), err: err, hint: hintForTransfer(err)}
				case !t.State.Over(): // short of room, which somebody may free
					return &problem{what: "copy", where: v.shownJob(&t.Job), err: t.Err, hint: "free some space, then: bargee queue resume"}
				}
				v.ended(&t, partly)
				ids = ids[1:]
			}
			return nil
		})
		if err != nil {
			return err
		}
		if alone && len(ids) > 0 {
			if err := a.wakeEngine(ctx); err != nil {
				return err
			}
		}
	}
	if partly.first == nil {
		return nil
	}
	return partly
}

// gone tells whether who ran the queue does so no more.
func gone(v *queueVisit) bool {
	select {
	case <-v.Done():
		return true
	default:
		return false
	}
}

// ended tells how a transfer ended, and notes what failed.
func (v *queueVisit) ended(t *session.Transfer, partly *partlyError) {
	if v.json {
		v.event(v.transferEvent(t))
	} else {
		v.say("transfer %d: %s: %s", t.ID, v.standing(t), v.shownJob(&t.Job))
	}
	if t.State == session.StateDone && t.Failures == 0 {
		partly.all = false
		return
	}
	err := whyOf(t)
	if t.State == session.StateCancelled && err == nil {
		err = &session.Error{Kind: session.Cancelled, Err: errors.New("cancelled")}
	}
	v.tell(&problem{what: "copy", where: v.shownJob(&t.Job), err: err})
	partly.all = partly.all && (t.State != session.StateDone || t.FilesDone <= t.Failures)
	if partly.first == nil {
		partly.first = err
	}
}
