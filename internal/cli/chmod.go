package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newChmod(a *app) *cobra.Command {
	var flags reachFlags
	var recursive bool
	cmd := &cobra.Command{
		Use:   "chmod MODE TARGET...",
		Short: "Set permissions",
		Long: `Set the permissions of each TARGET. MODE is octal, as 640, or says who gets or loses what, as
u+rw,go-w, a+X (X: execute, of directories and of what somebody may execute already) or go=u. Links
have no permissions; with -R they are passed by.`,
		Example: "  bargee chmod -R go-w,a+rX laptop:/shared",
		Args:    atLeast(2, "a MODE or a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			change, err := parseMode(args[0])
			if err != nil {
				return usage(err.Error(), "for example 640, u+x or go-w,a+rX").about("MODE", session.Display(args[0]))
			}
			return a.eachAhead(cmd.Context(), "chmod", args[1:], &flags, true,
				func(w *watch, p *place, _ target, path session.Path) (func() error, error) {
					e, err := p.tree.Stat(w, path)
					if err != nil {
						return nil, err
					}
					w.moved()
					said, err := setMode(w, p, path, e, change)
					return func() error {
						if a.detailed(said); !recursive || e.Kind != session.Directory {
							return nil
						}
						return a.chmodBelow(w, p, path, change)
					}, err
				})
		},
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "R", false, "and all that is in directories")
	flags.addAll(cmd)
	return cmd
}

// setMode changes the mode of what e describes, and returns what is said of that.
func setMode(ctx context.Context, p *place, path session.Path, e session.Entry, change modeChange) (said string, err error) {
	mode := change.of(e.Mode.Perm(), e.Kind == session.Directory)
	if e.Kind != session.Link && mode == e.Mode.Perm() {
		return "", nil
	}
	if err := p.tree.Chmod(ctx, path, mode); err != nil {
		return "", err
	}
	return fmt.Sprintf("%04o %s", mode, p.shown(path)), nil
}

func (a *app) detailed(said string) {
	if said != "" {
		a.detail("%s", said)
	}
}

// chmodBelow changes all that is in a directory and below, which is told of where
// it fails.
func (a *app) chmodBelow(w *watch, p *place, top session.Path, change modeChange) error {
	bad := 0
	fail := func(path session.Path, err error) {
		bad++
		a.tell(&problem{what: "chmod", where: p.shown(path), err: err})
	}
	d := &descent{w: w, tree: p.tree}
	err := d.walk(top, func(dir session.Path, entries []session.Entry, err error) ([]session.Entry, error) {
		if err != nil {
			fail(dir, err)
			return nil, nil
		}
		for _, e := range entries {
			path, err := dir.Join(e.Name)
			if err != nil || e.Kind == session.Link {
				continue
			}
			said, err := setMode(w, p, path, e, change)
			if a.detailed(said); err != nil {
				if w.Err() != nil {
					return nil, err
				}
				fail(path, err)
			}
			w.moved()
		}
		return entries, nil
	})
	if err == nil && bad > 0 {
		err = &partlyError{}
	}
	return err
}
