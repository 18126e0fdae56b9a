package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

// A pageSize is how many rows are asked for at once.
const pageSize = 500

type queueListOptions struct {
	*app
	tab           string
	limit, offset int
}

var tabs = map[string]session.Tab{"active": session.TabActive, "failed": session.TabFailed, "done": session.TabDone}

func newQueueList(a *app) *cobra.Command {
	o := &queueListOptions{app: a}
	cmd := &cobra.Command{
		Use: "list", Short: "List the queue in the order of its turns",
		Long: `List what waits and runs, in the order of the turns; with --tab what failed, or is done, the latest
first. bargee history finds what is over by time, peer and name.`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !isKey(tabs, o.tab) {
				return usage("is none of active, failed, done", "").about("--tab", session.Display(o.tab))
			}
			if err := checkWindow(o.limit, o.offset); err != nil {
				return err
			}
			return a.visitQueue(cmd.Context(), "list", o.list)
		},
	}
	cmd.Flags().StringVar(&o.tab, "tab", "active", "`active|failed|done`")
	cmd.Flags().IntVar(&o.limit, "limit", 0, "at most so many rows (default all)")
	cmd.Flags().IntVar(&o.offset, "offset", 0, "without so many first ones")
	return cmd
}

func checkWindow(limit, offset int) error {
	if limit < 0 {
		return usage("is negative", "").about("--limit", fmt.Sprint(limit))
	}
	if offset < 0 {
		return usage("is negative", "").about("--offset", fmt.Sprint(offset))
	}
	return nil
}

func (o *queueListOptions) list(v *queueVisit) error {
	tab := tabs[o.tab]
	table := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	var last session.Page
	for at, left := o.offset, o.limit; ; {
		n := pageSize
		if o.limit > 0 {
			n = min(n, left)
		}
		p, err := v.Look(tab, at, n)
		if err != nil {
			return err
		}
		last = p
		rows := p.Rows[min(max(at-p.Offset, 0), len(p.Rows)):] // a page ends where the queue does
		for i := range rows {
			o.row(v, table, &rows[i], tab, at+i+1)
		}
		at, left = at+len(rows), left-len(rows)
		if len(rows) == 0 || at >= p.Total || o.limit > 0 && left <= 0 {
			break
		}
	}
	table.Flush()
	o.summary(v, &last)
	return nil
}

func (o *queueListOptions) row(v *queueVisit, table *tabwriter.Writer, t *session.Transfer, tab session.Tab, position int) {
	if o.json {
		ev := v.transferEvent(t)
		if tab == session.TabActive {
			ev.Position = position
		}
		o.event(ev)
		return
	}
	fmt.Fprintln(table, strings.Join([]string{
		fmt.Sprint(t.ID), v.standing(t), fmt.Sprintf("priority %d", t.Job.Priority), volume(t), v.shownJob(&t.Job) + because(t),
	}, "\t"))
}

// volume is how large a transfer is, as far as that is known.
func volume(t *session.Transfer) string {
	switch {
	case t.Files == 0 && !t.Counted:
		return "-"
	case !t.Counted && !t.State.Over():
		return size(t.Bytes) + " so far"
	}
	return size(t.Bytes)
}

func because(t *session.Transfer) string {
	if err := whyOf(t); err != nil {
		return " (" + reason(err) + ")"
	}
	return ""
}

// A queueEvent is the queue as a whole.
type queueEvent struct {
	Event    string   `json:"event"`
	Process  int      `json:"process,omitempty"` // that runs it; absent: none
	Active   int      `json:"active"`
	Failed   int      `json:"failed"`
	Done     int      `json:"done"`
	Running  int      `json:"running"`
	Waiting  int      `json:"waiting"`
	Paused   int      `json:"paused"`
	Asking   int      `json:"asking"`
	Bytes    int64    `json:"bytes"`
	Verified int64    `json:"verified"`
	Counted  bool     `json:"counted"`
	Rate     int64    `json:"rate"`
	ETA      *float64 `json:"eta_s,omitempty"`
}

func (v *queueVisit) queueEvent(p *session.Page) queueEvent {
	process, _, _ := v.Owner()
	ev := queueEvent{
		Event: "queue", Process: process, Active: p.Counts[session.TabActive], Failed: p.Counts[session.TabFailed], Done: p.Counts[session.TabDone],
		Running: p.Running, Waiting: p.Waiting, Paused: p.Paused, Asking: p.Asking, Bytes: p.Bytes, Verified: p.Verified, Counted: p.Counted, Rate: int64(p.Rate),
	}
	if p.ETA >= 0 {
		s := p.ETA.Seconds()
		ev.ETA = &s
	}
	return ev
}

func (o *queueListOptions) summary(v *queueVisit, p *session.Page) {
	if o.json {
		o.event(v.queueEvent(p))
		return
	}
	process, _, running := v.Owner()
	parts := []string{fmt.Sprintf("%d in the queue", p.Counts[session.TabActive])}
	for _, part := range []struct {
		n    int
		what string
	}{{p.Running, "running"}, {p.Paused, "paused"}, {p.Asking, "asking"}, {p.Counts[session.TabFailed], "failed"}, {p.Counts[session.TabDone], "done"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	text := strings.Join(parts, ", ")
	switch {
	case running:
		text += fmt.Sprintf("; process %d runs it", process)
	case p.Waiting > 0:
		text += "; nobody runs it: bargee queue run does"
	}
	if p.ETA > 0 {
		text += ", " + seconds(p.ETA.Round(time.Second)) + " to go"
	}
	o.say("%s", text)
}
