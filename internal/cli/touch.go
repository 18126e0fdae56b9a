package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newTouch(a *app) *cobra.Command {
	var flags reachFlags
	var mustBeNew bool
	var date string
	cmd := &cobra.Command{
		Use:     "touch TARGET...",
		Short:   "Set times, or make empty files",
		Long:    "Set the modification time of each TARGET to now; what is not there is made, as an empty file.",
		Example: "  bargee touch --new laptop:/lock\n  bargee touch --date 2026-06-01T12:00:00Z laptop:/notes.txt",
		Args:    atLeast(1, "a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := time.Now()
			if date != "" {
				var err error
				if at, err = time.Parse(time.RFC3339, date); err != nil {
					return usage("is no time of RFC 3339", "for example: --date 2026-06-01T12:00:00Z").about("--date", session.Display(date))
				}
			}
			return a.eachAhead(cmd.Context(), "touch", args, &flags, true,
				func(w *watch, p *place, t target, path session.Path) (func() error, error) {
					return nil, p.tree.Touch(w, path, at, mustBeNew)
				})
		},
	}
	cmd.Flags().BoolVar(&mustBeNew, "new", false, "only make files: one that is there already is an error")
	cmd.Flags().StringVar(&date, "date", "", "set this `TIME` (RFC 3339) instead of now")
	flags.addAll(cmd)
	return cmd
}
