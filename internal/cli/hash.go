package cli

import (
	"encoding/hex"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

func newHash(a *app) *cobra.Command {
	var flags reachFlags
	var algorithm string
	cmd := &cobra.Command{
		Use:   "hash TARGET...",
		Short: "Print the digests of files",
		Long: `Print the digest of each file, computed where the file is: only the digest crosses the line.
The lines are those of b3sum and sha256sum.`,
		Example: "  bargee hash laptop:/film.mkv\n  bargee hash --algorithm sha256 ./film.mkv",
		Args:    atLeast(1, "a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			alg := session.Algorithm(algorithm)
			if alg != session.BLAKE3 && alg != session.SHA256 {
				return usage("is none of blake3, sha256", "").about("--algorithm", session.Display(algorithm))
			}
			return a.each(cmd.Context(), "hash", args, &flags,
				func(w *watch, p *place, t target, path session.Path) error {
					return a.hash(w, p, path, alg)
				})
		},
	}
	cmd.Flags().StringVar(&algorithm, "algorithm", string(session.BLAKE3), "`blake3|sha256`")
	flags.addAll(cmd)
	return cmd
}

// slowestHash is what a disk is expected to read at least, in bytes a second: a
// peer that hashes tells of nothing until it is done.
const slowestHash = 4 << 20

func (a *app) hash(w *watch, p *place, path session.Path, alg session.Algorithm) error {
	e, err := p.tree.Stat(w, path)
	if err != nil {
		return err
	}
	w.wait += time.Duration(e.Size/slowestHash) * time.Second
	w.moved()
	sum, err := p.tree.Hash(w, path, alg)
	if err != nil {
		return err
	}
	if !a.json {
		a.printf("%x  %s\n", sum, p.shown(path))
		return nil
	}
	ev := newEntryEvent(path, e)
	ev.Algorithm, ev.Digest = string(alg), hex.EncodeToString(sum)
	a.event(ev)
	return nil
}
