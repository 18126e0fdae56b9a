package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

const statsLong = `Add up the transfers that are over: how many succeeded, what crossed the links and how fast, by peer
and by type of file; and how the queue stands now. --from, --to, --peer and --path say which ones,
as those of bargee history. The speed is that of the time in which transfers ran.`

func newStats(a *app) *cobra.Command {
	o := &historyOptions{app: a}
	cmd := &cobra.Command{
		Use: "stats", Short: "Add up what was transferred, by peer and type of file", Long: statsLong, Args: atMost(0),
		Example: "  bargee stats\n  bargee stats --from 7d --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := o.query(time.Now())
			if err != nil {
				return err
			}
			return a.visitQueue(cmd.Context(), "add up", func(v *queueVisit) error { return a.stats(cmd.Context(), v, q) })
		},
	}
	o.filters(cmd)
	return cmd
}

// A tally adds up transfers that are over.
type tally struct {
	Transfers int64 `json:"transfers"`
	Done      int64 `json:"done"` // without a failure
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"`
	Files     int64 `json:"files"`
	Bytes     int64 `json:"bytes"`
	Sent      int64 `json:"bytes_sent"`
	Received  int64 `json:"bytes_received"`
	Resumed   int64 `json:"bytes_resumed"`

	// SuccessRate is the part of those that were not cancelled that succeeded,
	// and Rate the bytes a second that crossed links while transfers ran.
	SuccessRate float64 `json:"success_rate"`
	Rate        int64   `json:"mean_rate"`

	crossed int64
	ran     time.Duration
}

// add counts a transfer. inward says that what crossed the link came here.
func (s *tally) add(t *session.Transfer, inward bool) {
	s.Transfers++
	switch {
	case t.State == session.StateCancelled:
		s.Cancelled++
	case t.State == session.StateFailed || t.Failures > 0:
		s.Failed++
	default:
		s.Done++
	}
	s.Files += t.FilesDone - t.Skipped - min(t.Failures, t.FilesDone-t.Skipped)
	s.Bytes += t.Verified
	s.Resumed += t.Reused
	if inward {
		s.Received += t.Sent
	} else {
		s.Sent += t.Sent
	}
	if d := t.Finished.Sub(t.Started); !t.Started.IsZero() && d > 0 && t.Sent > 0 {
		s.crossed += t.Sent
		s.ran += d
	}
}

func (s *tally) finish() {
	if n := s.Done + s.Failed; n > 0 {
		s.SuccessRate = float64(s.Done) / float64(n)
	}
	if s.ran > 0 {
		s.Rate = int64(float64(s.crossed) / s.ran.Seconds())
	}
}

// A statistic is what stats finds out.
type statistic struct {
	all   tally
	peers map[string]*tally
	types map[string]*session.TypeCount
}

func (a *app) stats(ctx context.Context, v *queueVisit, q session.HistoryQuery) error {
	s := &statistic{peers: map[string]*tally{}, types: map[string]*session.TypeCount{}}
	if err := v.history(ctx, q, func(t *session.Transfer) { s.add(v, t) }); err != nil {
		return err
	}
	p, err := v.Look(session.TabActive, 0, 0)
	if err != nil {
		return err
	}
	if a.json {
		s.events(v, &p)
		return nil
	}
	s.print(v, &p)
	return nil
}

func (s *statistic) add(v *queueVisit, t *session.Transfer) {
	j := &t.Job
	s.all.add(t, j.To == session.Here)
	for _, at := range slices.Compact([]session.PlaceID{j.From, j.To}) {
		if at == session.Here && j.From != j.To {
			continue // it counts for the other one
		}
		name := v.called(at)
		if s.peers[name] == nil {
			s.peers[name] = &tally{}
		}
		s.peers[name].add(t, at == j.From && at != session.Here)
	}
	for _, n := range t.Types {
		sum := s.types[n.Extension]
		if sum == nil {
			sum = &session.TypeCount{Extension: n.Extension}
			s.types[n.Extension] = sum
		}
		sum.Files += n.Files
		sum.Bytes += n.Bytes
	}
}

// sorted returns peers and types in the order in which they are told: what most
// bytes are of first.
func (s *statistic) sorted() (peers []string, types []session.TypeCount) {
	for name, t := range s.peers {
		t.finish()
		peers = append(peers, name)
	}
	slices.SortFunc(peers, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.peers[b].Bytes, s.peers[a].Bytes), cmp.Compare(a, b))
	})
	for _, n := range s.types {
		types = append(types, *n)
	}
	slices.SortFunc(types, func(a, b session.TypeCount) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Extension, b.Extension))
	})
	s.all.finish()
	return peers, types
}

type statsEvent struct {
	Event string `json:"event"`
	tally
	Queue   int `json:"queue"`
	Active  int `json:"active"`
	Waiting int `json:"waiting"`
	Paused  int `json:"paused"`
}

type peerStatsEvent struct {
	Event string `json:"event"`
	Peer  string `json:"peer,omitempty"` // absent: copies on this machine
	tally
}

type typeStatsEvent struct {
	Event string `json:"event"`
	Type  string `json:"type"` // extension; "": none, "*": of many others
	Files int64  `json:"files"`
	Bytes int64  `json:"bytes"`
}

func (s *statistic) events(v *queueVisit, p *session.Page) {
	peers, types := s.sorted()
	v.event(statsEvent{"stats", s.all, p.Counts[session.TabActive], p.Running, p.Waiting, p.Paused})
	for _, name := range peers {
		v.event(peerStatsEvent{"peer", name, *s.peers[name]})
	}
	for _, n := range types {
		v.event(typeStatsEvent{"type", n.Extension, n.Files, n.Bytes})
	}
}

// percent returns a part for people.
func percent(part float64) string { return fmt.Sprintf("%.1f %%", 100*part) }

// maxShownTypes is how many types a person is shown.
const maxShownTypes = 20

func (s *statistic) print(v *queueVisit, p *session.Page) {
	peers, types := s.sorted()
	t := &s.all
	v.printf("queue      %d: %d running, %d waiting, %d paused\n", p.Counts[session.TabActive], p.Running, p.Waiting, p.Paused)
	v.printf("transfers  %d: %d done, %d failed, %d cancelled\n", t.Transfers, t.Done, t.Failed, t.Cancelled)
	if t.Done+t.Failed > 0 {
		v.printf("success    %s\n", percent(t.SuccessRate))
	}
	v.printf("files      %d, %s\n", t.Files, size(t.Bytes))
	v.printf("links      %s sent, %s received, %s resumed\n", size(t.Sent), size(t.Received), size(t.Resumed))
	if t.Rate > 0 {
		v.printf("speed      %s/s\n", size(t.Rate))
	}
	if len(peers) > 0 {
		v.printf("\nby peer\n")
	}
	table := tabwriter.NewWriter(v.stdout, 0, 0, 2, ' ', 0)
	for _, name := range peers {
		t := s.peers[name]
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s sent\t%s received\t%d failed\n",
			cmp.Or(session.Display(name), "this machine"), count(t.Transfers, "transfer"), count(t.Files, "file"), size(t.Sent), size(t.Received), t.Failed)
	}
	table.Flush()
	if len(types) > 0 {
		v.printf("\nby type\n")
	}
	for _, n := range types[:min(len(types), maxShownTypes)] {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", cmp.Or(session.Display(n.Extension), "none"), count(n.Files, "file"), size(n.Bytes))
	}
	if n := len(types) - maxShownTypes; n > 0 {
		fmt.Fprintf(table, "  and %s\n", count(int64(n), "type"))
	}
	table.Flush()
}
