package cli

import (
	"context"
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
			turns := make(chan struct{}, maxMeasures)
			return a.eachAhead(cmd.Context(), "measure", a.orStanding(args), &flags, false,
				func(w *watch, p *place, _ target, path session.Path) (func() error, error) {
					sum, err := measure(w, p, path, turns)
					return func() error { return a.tellUsage(p, path, sum, exact) }, err
				})
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

// maxMeasures is how many directories are measured at a time: a peer does 8, for all
// who ask over one link.
const maxMeasures = 4

// measure counts what is below path, when it has a turn.
func measure(w *watch, p *place, path session.Path, turns chan struct{}) (sum session.Measured, err error) {
	w.timer.Stop() // nothing is owed until then
	select {
	case turns <- struct{}{}:
	case <-w.Done():
		return sum, context.Cause(w)
	}
	defer func() { <-turns }()
	w.moved()
	for m, err := range p.tree.Measure(w, path) {
		if err != nil {
			return sum, err
		}
		w.moved()
		sum = m
	}
	return sum, nil
}

func (a *app) tellUsage(p *place, path session.Path, sum session.Measured, exact bool) error {
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
