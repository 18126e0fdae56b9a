//go:build unix

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// config is what the flags say.
type config struct {
	files  int   // of the tree
	per    int   // in a directory; 0: all in one
	size   int   // bytes of the largest
	sparse int64 // GiB of a file with holes, in place of a tree
	kill   bool
	rss    int64 // MiB that a process may need; 0: any
	dir    string
}

func main() {
	var cfg config
	flag.IntVar(&cfg.files, "files", 100_000, "files of the tree")
	flag.IntVar(&cfg.size, "size", 4096, "bytes of its largest file")
	flag.IntVar(&cfg.per, "per", 100, "files in a directory; 0: all in one")
	flag.Int64Var(&cfg.sparse, "sparse", 0, "copy a file of so many GiB with little data in it, in place of a tree")
	flag.BoolVar(&cfg.kill, "kill", true, "kill both ends in the middle")
	flag.Int64Var(&cfg.rss, "rss", 96, "MiB that a process may need; 0: any")
	flag.StringVar(&cfg.dir, "dir", os.TempDir(), "directory for scratch files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	violations, err := run(ctx, cfg)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "treetest:", err)
		os.Exit(1)
	case violations > 0:
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg config) (violations int, err error) {
	b, err := newBed(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer b.close()
	again := int64(0)
	if cfg.kill {
		if again, err = b.killed(ctx); err != nil {
			return b.violations, err
		}
	}
	done, err := b.copy(ctx, "copied")
	if cfg.kill {
		done, err = b.rerun(done, err, again)
	}
	if err != nil {
		return b.violations, err
	}
	if done.Failed > 0 {
		b.violate("%d files failed", done.Failed)
	}
	if err := b.compare(); err != nil {
		b.violate("%v", err)
	}
	if done, err = b.copy(ctx, "unchanged"); err == nil && done.BytesSent > 0 {
		b.violate("a third run sent %d bytes", done.BytesSent)
	}
	return b.violations, err
}
