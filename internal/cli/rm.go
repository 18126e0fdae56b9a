package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newRm(a *app) *cobra.Command {
	var flags reachFlags
	var recursive, force bool
	cmd := &cobra.Command{
		Use:     "rm TARGET...",
		Short:   "Remove files and directories",
		Long:    "Remove what lies at each TARGET; of a link, the link. The root is never removed.",
		Example: "  bargee rm -r laptop:/old",
		Args:    atLeast(1, "a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.nested, flags.none = !recursive, force
			return a.eachAhead(cmd.Context(), "remove", args, &flags, true,
				func(w *watch, p *place, t target, path session.Path) (func() error, error) {
					err := remove(w, p, path, recursive)
					if force && errors.Is(err, session.NotFound) {
						err = nil
					}
					return nil, err
				})
		},
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, "directories with all that is in them")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "what is not there is no error")
	flags.addAll(cmd)
	return cmd
}

func remove(w *watch, p *place, path session.Path, recursive bool) error {
	if path.IsRoot() {
		return &session.Error{Kind: session.Refused, Err: errors.New("the root is never removed")}
	}
	e, err := p.tree.Stat(w, path)
	if err != nil {
		return err
	}
	w.moved()
	if e.Kind == session.Directory && !recursive {
		return &problem{
			what: "remove", where: p.shown(path), hint: "to remove it with all that is in it: rm -r",
			err: &session.Error{Kind: session.Refused, Path: path, Err: errors.New("is a directory")},
		}
	}
	return p.tree.Remove(w, path, recursive)
}
