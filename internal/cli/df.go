package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newDf(a *app) *cobra.Command {
	var flags reachFlags
	cmd := &cobra.Command{
		Use:   "df [TARGET...]",
		Short: "Show the room on the disks of peers",
		Long: `Show how much room there is on the disk under the root that a peer serves, or on that of a path
on this machine. Without a TARGET it is the peer that BARGEE_TARGET names, else this directory.`,
		Example: "  bargee df laptop: .",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.each(cmd.Context(), "look at the disk of", a.orStanding(args), &flags, a.df)
		},
	}
	flags.add(cmd)
	return cmd
}

type spaceEvent struct {
	Event      string `json:"event"`
	Path       string `json:"path"`
	PathBase64 string `json:"path_base64,omitempty"`
	Free       uint64 `json:"free"`
	Total      uint64 `json:"total"`
}

func (a *app) df(w *watch, p *place, _ target, path session.Path) error {
	e, err := p.tree.Stat(w, path)
	if err != nil {
		return err
	}
	w.moved()
	free, total, err := p.space(w, path, e)
	if err != nil {
		return err
	}
	if raw := "/" + path.Raw(); a.json {
		a.event(spaceEvent{"space", textOf(raw), bytesOf(raw), free, total})
		return nil
	}
	used := 0.0
	if total > 0 {
		used = 100 * float64(total-min(free, total)) / float64(total)
	}
	a.printf("%8s free of %8s  %3.0f %% used  %s\n", size(int64(free)), size(int64(total)), used, p.shown(path))
	return nil
}

// space returns the room on the disk of path: a peer tells of the one under its root.
func (p *place) space(ctx context.Context, path session.Path, e session.Entry) (free, total uint64, err error) {
	if p.host == nil {
		return p.tree.Space(ctx)
	}
	if e.Kind != session.Directory && !p.isDirectory(path) {
		path = path.Parent()
	}
	dir, err := p.host.Dir(path)
	if err != nil {
		return 0, 0, err
	}
	defer dir.Close()
	return dir.Space(ctx)
}
