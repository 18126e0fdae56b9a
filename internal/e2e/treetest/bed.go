//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// twice is how many bytes a rerun may send again.
const twice = 16 << 20

// A bed is the two ends of the copies.
type bed struct {
	cfg        config
	dir        string
	bin        *bargee.Binary
	token      string // file
	server     *bargee.Server
	bytes      int64 // of all files
	told       int   // how many files were told of, before the kill
	sum        int64 // their bytes
	violations int
}

func newBed(ctx context.Context, cfg config) (*bed, error) {
	dir, err := os.MkdirTemp(cfg.dir, "bargee-tree-")
	if err != nil {
		return nil, err
	}
	b := &bed{cfg: cfg, dir: dir}
	if err := b.fill(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bed) fill(ctx context.Context) (err error) {
	if b.bin, err = bargee.Build(ctx, b.dir); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(b.dir, "far"), 0o755); err != nil {
		return err
	}
	if b.bytes, err = b.plant(); err != nil {
		return err
	}
	if b.token, err = b.bin.NewToken(ctx); err != nil {
		return err
	}
	return b.serve(ctx, "127.0.0.1:0")
}

func (b *bed) serve(ctx context.Context, listen string) (err error) {
	b.server, err = b.bin.Serve(ctx, "far-home", "--listen", listen, "--token-file", b.token, filepath.Join(b.dir, "far"))
	return err
}

// start starts a copy of the tree.
func (b *bed) start(ctx context.Context) (*bargee.Copy, error) {
	return b.bin.Copy(ctx, "near-home", "-r", "--token-file", b.token, b.source(), "bargee://"+b.server.Address+"/")
}

func (b *bed) source() string { return filepath.Join(b.dir, "near", "tree") }
func (b *bed) target() string { return filepath.Join(b.dir, "far", "tree") }

// copy copies to the end, and reports how long that took and what memory.
func (b *bed) copy(ctx context.Context, what string) (bargee.Event, error) {
	began := time.Now()
	c, err := b.start(ctx)
	if err != nil {
		return bargee.Event{}, err
	}
	var near int64
	for ended := false; !ended; {
		select {
		case <-time.After(50 * time.Millisecond):
			near = max(near, peak(c.Pid()))
		case <-c.Ended():
			ended = true
		}
	}
	done, err := c.Done()
	far := peak(b.server.Pid())
	fmt.Printf("%-10s %6.1f s, %d MiB sent, %d MiB resumed; memory %d MiB near, %d MiB far\n",
		what, time.Since(began).Seconds(), done.BytesSent>>20, done.BytesResumed>>20, near>>20, far>>20)
	if most := b.cfg.rss << 20; most > 0 && max(near, far) > most {
		b.violate("more memory than %d MiB", b.cfg.rss)
	}
	return done, err
}

// killed starts a copy, kills both ends at half of it, and starts the server
// again. It returns what was verified by then.
func (b *bed) killed(ctx context.Context) (verified int64, err error) {
	c, err := b.start(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for b.arrived(c) < b.bytes/2 {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-c.Ended():
			_, err := c.Done()
			return 0, errors.Join(errors.New("the copy ended before it was half done"), err)
		}
	}
	b.server.Kill()
	c.Kill()
	verified = b.arrived(c)
	fmt.Printf("killed     %6.1f s, at %d of %d MiB\n", time.Since(began).Seconds(), verified>>20, b.bytes>>20)
	return verified, b.serve(ctx, b.server.Address)
}

// arrived returns how many bytes are known to be verified: those of the last
// progress event, which come once all of the tree was seen, or of all files that
// were told of.
func (b *bed) arrived(c *bargee.Copy) int64 {
	files := c.Arrived()
	for _, name := range files[b.told:] {
		if fi, err := os.Stat(name); err == nil && fi.Mode().IsRegular() {
			b.sum += fi.Size()
		}
	}
	b.told = len(files)
	return max(c.Verified(), b.sum)
}

// rerun judges the copy that came after the kill.
func (b *bed) rerun(done bargee.Event, err error, verified int64) (bargee.Event, error) {
	if err == nil && done.BytesSent > b.bytes-verified+twice {
		b.violate("%d MiB sent again", (done.BytesSent-(b.bytes-verified))>>20)
	}
	return done, err
}

// peak returns the most memory that a process had, 0 where that is not told.
func peak(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kib), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}

func (b *bed) violate(format string, args ...any) {
	b.violations++
	fmt.Printf("VIOLATED: "+format+"\n", args...)
}

func (b *bed) close() {
	if b.server != nil {
		b.server.Kill()
	}
	os.RemoveAll(b.dir)
}
