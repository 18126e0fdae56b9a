package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func runScreen(ctx context.Context, a *app, cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		t, err := parseTarget(args[0], a.getenv("BARGEE_TARGET"))
		if err != nil {
			return err
		}
		if t.isLocal() {
			return usage("is neither a command nor the address of a peer", "see bargee --help").about("", session.Display(args[0]))
		}
	}
	return cmd.Help()
}
