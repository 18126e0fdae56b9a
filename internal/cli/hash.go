package cli

import (
	"context"
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
			large := make(chan struct{}, maxLarge)
			return a.eachAhead(cmd.Context(), "hash", args, &flags, false,
				func(w *watch, p *place, t target, path session.Path) (func() error, error) {
					return a.hash(w, p, path, alg, large)
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

// Of files larger than a few MiB only two are read at a time: a disk that turns is
// slower when it reads many.
const (
	largeHash = 4 << 20
	maxLarge  = 2
)

func (a *app) hash(w *watch, p *place, path session.Path, alg session.Algorithm, large chan struct{}) (func() error, error) {
	e, err := p.tree.Stat(w, path)
	if err != nil {
		return nil, err
	}
	if e.Size > largeHash {
		w.timer.Stop()
		select {
		case large <- struct{}{}:
		case <-w.Done():
			return nil, context.Cause(w)
		}
		defer func() { <-large }()
	}
	w.wait += time.Duration(e.Size/slowestHash) * time.Second
	w.moved()
	sum, err := p.tree.Hash(w, path, alg)
	return func() error {
		if !a.json {
			a.printf("%x  %s\n", sum, p.shown(path))
			return nil
		}
		ev := newEntryEvent(path, e)
		ev.Algorithm, ev.Digest = string(alg), hex.EncodeToString(sum)
		a.event(ev)
		return nil
	}, err
}
