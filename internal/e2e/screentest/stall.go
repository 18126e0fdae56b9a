//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// stall measures how much arrives in a while with a terminal that reads, and
// with one that does not; then how soon it shows the truth again.
func (b *bed) stall(ctx context.Context) error {
	p, err := b.pair(ctx, "stall", 160, 48, 20, int64(rate*(2*b.config.stall.Seconds()+10)))
	if err != nil {
		return err
	}
	defer p.close()
	for _, key := range []string{"c", "\r"} {
		p.Type(key)
		pause(ctx, 200*time.Millisecond)
	}
	pause(ctx, 3*time.Second) // the rate settles
	arrived := func() (float64, error) {
		before, err := p.written()
		if err != nil {
			return 0, err
		}
		pause(ctx, b.config.stall)
		after, err := p.written()
		return float64(after - before), err
	}
	reads, err := arrived()
	if err != nil {
		return err
	}
	p.Stall()
	held, err := arrived()
	if err != nil {
		return err
	}
	b.figure(fmt.Sprintf("terminal blocked for %s: throughput lost", b.config.stall), 100*(1-held/reads), 1, "%")
	before, at := p.Bytes(), time.Now()
	p.Read()
	for quiet := time.Now(); time.Since(quiet) < 60*time.Millisecond && time.Since(at) < 5*time.Second; pause(ctx, 10*time.Millisecond) {
		if !fresh(p.Screen()) {
			quiet = time.Now()
		}
	}
	b.figure("  until the screen is right again", float64(time.Since(at).Milliseconds()-60), 300, "ms")
	b.figure("  held for it, the kernel's buffer included", float64(p.Bytes()-before)/1024, 128, "KiB")
	shown := p.Screen()
	p.Type("\x0c") // Ctrl-L draws all anew
	pause(ctx, 400*time.Millisecond)
	if a, bb := still(shown), still(p.Screen()); a != bb {
		return fmt.Errorf("after the terminal read again it showed\n%s\nand drawn anew\n%s", shown, p.Screen())
	}
	return nil
}

// written is how many bytes the server has written into files.
func (p *pair) written() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.server.Pid()))
	if err != nil {
		return 0, err
	}
	var read, written int64
	if _, err := fmt.Sscanf(string(text), "rchar: %d\nwchar: %d", &read, &written); err != nil {
		return 0, fmt.Errorf("what /proc says about the server: %w", err)
	}
	return written, nil
}

// fresh tells whether the whole frame is there.
func fresh(screen string) bool {
	return strings.Contains(screen, "Queue") && strings.Contains(screen, "aaa-cargo.bin") && strings.Contains(screen, "Quit")
}

// still is the part of a screen that a running transfer does not change.
func still(screen string) string {
	var rows []string
	for line := range strings.Lines(screen) {
		if strings.Contains(line, "file-") && !strings.Contains(line, "cargo") {
			rows = append(rows, line)
		}
	}
	return strings.Join(rows, "")
}
