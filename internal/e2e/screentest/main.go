//go:build unix

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// config is what the flags say.
type config struct {
	what  []string
	runs  int           // of start
	stall time.Duration // how long the terminal reads nothing
	dir   string        // for scratch files
	fail  bool          // exit 1 when a goal is missed
}

// kinds are the measurements by name.
var kinds = []struct {
	name string
	run  func(*bed, context.Context) error
}{
	{"start", (*bed).start},
	{"bytes", (*bed).bytes},
	{"stall", (*bed).stall},
	{"cpu", (*bed).cpu},
	{"entries", (*bed).entries},
}

func main() {
	cfg, err := parse()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screentest:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	missed, err := run(ctx, cfg)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screentest:", err)
		os.Exit(1)
	}
	if missed > 0 && cfg.fail {
		os.Exit(1)
	}
}

func parse() (config, error) {
	var cfg config
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	what := flag.String("what", strings.Join(names, ","), "measurements, by commas")
	flag.IntVar(&cfg.runs, "runs", 15, "of start, each")
	flag.DurationVar(&cfg.stall, "stall", 60*time.Second, "how long the terminal reads nothing")
	flag.StringVar(&cfg.dir, "dir", os.TempDir(), "directory for scratch files")
	flag.BoolVar(&cfg.fail, "f", false, "fail when a goal is missed")
	flag.Parse()
	cfg.what = strings.Split(*what, ",")
	for _, w := range cfg.what {
		if !slices.Contains(names, w) {
			return cfg, fmt.Errorf("-what is some of %v, not %q", names, w)
		}
	}
	if cfg.runs < 1 || cfg.stall < time.Second || flag.NArg() > 0 {
		return cfg, fmt.Errorf("-runs must be positive, -stall a second or more, and there are no arguments")
	}
	return cfg, nil
}

// run makes the measurements and returns how many goals were missed.
func run(ctx context.Context, cfg config) (missed int, err error) {
	dir, err := os.MkdirTemp(cfg.dir, "bargee-screen-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	b := &bed{config: cfg, dir: dir}
	if b.bin, err = bargee.Build(ctx, dir); err != nil {
		return 0, err
	}
	b.root, err = bargee.Root(ctx)
	if err != nil {
		return 0, err
	}
	for _, k := range kinds {
		if !slices.Contains(cfg.what, k.name) {
			continue
		}
		if err := k.run(b, ctx); err != nil {
			return b.missed, fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return b.missed, nil
}

// A bed is where all measurements take place.
type bed struct {
	config
	dir, root string
	bin       *bargee.Binary
	missed    int
}

// figure prints what was seen beside its goal.
func (b *bed) figure(what string, seen, goal float64, unit string) {
	verdict := "ok"
	if seen > goal {
		verdict = "MISSED"
		b.missed++
	}
	fmt.Printf("%-58s %9.1f %-5s goal %7.1f  %s\n", what, seen, unit, goal, verdict)
}

func (b *bed) path(names ...string) string {
	return filepath.Join(append([]string{b.dir}, names...)...)
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}
