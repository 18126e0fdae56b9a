package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newDu(a *app) *cobra.Command {
	var flags reachFlags
	var exact bool
	cmd := &cobra.Command{
		Use:   "du [TARGET...]",
		Short: "Count what is in directories and below",
		Long: `Count the bytes of the files in each TARGET and below, where they are: only the sums cross the
line. A file with several names counts once, links are not followed. Without a TARGET it is the root
of the peer that BARGEE_TARGET names, else this directory.`,
		Example: "  bargee du 'laptop:/*'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.each(cmd.Context(), "measure", a.orStanding(args), &flags,
				func(w *watch, p *place, _ target, path session.Path) error { return a.du(w, p, path, exact) })
		},
	}
	cmd.Flags().BoolVarP(&exact, "bytes", "b", false, "print numbers of bytes")
	flags.addAll(cmd)
	return cmd
}

type usageEvent struct {
	Event      string `json:"event"`
	Path       string `json:"path"`
	PathBase64 string `json:"path_base64,omitempty"`
	Files      int64  `json:"files"`
	Dirs       int64  `json:"dirs"`
	Bytes      int64  `json:"bytes"`
	Failed     int64  `json:"failed,omitempty"` // directories that could not be read
}

func (a *app) du(w *watch, p *place, path session.Path, exact bool) error {
	var sum session.Measured
	for m, err := range p.tree.Measure(w, path) {
		if err != nil {
			return err
		}
		w.moved()
		sum = m
	}
	bytes := size(sum.Bytes)
	if exact {
		bytes = fmt.Sprint(sum.Bytes)
	}
	if raw := "/" + path.Raw(); a.json {
		a.event(usageEvent{"usage", textOf(raw), bytesOf(raw), sum.Files, sum.Dirs, sum.Bytes, sum.Failed})
	} else {
		a.printf("%-8s %9s  %s\n", bytes, count(sum.Files, "file"), p.shown(path))
	}
	if sum.Failed == 0 {
		return nil
	}
	a.warn("measure %s: %s could not be read and is missing in that", p.shown(path), plural(sum.Failed, "directory", "directories"))
	return &partlyError{}
}
