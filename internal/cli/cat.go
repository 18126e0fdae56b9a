package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newCat(a *app) *cobra.Command {
	var flags reachFlags
	cmd := &cobra.Command{
		Use:     "cat TARGET...",
		Short:   "Print files",
		Long:    "Write the bytes of each file to standard output.",
		Example: "  bargee cat laptop:/notes.txt | less",
		Args:    atLeast(1, "a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.each(cmd.Context(), "read", args, &flags,
				a.cat)
		},
	}
	flags.addAll(cmd)
	return cmd
}

// cat writes the file at path to standard output.
func (a *app) cat(w *watch, p *place, _ target, path session.Path) error {
	f, err := p.tree.Open(w, path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyBuffer(a.stdout, &movingReader{f, w}, make([]byte, 1<<20)); err != nil {
		return err
	}
	return a.flush()
}

// A movingReader tells a watch of what is read.
type movingReader struct {
	io.Reader
	w *watch
}

func (r *movingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.w.moved()
	return n, err
}
