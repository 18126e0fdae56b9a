//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/e2e/console"
)

// The directory.
const (
	manyEntries = 1_000_000
	manyName    = "many"
)

// entries measures a pane with a million entries: on this machine, and at a
// server on loopback.
func (b *bed) entries(ctx context.Context) error {
	dir := b.path("entries")
	defer os.RemoveAll(dir)
	begin := time.Now()
	if err := fillMany(dir + "/" + manyName); err != nil {
		return err
	}
	fmt.Printf("%-58s %9.1f s\n", "making a directory of a million names", time.Since(begin).Seconds())
	for _, c := range []struct {
		name string
		open func() (*console.Console, func(), error)
		bar  int // column of the bar
		keys string
	}{
		{"local", func() (*console.Console, func(), error) {
			c, err := console.Start(ctx, console.Config{Env: b.env("entries"), Command: []string{b.bin.Path, dir}})
			return c, func() { c.Close() }, err
		}, 3, ""},
		{"remote", func() (*console.Console, func(), error) {
			p := &pair{near: b.path("entries-near"), far: dir}
			err := b.fill(p.near, 3)
			if err == nil {
				err = b.join(ctx, p, "entries-far", 80, 24, nil, nil)
			}
			return p.Console, p.close, err
		}, 43, "\t"},
	} {
		con, over, err := c.open()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		err = b.many(ctx, c.name, con, c.bar, c.keys)
		over()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// fillMany makes the directory: links to a file for each thousand names, so that
// it costs names and no more.
func fillMany(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var file string
	for i := range manyEntries {
		name := fmt.Sprintf("%s/entry-%07d.dat", dir, i*611_953%manyEntries)
		if i%1000 != 0 {
			if err := os.Link(file, name); err != nil {
				return err
			}
			continue
		}
		if file = name; os.WriteFile(file, make([]byte, i/1000), 0o644) != nil {
			return fmt.Errorf("%s cannot be written", file)
		}
	}
	return nil
}

// many opens the directory, whose parent a screen shows, and measures.
func (b *bed) many(ctx context.Context, name string, con *console.Console, bar int, lead string) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	if _, err := con.Wait(ctx, manyName+"/"); err != nil {
		return err
	}
	idle := rss(con.Pid())
	con.Type(lead)
	pause(ctx, 300*time.Millisecond)
	con.Type("\x1b[B") // off "..", in case the bar stands there
	pause(ctx, 300*time.Millisecond)
	con.Type("\r")
	typed := time.Now()
	at, err := con.Wait(ctx, "entry-")
	if err != nil {
		return err
	}
	b.figure(name+": first rows of a million", ms(at.Sub(typed)), 100, "ms")
	loading := func() bool { return !strings.Contains(con.Screen(), "1,000,000 items ") }
	var while []float64
	if while, err = b.keys(ctx, con, bar, 1000, loading); err != nil {
		return err
	}
	whole, err := con.Wait(ctx, "1,000,000 items ")
	if err != nil {
		return err
	}
	fmt.Printf("%-58s %9.1f ms\n", "  "+name+": all of them", ms(whole.Sub(typed)))
	b.keyFigures(fmt.Sprintf("%s: key to paint, %d while loading", name, len(while)), while)
	after, err := b.keys(ctx, con, bar, 1000, func() bool { return true })
	if err != nil {
		return err
	}
	b.keyFigures(name+": key to paint, 1000 in a million", after)
	pause(ctx, 2*time.Second)
	fmt.Printf("%-58s %9.1f MB\n", "  "+name+": resident, more than before", float64(rss(con.Pid())-idle)/1e6)
	return b.filters(ctx, name, con)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// keys presses the cursor keys at no rhythm, as long as more is true, and
// returns how many milliseconds each took until the bar had moved.
func (b *bed) keys(ctx context.Context, con *console.Console, bar, most int, more func() bool) ([]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	row, _, err := con.WaitBar(ctx, bar, -1)
	if err != nil {
		return nil, err
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var took []float64
	for len(took) < most && more() {
		key := "\x1b[B"
		if rnd.IntN(10) == 0 && len(took) > 100 {
			key = "\x1b[A"
		}
		pause(ctx, time.Duration(rnd.IntN(20_000))*time.Microsecond)
		con.Type(key)
		typed := time.Now()
		var at time.Time
		if row, at, err = con.WaitBar(ctx, bar, row); err != nil {
			return nil, err
		}
		took = append(took, ms(at.Sub(typed)))
	}
	return took, nil
}

func (b *bed) keyFigures(what string, took []float64) {
	if len(took) < 10 {
		fmt.Printf("%-58s too few keys: it was over before\n", what)
		return
	}
	slices.Sort(took)
	b.figure(what+", median", took[len(took)/2], 12, "ms")
	b.figure("  99 of 100", took[len(took)*99/100], 25, "ms")
}

// filters types filters, a letter after the other, and measures until the pane
// shows how many names fit.
func (b *bed) filters(ctx context.Context, name string, con *console.Console) error {
	var took []float64
	for _, text := range []string{"734", "entry", "99.d", "y-05", "0001"} {
		con.Type("/")
		if _, err := con.Wait(ctx, "Show only"); err != nil {
			return err
		}
		for n := range text {
			want := fmt.Sprintf("%s items", grouped(fitting(text[:n+1])))
			if n+1 == len(text) || fitting(text[:n+1]) != fitting(text[:n]) {
				con.Type(text[n : n+1])
				typed := time.Now()
				at, err := con.WaitFor(ctx, want, func(screen string) bool {
					return strings.Contains(screen, want) && strings.Contains(screen, "/"+text[:n+1])
				})
				if err != nil {
					return err
				}
				took = append(took, ms(at.Sub(typed)))
			} else {
				con.Type(text[n : n+1])
			}
			pause(ctx, 37*time.Millisecond)
		}
		con.Type("\x1b")
		cleared := func(screen string) bool {
			return strings.Contains(screen, "1,000,000 items") && !strings.Contains(screen, "Show only")
		}
		if _, err := con.WaitFor(ctx, "no filter", cleared); err != nil {
			return err
		}
	}
	slices.Sort(took)
	b.figure(name+": filter keystroke, median", took[len(took)/2], 50, "ms")
	b.figure("  the slowest", took[len(took)-1], 50, "ms")
	return nil
}

// fitting counts the names that hold part.
func fitting(part string) (n int) {
	for i := range manyEntries {
		if strings.Contains(fmt.Sprintf("entry-%07d.dat", i), part) {
			n++
		}
	}
	return n
}

func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// rss returns how many bytes of a process are resident.
func rss(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int64
	fmt.Sscan(string(text), &size, &resident)
	return resident * int64(os.Getpagesize())
}
