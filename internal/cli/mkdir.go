package cli

import (
	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newMkdir(a *app) *cobra.Command {
	var flags reachFlags
	var parents bool
	cmd := &cobra.Command{
		Use:     "mkdir TARGET...",
		Short:   "Make directories",
		Long:    "Make a directory at each TARGET. A name that is there already is an error, but not with -p.",
		Example: "  bargee mkdir -p laptop:/photos/2026/june",
		Args:    atLeast(1, "a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachAhead(cmd.Context(), "make", args, &flags, true,
				func(w *watch, p *place, t target, path session.Path) (func() error, error) {
					return nil, p.tree.Mkdir(w, path, parents)
				})
		},
	}
	cmd.Flags().BoolVarP(&parents, "parents", "p", false, "also make what is missing above it")
	flags.add(cmd)
	return cmd
}
