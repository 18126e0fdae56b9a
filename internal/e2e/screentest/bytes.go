//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

func newNoise() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{1}) }

// bytes measures what goes to the terminal.
func (b *bed) bytes(ctx context.Context) error {
	for _, row := range []struct {
		name     string
		w, h     int
		flags    []string
		transfer float64 // goal, bytes a second
	}{
		{"80x24", 80, 24, nil, 4096},
		{"160x48", 160, 48, nil, 4096},
		{"80x24 --slow", 80, 24, []string{"--slow"}, 600},
		{"160x48 --slow", 160, 48, []string{"--slow"}, 1024},
	} {
		if err := b.bytesAt(ctx, row.name, row.w, row.h, row.flags, row.transfer); err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return nil
}

func (b *bed) bytesAt(ctx context.Context, name string, w, h int, flags []string, goal float64) error {
	const seconds = 8
	p, err := b.pair(ctx, "bytes "+name, w, h, 200, 1<<30, append(flags, "--lanes", "5")...) // 5 lanes carry 8 streams
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.path("bytes " + name))
	defer p.close()
	pause(ctx, 2*time.Second) // what the start has to say
	b.figure(name+": at rest", float64(p.spent(ctx, seconds*time.Second))/seconds, 0, "B/s")
	key := func(raw string, times int) (mid, mean float64) {
		var each []float64
		for range times {
			p.Type(raw)
			n := float64(p.spent(ctx, 80*time.Millisecond))
			each = append(each, n)
			mean += n / float64(times)
		}
		return median(each), mean
	}
	mid, mean := key("\x1b[B", 60)
	b.figure(name+": a cursor key, median", mid, 150, "B")
	fmt.Printf("%-58s %9.1f B\n", "  mean of 60, some of which scroll", mean)
	_, page := key("\x1b[6~", 3)
	b.figure(name+": a page", page, 2048, "B")
	for _, k := range []string{"\x1b[H", "\x1b[B", "c", "\r"} {
		key(k, 1)
	}
	pause(ctx, 3*time.Second)
	const look = 10 // seconds: some frames of --slow
	sent := p.spent(ctx, look*time.Second)
	b.figure(name+": 8 streams running", float64(sent)/look, goal, "B/s")
	return nil
}
