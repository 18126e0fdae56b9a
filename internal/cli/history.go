package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

const historyLong = `List transfers that are over, the latest first: those of the queue, and what bargee cp, sync and
receive copied. The last 100,000 are kept. With --served it is what peers did with what is served
here: took, left, removed or renamed, by the name or key of the peer; --path and --status hold for
that, too. A sync that copied nothing is not in it.

TIME is a date (2026-03-01), a time (2026-03-01T12:00, also with seconds and a zone), "today",
"yesterday", or how long ago: 30m, 12h, 7d, 4w. --to stands for the beginning of its date.`

type historyOptions struct {
	*app
	from, to      string
	peer, status  string
	path          string
	limit, offset int
	served        servedFlags
}

var statuses = map[string]session.Status{"any": session.StatusAny, "done": session.StatusDone, "failed": session.StatusFailed, "cancelled": session.StatusCancelled}

func newHistory(a *app) *cobra.Command {
	o := &historyOptions{app: a}
	cmd := &cobra.Command{
		Use: "history", Short: "List the transfers that are over", Long: historyLong,
		Example: "  bargee history --from today --peer laptop\n  bargee history --status failed --path '*.iso' --json\n  bargee history --served --from 7d",
		Args:    atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := o.query(time.Now())
			if err != nil {
				return err
			}
			if o.served.served {
				return o.listServed(q)
			}
			if o.served.visits {
				return usage("belongs to --served", "").about("", "--visits")
			}
			return a.visitQueue(cmd.Context(), "read the history of", func(v *queueVisit) error { return o.list(cmd.Context(), v, q) })
		},
	}
	o.filters(cmd)
	o.served.add(cmd)
	cmd.Flags().IntVar(&o.limit, "limit", 100, "at most so many rows; 0 is all")
	cmd.Flags().IntVar(&o.offset, "offset", 0, "without so many, the latest")
	return cmd
}

// filters are the flags that say which transfers are meant.
func (o *historyOptions) filters(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "that ended at `TIME` or later")
	f.StringVar(&o.to, "to", "", "that ended before `TIME`")
	f.StringVar(&o.peer, "peer", "", "with the peer of that `NAME` or address")
	f.StringVar(&o.status, "status", "any", "`any|done|failed|cancelled`; failed are also those with items that did")
	f.StringVar(&o.path, "path", "", "with a source or destination whose name matches `GLOB`, or whose path does if that has a slash")
}

// query makes of the flags what the store is asked.
func (o *historyOptions) query(now time.Time) (q session.HistoryQuery, err error) {
	if !isKey(statuses, o.status) {
		return q, usage("is none of any, done, failed, cancelled", "").about("--status", session.Display(o.status))
	}
	if err := checkWindow(o.limit, o.offset); err != nil {
		return q, err
	}
	q = session.HistoryQuery{Peer: o.peerAddress(), Status: statuses[o.status], Glob: o.path, Limit: o.limit, Offset: o.offset}
	for _, t := range []struct {
		flag, text string
		into       *time.Time
	}{{"--from", o.from, &q.From}, {"--to", o.to, &q.To}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = parseTime(t.text, now); err != nil {
			return q, usage(err.Error(), "for example: 2026-03-01, 2026-03-01T12:00, today, 7d").about(t.flag, session.Display(t.text))
		}
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, usage("is not after --from", "").about("--to", session.Display(o.to))
	}
	if err := q.Valid(); err != nil {
		return q, usage("is no glob", "for example '*.jpg', '/home/*/films/**'").about("--path", session.Display(o.path))
	}
	return q, nil
}

// peerAddress is how the queue calls the peer that --peer names.
func (o *historyOptions) peerAddress() string {
	if o.peer == "" {
		return ""
	}
	name := o.peer
	switch {
	case strings.Contains(name, "://"):
	case isListenAddress(name):
		name = "bargee://" + name
	case !strings.HasSuffix(name, ":"):
		name += ":"
	}
	if t, err := parseAddress(name); err == nil && !t.isLocal() {
		return t.peer()
	}
	return o.peer
}

func (o *historyOptions) list(ctx context.Context, v *queueVisit, q session.HistoryQuery) error {
	table := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	n := 0
	err := v.history(ctx, q, func(t *session.Transfer) {
		n++
		if o.json {
			o.event(v.transferEvent(t))
			return
		}
		word := t.State.String()
		if t.State == session.StateDone && t.Failures > 0 {
			word += ", " + count(t.Failures, "failure")
		}
		fmt.Fprintln(table, strings.Join([]string{
			fmt.Sprint(t.ID), t.Finished.Local().Format("2006-01-02 15:04:05"), word, size(t.Bytes), v.shownJob(&t.Job) + because(t),
		}, "\t"))
	})
	table.Flush()
	if n == 0 && err == nil && !o.json {
		o.warn("no such transfer; the history keeps what was copied on this machine or by it")
	}
	return err
}

// history calls f for the transfers that q asks for; with a Limit of 0 for all.
func (v *queueVisit) history(ctx context.Context, q session.HistoryQuery, f func(*session.Transfer)) error {
	for left := q.Limit; ; {
		q.Limit = pageSize
		if left > 0 {
			q.Limit = min(left, pageSize)
		}
		rows, err := v.History(ctx, q)
		if err != nil {
			return err
		}
		for i := range rows {
			f(&rows[i])
		}
		if len(rows) < q.Limit || left > 0 && left == len(rows) {
			return nil
		}
		if left > 0 {
			left -= len(rows)
		}
		q.Offset += len(rows)
	}
}
