package cli

import (
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/spf13/cobra"
)

// version returns the version of this program: the module's, else the commit
// that it was built from.
var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v += "-" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return v
})

// agent is what we tell peers that we are.
func agent() string {
	s := "bargee/" + version()
	return s[:min(128, len(s))]
}

// addVersion is --version. Cobra's own would link text/template: see unitText.
func addVersion(cmd *cobra.Command, a *app) {
	asked, run := cmd.Flags().Bool("version", false, "print the version"), cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *asked {
			a.printf("bargee %s\n", version())
			return nil
		}
		return run(cmd, args)
	}
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  atMost(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.json {
				a.event(struct {
					Event   string `json:"event"`
					Version string `json:"version"`
					Go      string `json:"go"`
					OS      string `json:"os"`
					Arch    string `json:"arch"`
				}{"version", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
				return nil
			}
			a.printf("bargee %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
