package cli

import "github.com/spf13/cobra"

func newKey(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Show the key of this machine",
		Args:  onlySubcommands,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "show",
		Short: "Print the fingerprint of this machine's key",
		Long:  "Print the fingerprint that other peers pin, as it stands in bargee://FINGERPRINT@HOST/.",
		Args:  atMost(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := a.home()
			if err != nil {
				return err
			}
			id, err := h.identity()
			if err != nil {
				return err
			}
			f := id.Fingerprint()
			if a.json {
				a.event(struct {
					Event string `json:"event"`
					Peer  string `json:"peer"`
					Short string `json:"short"`
				}{"key", f.String(), f.Short()})
				return nil
			}
			a.printf("%s\n", f)
			return nil
		},
	})
	return cmd
}
