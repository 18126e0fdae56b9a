package plain

import (
	"context"
	"fmt"
	"strings"

	"github.com/bargee/bargee/session"
)

// transfer copies from one side to the other.
func transfer(from int) func(*run, context.Context, []string) error {
	return func(r *run, ctx context.Context, args []string) error {
		to, err := r.at(1 - from)
		if err != nil {
			return err
		}
		tree, s, err := r.tree(from)
		if err != nil {
			return err
		}
		entries, err := r.meant(ctx, tree, s.Dir, args)
		if err != nil {
			return err
		}
		job := session.Job{From: s.Place, To: to.Place, Destination: to.Dir, Priority: session.DefaultPriority, Options: session.QueueOptions()}
		for _, e := range entries {
			job.Sources = append(job.Sources, e.path)
		}
		id, err := r.Engine.Submit(job)
		if err != nil {
			return err
		}
		r.mine[id] = true
		r.say("transfer %d: %s to %s, in the queue", id, listed(entries), r.name(1-from))
		return nil
	}
}

func (r *run) queue(context.Context, []string) error {
	n := 0
	for _, tab := range tabs {
		page := r.Engine.Page(tab, 0, most)
		for i := range page.Rows {
			t := &page.Rows[i]
			r.say("transfer %d: %s: %s", t.ID, jobName(t.Job), standing(t))
			for _, q := range t.Conflicts {
				r.question(t, q)
			}
			n++
		}
		if more := page.Total - len(page.Rows); more > 0 {
			r.say("and %d more", more)
		}
	}
	if n == 0 {
		r.say("the queue is empty")
	}
	return nil
}

// jobName is what a transfer is called.
func jobName(j session.Job) string {
	if len(j.Sources) == 0 {
		return "nothing"
	}
	name := session.Display(j.Sources[0].Base())
	if n := len(j.Sources) - 1; n > 0 {
		name += fmt.Sprintf(" and %d more", n)
	}
	return name
}

var decisions = map[string]session.Conflict{
	"overwrite": session.Overwrite, "skip": session.Skip, "rename": session.Rename, "newer": session.Newer,
}

func (r *run) answer(_ context.Context, args []string) error {
	id, err := transferID(args[0])
	if err != nil {
		return err
	}
	d, ok := decisions[strings.ToLower(args[1])]
	if !ok {
		return fmt.Errorf("%s is none of overwrite, skip, rename, newer", session.Display(args[1]))
	}
	all := len(args) > 2 && strings.ToLower(args[2]) == "all"
	if len(args) > 2 && !all {
		return fmt.Errorf("%s: only all may stand there", session.Display(args[2]))
	}
	t, ok := r.find(id)
	switch {
	case !ok:
		return fmt.Errorf("there is no transfer %d; queue lists them", id)
	case len(t.Conflicts) == 0:
		return fmt.Errorf("transfer %d asks nothing", id)
	}
	if err := r.Engine.Answer(id, t.Conflicts[0].ID, d, all); err != nil {
		return err
	}
	r.say("transfer %d: %s: %s", id, session.Display(t.Conflicts[0].Name.Base()), strings.ToLower(args[1]))
	return nil
}

func (r *run) cancel(_ context.Context, args []string) error {
	id, err := transferID(args[0])
	if err != nil {
		return err
	}
	keep := len(args) > 1 && strings.ToLower(args[1]) == "keep"
	if err := r.Engine.Cancel(id, keep); err != nil {
		return err
	}
	r.say("transfer %d: cancelled", id)
	return nil
}

// find returns a transfer by its number.
func (r *run) find(id session.TransferID) (session.Transfer, bool) {
	for _, tab := range tabs {
		for _, t := range r.Engine.Page(tab, 0, most).Rows {
			if t.ID == id {
				return t, true
			}
		}
	}
	return session.Transfer{}, false
}
