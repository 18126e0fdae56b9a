package session

import (
	"context"
	"errors"
	"time"
)

// errItself means that what was to be removed is the only copy.
var errItself = errors.New("it is the destination itself by another way, and stays")

// refuseItself returns errItself if the source of a move and what was found at
// its destination are the same file: a peer may serve what is also reached from
// here. Nothing in what both sides tell about a file shows that for sure, so
// the time of the one that is here is changed for a moment, and the other one
// looked at. What was copied in this run is a file of its own.
func (e *Engine) refuseItself(ctx context.Context, q *queued, it Item) error {
	if it.Result != Unchanged || q.job.From == q.job.To {
		return nil
	}
	if q.job.From != Here && q.job.To != Here {
		return e.refuseItselfThere(ctx, q, it)
	}
	here, there, place := it.Path, it.Name, q.job.To
	if q.job.From != Here {
		here, there, place = it.Name, it.Path, q.job.From
	}
	tree, err := e.Tree(place)
	if err != nil {
		return err
	}
	dir, name, err := e.host.at(here)
	if err != nil {
		return err
	}
	defer dir.Close()
	was, err := entryAt(dir, name)
	if err != nil {
		return err
	}
	if err := setModified(dir, name, was.Modified.Add(time.Hour)); err != nil {
		return about(here, err)
	}
	defer setModified(dir, name, was.Modified)
	marked, err := entryAt(dir, name)
	if err != nil {
		return err
	}
	other, err := tree.Stat(ctx, there)
	if err != nil {
		return err
	}
	if other.Modified.Equal(marked.Modified) && !marked.Modified.Equal(was.Modified) {
		return &Error{Kind: Invalid, Side: Source, Path: it.Path, Err: errItself}
	}
	return nil
}

// refuseItselfThere is refuseItself where neither is here.
func (e *Engine) refuseItselfThere(ctx context.Context, q *queued, it Item) error {
	from, err := e.Tree(q.job.From)
	if err != nil {
		return err
	}
	to, err := e.Tree(q.job.To)
	if err != nil {
		return err
	}
	was, err := to.Stat(ctx, it.Name)
	if err != nil {
		return err
	}
	if err := to.Touch(ctx, it.Name, was.Modified.Add(time.Hour), false); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		to.Touch(ctx, it.Name, was.Modified, false)
	}()
	marked, err := to.Stat(ctx, it.Name)
	if err != nil {
		return err
	}
	other, err := from.Stat(ctx, it.Path)
	if err != nil {
		return err
	}
	if other.Modified.Equal(marked.Modified) || marked.Modified.Equal(was.Modified) {
		return &Error{Kind: Invalid, Side: Source, Path: it.Path, Err: errItself}
	}
	return nil
}
