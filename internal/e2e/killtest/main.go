package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// config is what the flags say.
type config struct {
	size   int64 // bytes of the file
	again  int64 // bytes that may be sent twice
	rounds int   // of each role
	seed   uint64
	part   float64       // of a copy's time, after which the kill comes; 0: at random
	first  time.Duration // that a rerun may take to its first new byte; 0: as long as it likes
	roles  []role
	dir    string // for scratch files
}

func main() {
	cfg, err := parse()
	if err != nil {
		fmt.Fprintln(os.Stderr, "killtest:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	violations, err := run(ctx, cfg)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "killtest:", err)
		os.Exit(1)
	}
	if violations > 0 {
		os.Exit(1)
	}
}

func parse() (config, error) {
	mib := flag.Int64("mib", 1024, "size of the file in MiB")
	again := flag.Int64("again", 16, "MiB that a rerun may send twice")
	rounds := flag.Int("rounds", 20, "rounds of each role")
	seed := flag.Uint64("seed", 1, "of the random moments")
	part := flag.Float64("part", 0, "kill after this part of a copy's time, such as 0.5, in place of a random one")
	first := flag.Duration("first", 0, "longest time to the first new byte of a rerun")
	who := flag.String("who", "all", "receiver, sender, both, reconnect or all")
	dir := flag.String("dir", os.TempDir(), "directory for scratch files")
	flag.Parse()
	cfg := config{size: *mib << 20, again: *again << 20, rounds: *rounds, seed: *seed, part: *part, first: *first, roles: roles, dir: *dir}
	if *mib < 1 || *rounds < 1 || *part < 0 || *part >= 1 || flag.NArg() > 0 {
		return cfg, fmt.Errorf("-mib and -rounds must be positive, -part below 1, and there are no arguments")
	}
	if *who != "all" {
		if !slices.Contains(roles, role(*who)) {
			return cfg, fmt.Errorf("-who is one of %v and all", roles)
		}
		cfg.roles = []role{role(*who)}
	}
	return cfg, nil
}

// run plays all rounds and returns how many of them violated a promise.
func run(ctx context.Context, cfg config) (violations int, err error) {
	b, err := newBed(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer b.close()
	if err := b.calibrate(ctx); err != nil {
		return 0, err
	}
	var most int64
	rng := rand.New(rand.NewPCG(cfg.seed, 0))
	for _, who := range cfg.roles {
		for n := range cfg.rounds {
			r := round{who: who, dir: directions[n%len(directions)], part: 0.02 + 0.9*rng.Float64()}
			if cfg.part > 0 {
				r.part = cfg.part
			}
			if err := r.play(ctx, b); err != nil {
				return violations, fmt.Errorf("%s, %s, round %d: %w", who, r.dir, n+1, err)
			}
			fmt.Println(r.line(n+1, cfg))
			most = max(most, r.again)
			if len(r.violations) > 0 {
				violations++
			}
		}
	}
	fmt.Printf("%d rounds of %d MiB, seed %d: %d violations; sent again at most %.1f MiB beyond what was unverified\n",
		len(cfg.roles)*cfg.rounds, cfg.size>>20, cfg.seed, violations, float64(most)/(1<<20))
	return violations, nil
}

// line is the report of round n.
func (r *round) line(n int, cfg config) string {
	verdict := "ok"
	if len(r.violations) > 0 {
		verdict = "VIOLATED: " + strings.Join(r.violations, "; ")
	}
	return fmt.Sprintf("%-9s %-8s %3d: killed at %4d of %d MiB, sent %4d, resumed %4d, again %5.1f, first byte %4.2f s, %4.1f s  %s",
		r.who, r.dir, n, r.verified>>20, cfg.size>>20, r.done.BytesSent>>20, r.done.BytesResumed>>20,
		float64(r.again)/(1<<20), r.first.Seconds(), r.took.Seconds(), verdict)
}
