package cli

import "github.com/spf13/cobra"

func newDownload(a *app) *cobra.Command {
	o := &cpOptions{app: a}
	cmd := &cobra.Command{
		Use:     "download :/PATH... [DIR]",
		Short:   "Copy from the peer of BARGEE_TARGET to here",
		Long:    "Copy files from a peer, as cp does. Without a DIR they go into this directory.",
		Example: "  export BARGEE_TARGET=laptop:\n  bargee download :/notes.txt\n  bargee download -r :/photos backup/",
		Args:    atLeast(1, "a :/PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := a.targets(args)
			if err != nil {
				return err
			}
			o.sources, o.dst = targets, target{path: "./"}
			if last := targets[len(targets)-1]; last.isLocal() {
				o.sources, o.dst = targets[:len(targets)-1], last
			}
			if len(o.sources) == 0 {
				return usage("what to download is missing", "usage: "+cmd.UseLine()).about("", nameOf(cmd))
			}
			for _, src := range o.sources {
				if src.isLocal() {
					return usage("is on this machine", "a path at a peer is :/PATH, NAME:/PATH or bargee://HOST/PATH").about("download", src.String())
				}
			}
			return o.checkAndRun(cmd)
		},
	}
	o.addFlags(cmd)
	return cmd
}
