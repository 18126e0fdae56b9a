package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func runScreen(ctx context.Context, a *app, cmd *cobra.Command, args []string) error { return cmd.Help() }
