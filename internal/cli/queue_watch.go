package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
)

const queueWatchLong = `Tell what happens in the queue as it happens, until Ctrl-C: each transfer there is at the start, then
each that changes, and those that run four times a second with --json, else when they are over. With
nobody running the queue it waits until somebody does.`

func newQueueWatch(a *app) *cobra.Command {
	w := &queueWatcher{app: a, told: map[session.TransferID]session.TransferState{}}
	return &cobra.Command{
		Use: "watch", Short: "Tell what happens in the queue as it happens", Long: queueWatchLong, Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return w.run(cmd.Context()) },
	}
}

// A queueWatcher follows the queue through all who run it.
type queueWatcher struct {
	*app
	told    map[session.TransferID]session.TransferState
	since   time.Time // when was looked last: what happened after that is still to be told
	running *bool     // whether somebody ran it, when that was told last
}

const (
	watchEvery = 250 * time.Millisecond
	watchRows  = 1000 // of those that wait; more are told of when they run
)

func (w *queueWatcher) run(ctx context.Context) error {
	w.since = time.Now()
	err := w.visitQueue(ctx, "watch", func(v *queueVisit) error { // how it stands, also where nobody runs it
		p, err := v.Look(session.TabActive, 0, watchRows)
		if err != nil {
			return err
		}
		w.rows(v, &p)
		return w.summary(v, &p)
	})
	for err == nil {
		if err = w.attend(ctx); err == nil {
			err = w.flush()
		}
		if ctx.Err() != nil {
			return interrupted(ctx, "")
		}
	}
	return err
}

// attend waits until somebody runs the queue, and follows that until he ends.
func (w *queueWatcher) attend(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for w.somebody(ctx) {
		err := w.visitQueue(ctx, "watch", func(v *queueVisit) error {
			if _, _, ok := v.Owner(); !ok {
				return nil // he has gone meanwhile
			}
			return w.follow(ctx, v)
		})
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
	select {
	case <-tick.C:
	case <-ctx.Done():
	}
	return nil
}

// somebody tells whether there is somebody to follow: a visit to a queue that
// nobody runs would keep others from it for a moment, again and again.
func (w *queueWatcher) somebody(ctx context.Context) bool {
	h, err := w.home()
	if err != nil {
		return false
	}
	room, err := control.OpenRoom(h.state, "")
	if err != nil {
		return false
	}
	c, err := control.Dial(ctx, control.ClientConfig{Path: room.Socket(), Role: control.Screen, Agent: agent(), World: control.World()})
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// follow tells what happens until v ends.
func (w *queueWatcher) follow(ctx context.Context, v *queueVisit) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	seen := int64(-1)
	for {
		if err := w.look(v, &seen); err != nil {
			select {
			case <-v.Done():
			case <-time.After(time.Second): // not gone, and cannot be asked
				return err
			}
		}
		if err := w.flush(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		case <-v.Done():
			no := false
			w.running = &no
			if w.json {
				w.event(struct {
					Event string `json:"event"`
				}{"left"})
			} else {
				w.say("nobody runs the queue any more")
			}
			return w.flush()
		}
	}
}

// look tells what changed since line seen of the log, and how it stands.
func (w *queueWatcher) look(v *queueVisit, seen *int64) error {
	now := time.Now()
	p, err := v.Look(session.TabActive, 0, watchRows)
	if err != nil {
		return err
	}
	first := *seen < 0
	for _, line := range v.Log(max(*seen, 0)) {
		*seen = line.Number
		if first && line.At.Before(w.since) {
			continue // it is from before
		}
		if line.Transfer == 0 {
			w.line(line)
			continue
		}
		if line.State.Over() {
			t, err := v.Transfer(line.Transfer)
			if errors.Is(err, session.NotFound) {
				continue
			} else if err != nil {
				return err
			}
			w.row(v, &t, 0)
		}
	}
	*seen, w.since = max(*seen, 0), now
	w.rows(v, &p)
	if w.running == nil || !*w.running {
		return w.summary(v, &p)
	}
	return nil
}

func (w *queueWatcher) line(l session.LogLine) {
	if w.json {
		w.event(noticeEvent{"notice", l.At, session.Display(l.Text)})
		return
	}
	w.say("%s", session.Display(l.Text))
}

// rows tells of those that changed, and with --json of those that run.
func (w *queueWatcher) rows(v *queueVisit, p *session.Page) {
	for i := range p.Rows {
		t := &p.Rows[i]
		state, known := w.told[t.ID]
		if !known || state != t.State || w.json && t.State == session.StateRunning {
			w.row(v, t, p.Offset+i+1)
		}
	}
	for i := range p.Live {
		if t := &p.Live[i]; p.Total > watchRows && (w.json || w.told[t.ID] != t.State) {
			w.row(v, t, 0)
		}
	}
}

func (w *queueWatcher) row(v *queueVisit, t *session.Transfer, position int) {
	w.told[t.ID] = t.State
	if t.State.Over() {
		delete(w.told, t.ID)
	}
	if w.json {
		ev := v.transferEvent(t)
		ev.Position = position
		w.event(ev)
		return
	}
	w.say("%s  transfer %d: %s: %s%s", time.Now().Format(time.TimeOnly), t.ID, v.standing(t), v.shownJob(&t.Job), because(t))
}

// summary tells how the queue as a whole stands, and who runs it.
func (w *queueWatcher) summary(v *queueVisit, p *session.Page) error {
	process, _, ok := v.Owner()
	w.running = &ok
	switch {
	case w.json:
		w.event(v.queueEvent(p))
	case ok:
		w.say("%s in the queue, process %d runs it", fmt.Sprint(p.Counts[session.TabActive]), process)
	default:
		w.say("%s in the queue, nobody runs it", fmt.Sprint(p.Counts[session.TabActive]))
	}
	return w.flush()
}
