package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newStat(a *app) *cobra.Command {
	var flags reachFlags
	cmd := &cobra.Command{
		Use:     "stat TARGET...",
		Short:   "Describe files and directories",
		Long:    "Describe what lies at each TARGET: a link itself, not what it points to.",
		Example: "  bargee stat laptop:/photos/sea.jpg",
		Args:    atLeast(1, "a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachAhead(cmd.Context(), "describe", args, &flags, false,
				func(w *watch, p *place, t target, path session.Path) (func() error, error) {
					e, err := p.tree.Stat(w, path)
					return func() error {
						a.describe(p, path, e)
						return nil
					}, err
				})
		},
	}
	flags.addAll(cmd)
	return cmd
}

func (a *app) describe(p *place, path session.Path, e session.Entry) {
	if a.json {
		a.event(newEntryEvent(path, e))
		return
	}
	ev := newEntryEvent(path, e)
	a.printf("path      %s\n", p.shown(path))
	a.printf("kind      %s\n", e.Kind)
	if e.Kind == session.RegularFile {
		a.printf("size      %d (%s)\n", e.Size, size(e.Size))
	}
	a.printf("mode      %s %s\n", ev.Mode, modeString(e))
	a.printf("modified  %s\n", e.Modified.Local().Format(time.RFC3339))
	if e.Kind == session.Link {
		a.printf("target    %s\n", session.Display(e.Target))
	}
	if ev.MIME != "" {
		a.printf("type      %s\n", ev.MIME)
	}
}
