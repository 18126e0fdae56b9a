package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newMv(a *app) *cobra.Command {
	var flags reachFlags
	cmd := &cobra.Command{
		Use:   "mv SRC... DST",
		Short: "Rename and move, within a machine or from one to another",
		Long: `Move each SRC into the directory DST, or give one SRC the name DST. Nothing is ever replaced.
What goes to another machine is copied as cp -r does, and removed at the SRC when it is there and
verified; a file that changed meanwhile stays, and so does one that cannot be copied.`,
		Example: "  bargee mv laptop:/draft.txt laptop:/final.txt\n  bargee mv camera:/DCIM nas:/photos/",
		Args:    atLeast(2, "a SRC or the DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.mv(cmd.Context(), args, &flags)
		},
	}
	flags.addAll(cmd)
	return cmd
}

func (a *app) mv(ctx context.Context, args []string, flags *reachFlags) error {
	targets, err := a.targets(args)
	if err != nil {
		return err
	}
	dst := targets[len(targets)-1]
	for _, src := range targets {
		if src.peer() != dst.peer() {
			return a.mvAcross(ctx, targets[:len(targets)-1], dst, flags)
		}
	}
	there := *flags
	there.globs = false // a name that is to be given is no pattern
	return a.each(ctx, "move to", args[len(args)-1:], &there, func(w *watch, p *place, t target, path session.Path) error {
		var sources []target
		for _, src := range targets[:len(targets)-1] {
			group, err := flags.expand(w, p, src, w.moved)
			if err != nil {
				return failed("move", src, err)
			}
			sources = append(sources, group...)
		}
		into, err := intoDirectory(w, "move to", p, t, path, len(sources) > 1)
		if err != nil {
			return err
		}
		for _, src := range sources {
			if err := failed("move", src, rename(w, p, src, path, into)); err != nil {
				return err
			}
			w.moved()
		}
		return nil
	})
}

// mvAcross moves from one machine to another, as cp copies.
func (a *app) mvAcross(ctx context.Context, sources []target, dst target, flags *reachFlags) error {
	d := session.DefaultOptions()
	o := &cpOptions{
		app: a, reachFlags: *flags, sources: sources, dst: dst, moves: true,
		recursive: true, onConflict: "ask", compress: "auto", preserve: []string{"mode", "times", "links"},
		retry: d.Retry, giveUp: d.GiveUp, priority: session.DefaultPriority,
	}
	for _, t := range append(sources, dst) {
		if t.path == "-" {
			return usage("is what comes and goes by pipes, and cannot be moved", "").about("move", "-")
		}
	}
	return o.run(ctx)
}

// intoDirectory tells whether path, the address t, is a directory that takes
// things under their own names. must says that it has to be one, what is the
// verb for messages.
func intoDirectory(ctx context.Context, what string, p *place, t target, path session.Path, must bool) (bool, error) {
	e, err := p.tree.Stat(ctx, path)
	must = must || t.isDir()
	switch {
	case err == nil && e.Kind == session.Directory:
		return true, nil
	case err == nil && e.Kind == session.Link && p.host != nil && p.isDirectory(path):
		return true, nil
	case errors.Is(err, session.NotFound) && must:
		return false, &problem{
			what: what, where: t.String(), err: &session.Error{Kind: session.NotFound, Path: path, Err: errors.New("no such directory")},
			hint: "bargee mkdir makes one",
		}
	case errors.Is(err, session.NotFound):
		return false, nil
	case err == nil && must:
		return false, &session.Error{Kind: session.NotADirectory, Path: path, Err: errors.New("is not a directory")}
	}
	return false, err
}

func rename(w *watch, p *place, src target, dst session.Path, into bool) error {
	from, err := p.path(src)
	if err != nil {
		return err
	}
	if into {
		if dst, err = dst.Join(from.Base()); err != nil {
			return err
		}
	}
	return p.tree.Rename(w, from, dst)
}
