package cli

import "github.com/spf13/cobra"

func newUpload(a *app) *cobra.Command {
	o := &cpOptions{app: a}
	cmd := &cobra.Command{
		Use:     "upload PATH... [:/DIR]",
		Short:   "Copy from here to the peer of BARGEE_TARGET",
		Long:    "Copy files to a peer, as cp does. Without a directory there it is the root of the peer that BARGEE_TARGET names.",
		Example: "  export BARGEE_TARGET=laptop:\n  bargee upload -r photos\n  bargee upload notes.txt :/docs/",
		Args:    atLeast(1, "a PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := a.targets(args)
			if err != nil {
				return err
			}
			o.sources = targets
			if last := targets[len(targets)-1]; !last.isLocal() {
				o.sources, o.dst = targets[:len(targets)-1], last
			} else if o.dst, err = parseTarget(":/", a.getenv("BARGEE_TARGET")); err != nil {
				return err
			}
			if len(o.sources) == 0 {
				return usage("what to upload is missing", "usage: "+cmd.UseLine()).about("", nameOf(cmd))
			}
			for _, src := range o.sources {
				if !src.isLocal() {
					return usage("is not on this machine", "bargee cp copies from anywhere").about("upload", src.String())
				}
			}
			return o.checkAndRun(cmd)
		},
	}
	o.addFlags(cmd)
	return cmd
}
