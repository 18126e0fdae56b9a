//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/e2e/console"
)

// start measures the time from exec to the first frame that has the directory in
// it and the last row, in turns with an empty program.
func (b *bed) start(ctx context.Context) error {
	dir := b.path("start")
	if err := b.fill(dir, 20); err != nil {
		return err
	}
	empty := b.path("empty")
	build := exec.CommandContext(ctx, "go", "build", "-o", empty, "./internal/e2e/testdata/empty")
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the empty program: %w\n%s", err, out)
	}
	var ours, theirs []float64
	for range b.runs {
		t, err := b.firstFrame(ctx, []string{b.bin.Path, dir}, "file-07", "Quit")
		if err != nil {
			return err
		}
		ours = append(ours, t)
		if t, err = b.firstFrame(ctx, []string{empty}, "hello"); err != nil {
			return err
		}
		theirs = append(theirs, t)
	}
	b.figure("start to first frame, bargee DIR", median(ours), 40, "ms")
	fmt.Printf("%-58s %9.1f ms\n", "  an empty Bubble Tea program", median(theirs))
	return nil
}

// firstFrame returns how many milliseconds pass until all texts are shown.
func (b *bed) firstFrame(ctx context.Context, command []string, texts ...string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := console.Start(ctx, console.Config{Env: b.env("start"), Command: command})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	at, err := c.WaitFor(ctx, fmt.Sprintf("%q", texts), func(screen string) bool {
		for _, t := range texts {
			if !strings.Contains(screen, t) {
				return false
			}
		}
		return true
	})
	return float64(at.Sub(c.Started).Microseconds()) / 1000, err
}

// env is the environment of a user whose files lie in home.
func (b *bed) env(home string) []string {
	return []string{
		"BARGEE_HOME=" + b.path("home-"+home), "PATH=" + os.Getenv("PATH"), "HOME=" + b.dir,
		"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8",
	}
}

// fill makes a directory with n small files.
func (b *bed) fill(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i := range n {
		name := fmt.Sprintf("%s/file-%02d %s.txt", dir, i, []string{"plain", "映画", "été", "a b c"}[i%4])
		if err := os.WriteFile(name, make([]byte, 100*i), 0o644); err != nil {
			return err
		}
	}
	return nil
}
