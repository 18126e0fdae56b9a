package control

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/bargee/bargee/session"
)

// Whoever uses the queue sees the same, whether the engine runs in his process
// or in another one.
func TestConformance(t *testing.T) {
	for how, open := range map[string]func(*testing.T) *bed{
		"in process":    newBed,
		"over a socket": func(t *testing.T) *bed { return newBed(t).overSocket() },
	} {
		t.Run(how, func(t *testing.T) {
			for what, check := range conformance {
				t.Run(what, func(t *testing.T) { check(open(t)) })
			}
		})
	}
}

var conformance = map[string]func(*bed){
	"copies, and tells of every item": func(b *bed) {
		j := b.write("in", 3<<20, "a", "b", "c")
		var seen collector
		j.Observe = seen.observe
		id := b.submit(j)
		t := b.wait(id)
		if t.State != session.StateDone || t.Files != 3 || t.Bytes != 9<<20 || t.Verified != 9<<20 || !t.Counted || t.FilesDone != 3 || t.ID != id {
			b.Errorf("it ends as %+v", t)
		}
		b.until(id, "told of", func(session.Transfer) bool { return len(seen.names()) == 3 })
		if got := seen.names(); !slices.Equal(got, []string{"a copied", "b copied", "c copied"}) {
			b.Errorf("items: %q", got)
		}
		for _, n := range []string{"a", "b", "c"} {
			b.sameAs(n, 3<<20, "copy of in")
		}
		if t.Job.Sources[0] != j.Sources[0] || t.Job.Destination != j.Destination || t.Started.IsZero() || t.Finished.IsZero() || t.Job.Options.Retry != 5 {
			b.Errorf("its job is told as %+v", t.Job)
		}
	},
	"a failure keeps kind, side and path": func(b *bed) {
		j := b.write("in", 1, "a")
		j.Sources = []session.Path{b.path("nothing")}
		t := b.wait(b.submit(j))
		var e *session.Error
		err := t.Err
		if t.State == session.StateDone && len(t.Failed) == 1 {
			err = t.Failed[0].Err
		}
		if !errors.As(err, &e) || e.Kind != session.NotFound || e.Side != session.Source || e.Path != b.path("nothing") {
			b.Errorf("%v: %+v, %#v", t.State, t, err)
		}
	},
	"an impossible job is refused": func(b *bed) {
		_, err := b.Submit(session.Job{})
		if session.KindOf(err) != session.Invalid {
			b.Errorf("no sources: %v", err)
		}
	},
	"thousands of sources": func(b *bed) {
		j := b.write("in", 1, "a")
		j.Into = true
		j.Destination = b.path("in")
		j.Options.OnConflict = session.Skip
		for i := range 5000 {
			p, err := j.Sources[0].Join(fmt.Sprint("missing", i))
			if err != nil {
				b.Fatal(err)
			}
			j.Sources = append(j.Sources, p)
		}
		j.Sources = j.Sources[1:]
		t := b.wait(b.submit(j))
		if len(t.Job.Sources) != 5000 || t.Failures != 5000 && t.Err == nil {
			b.Errorf("%d sources, %d failures, %v", len(t.Job.Sources), t.Failures, t.Err)
		}
	},
	"a conflict is parked and answered": func(b *bed) {
		j := b.write("in", 10, "a", "b")
		b.write("copy of in/in", 20, "a", "b") // a directory that is there takes the source under its name
		id := b.submit(j)
		t := b.until(id, "asking", func(t session.Transfer) bool { return t.Asking == 2 && len(t.Conflicts) == 2 })
		q := t.Conflicts[0]
		if q.Source.Size != 10 || q.Existing.Size != 20 || q.Source.Modified.IsZero() {
			b.Errorf("the question is %+v", q)
		}
		if err := b.Answer(id, q.ID, session.Overwrite, false); err != nil {
			b.Error(err)
		}
		if err := b.Answer(id, 4711, session.Skip, false); session.KindOf(err) != session.NotFound {
			b.Errorf("an answer to no question: %v", err)
		}
		if err := b.Answer(id, 0, session.Ask, true); session.KindOf(err) != session.Invalid {
			b.Errorf("to ask again: %v", err)
		}
		if err := b.Answer(id, 0, session.Skip, true); err != nil {
			b.Error(err)
		}
		if t := b.wait(id); t.State != session.StateDone || t.Skipped != 1 {
			b.Errorf("%+v", t)
		}
		b.sameAs(q.Path.Base(), 10, "copy of in/in")
	},
	"pause, resume, cancel, retry, forget": func(b *bed) {
		j := b.write("in", 10, "a")
		b.write("copy of in/in", 20, "a")
		id := b.submit(j)
		asking := func(t session.Transfer) bool { return t.Asking == 1 }
		is := func(s session.TransferState) func(session.Transfer) bool {
			return func(t session.Transfer) bool { return t.State == s }
		}
		b.until(id, "asking", asking)
		if err := b.Forget(id); session.KindOf(err) != session.Busy {
			b.Errorf("forgetting a running one: %v", err)
		}
		for _, step := range []struct {
			do   func() error
			then func(session.Transfer) bool
		}{
			{func() error { return b.Pause(id) }, is(session.StatePaused)},
			{func() error { return b.Resume(id) }, asking},
			{func() error { return b.Cancel(id, false) }, is(session.StateCancelled)},
			{func() error { return b.Retry(id) }, asking},
			{func() error { return b.Cancel(id, true) }, is(session.StateCancelled)},
		} {
			if err := step.do(); err != nil {
				b.Fatal(err)
			}
			b.until(id, "moved on", step.then)
		}
		if err := b.Pause(id); session.KindOf(err) != session.Invalid {
			b.Errorf("pausing a cancelled one: %v", err)
		}
		if err := b.Forget(id); err != nil {
			b.Error(err)
		}
		if n := len(b.Transfers()); n != 0 {
			b.Errorf("%d transfers are left", n)
		}
		for _, err := range []error{b.Pause(id), b.Forget(id), b.Answer(id, 1, session.Skip, false)} {
			if session.KindOf(err) != session.NotFound {
				b.Errorf("of a forgotten one: %v", err)
			}
		}
		if _, err := b.Wait(b.Context(), id); session.KindOf(err) != session.NotFound {
			b.Errorf("waiting for a forgotten one: %v", err)
		}
	},
	"waiting ends with its context": func(b *bed) {
		j := b.write("in", 10, "a")
		b.write("copy of in/in", 20, "a")
		id := b.submit(j)
		b.until(id, "asking", func(t session.Transfer) bool { return t.Asking == 1 })
		ctx, cancel := context.WithCancelCause(b.Context())
		why := errors.New("enough")
		cancel(why)
		if _, err := b.Wait(ctx, id); !errors.Is(err, why) {
			b.Errorf("it ends with %v", err)
		}
	},
	"who does not take items holds back his transfer, and no other": func(b *bed) {
		var names []string
		for i := range 2000 {
			names = append(names, fmt.Sprintf("f%04d", i))
		}
		slow := b.write("slow", 1, names...)
		seen := collector{gate: make(chan struct{})}
		slow.Observe = seen.observe
		id := b.submit(slow)
		if t := b.wait(b.submit(b.write("quick", 1, "a"))); t.State != session.StateDone {
			b.Errorf("the other one: %+v", t)
		}
		b.until(id, "under way", func(t session.Transfer) bool { return t.State == session.StateRunning && t.FilesDone < 2000 })
		seen.open()
		if t := b.wait(id); t.State != session.StateDone || t.FilesDone != 2000 {
			b.Errorf("it ends as %+v", t)
		}
		b.until(id, "told of", func(session.Transfer) bool { return len(seen.names()) == 2000 })
	},
	"places": func(b *bed) {
		ps := b.Places()
		if len(ps) != 1 || ps[0].ID != session.Here || ps[0].State != session.PlaceConnected {
			b.Errorf("%+v", ps)
		}
		if err := b.Disconnect(7); session.KindOf(err) != session.NotFound {
			b.Errorf("there is no place 7: %v", err)
		}
		if err := b.Pin(b.Context(), 7, "x"); session.KindOf(err) != session.NotFound {
			b.Errorf("there is no place 7: %v", err)
		}
	},
	"an order, priorities and tabs": func(b *bed) {
		if err := b.SetConcurrency(1); err != nil {
			b.Fatal(err)
		}
		var ids []session.TransferID
		j := b.write("in", 10, "a") // once: a file that is written to while it is sent is another matter
		b.write("copy of in/in", 20, "a")
		j.Priority = session.DefaultPriority
		for i := range 4 {
			ids = append(ids, b.submit(j))
			if i == 0 {
				b.until(ids[0], "asking", func(t session.Transfer) bool { return t.Asking == 1 })
			}
		}
		order := func() (out []int) {
			for _, r := range b.Page(session.TabActive, 0, 100).Rows {
				out = append(out, slices.Index(ids, r.ID))
			}
			return out
		}
		check := func(err error, want ...int) {
			b.Helper()
			if got := order(); err != nil || !slices.Equal(got, want) {
				b.Errorf("order %v, want %v, %v", got, want, err)
			}
		}
		check(nil, 0, 1, 2, 3)
		if p := b.Page(session.TabActive, 3, 1); len(p.Rows) != 1 || p.Rows[0].ID != ids[3] || len(p.Live) == 0 || p.Live[0].ID != ids[0] {
			b.Errorf("beside the last row, what runs is %+v", p.Live)
		}
		check(b.Reorder(ids[3], math.MinInt), 3, 0, 1, 2)
		check(b.Reorder(ids[3], 2), 0, 1, 3, 2)
		check(b.Reorder(ids[0], math.MaxInt), 1, 3, 2, 0)
		check(b.SetPriority(ids[2], 9), 2, 1, 3, 0)
		if err := b.SetPriority(ids[2], 11); session.KindOf(err) != session.Invalid {
			b.Errorf("priority 11: %v", err)
		}
		if n := b.PauseAll(); n != 4 {
			b.Errorf("%d paused", n)
		}
		if n := b.ResumeAll(); n != 4 {
			b.Errorf("%d resumed", n)
		}
		if err := b.Cancel(ids[1], false); err != nil {
			b.Error(err)
		}
		b.until(ids[1], "cancelled", func(t session.Transfer) bool { return t.State.Over() })
		if p := b.Page(session.TabActive, 1, 1); p.Total != 3 || len(p.Rows) != 1 || p.Offset != 1 || p.Rows[0].ID != ids[3] || p.Counts != [3]int{3, 0, 1} || p.ETA >= 0 {
			b.Errorf("%+v", p)
		}
		if p := b.Page(session.TabDone, 0, math.MaxInt); p.Total != 1 || p.Rows[0].ID != ids[1] || p.Tab != session.TabDone {
			b.Errorf("%+v", p)
		}
		h, err := b.History(b.Context(), session.HistoryQuery{Status: session.StatusCancelled, Glob: "in"})
		if err != nil || len(h) != 1 || h[0].ID != ids[1] {
			b.Errorf("%v, %+v", err, h)
		}
		if h, err := b.History(b.Context(), session.HistoryQuery{Status: session.StatusFailed}); err != nil || len(h) != 0 {
			b.Errorf("%v, %+v", err, h)
		}
		if _, err := b.History(b.Context(), session.HistoryQuery{Glob: "["}); session.KindOf(err) != session.Invalid {
			b.Errorf("no glob: %v", err)
		}
	},
	"limits": func(b *bed) {
		if err := b.SetLimits(1<<20, 2<<20); err != nil {
			b.Fatal(err)
		}
		if s, r := b.Limits(); s != 1<<20 || r != 2<<20 {
			b.Errorf("%d, %d", s, r)
		}
		for _, err := range []error{b.SetLimits(1, 0), b.SetLimits(-1, 0), b.SetConcurrency(0), b.SetConcurrency(-3), b.SetConcurrency(1 << 30)} {
			if session.KindOf(err) != session.Invalid {
				b.Errorf("what cannot be: %v", err)
			}
		}
		if err := b.SetConcurrency(7); err != nil || b.Concurrency() != 7 {
			b.Errorf("%v, %d at a time", err, b.Concurrency())
		}
		j := b.write("in", 10, "a")
		b.write("copy of in/in", 20, "a")
		id := b.submit(j)
		if err := b.SetTransferLimit(id, 3<<20); err != nil {
			b.Error(err)
		}
		if t, err := b.Transfer(id); err != nil || t.Job.Options.Limit != 3<<20 {
			b.Errorf("%+v, %v", t, err)
		}
		if err := b.SetTransferLimit(id, -1); session.KindOf(err) != session.Invalid {
			b.Errorf("below 0: %v", err)
		}
	},
	"a rule, a log, an interruption, another try": func(b *bed) {
		j := b.write("in", 10, "a", "b")
		b.write("copy of in/in", 20, "a", "b")
		id := b.submit(j)
		b.until(id, "asking", func(t session.Transfer) bool { return t.Asking == 2 })
		rule := session.Rule{When: session.SizesDiffer, Then: session.Ask, Otherwise: session.Skip}
		if err := b.AnswerAll(id, rule); err != nil {
			b.Fatal(err)
		}
		if err := b.AnswerAll(id, session.Rule{Then: session.Ask}); session.KindOf(err) != session.Invalid {
			b.Errorf("a rule that says nothing: %v", err)
		}
		if t, err := b.Transfer(id); err != nil || t.Rule == nil || *t.Rule != rule || t.Asking != 2 {
			b.Errorf("%v, %+v", err, t)
		}
		if err := b.Interrupt(id); err != nil {
			b.Fatal(err)
		}
		t := b.until(id, "interrupted", func(t session.Transfer) bool { return t.State == session.StateFailed })
		if session.KindOf(t.Err) != session.Interrupted {
			b.Errorf("it says %v", t.Err)
		}
		if n := b.RetryFailed(); n != 1 {
			b.Errorf("%d are tried again", n)
		}
		if err := b.Answer(id, 0, session.Overwrite, true); err != nil {
			b.Error(err)
		}
		if t := b.wait(id); t.State != session.StateDone || t.FilesDone != 2 {
			b.Errorf("it ends as %+v", t)
		}
		b.sameAs("b", 10, "copy of in/in")
		var states []session.TransferState
		for _, l := range b.Log(0) {
			if l.Transfer == id {
				states = append(states, l.State)
			}
		}
		if want := []session.TransferState{session.StateWaiting, session.StateRunning, session.StateFailed}; !slices.Equal(states[:3], want) || states[len(states)-1] != session.StateDone {
			b.Errorf("the log has %v", states)
		}
		last := b.Log(0)[len(b.Log(0))-1]
		if last.Number == 0 || last.At.IsZero() || last.Job != "in" || len(b.Log(last.Number)) != 0 || len(b.Notices()) != 0 {
			b.Errorf("its last line is %+v", last)
		}
	},
}
