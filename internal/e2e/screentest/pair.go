//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
	"github.com/bargee/bargee/internal/e2e/console"
)

// A pair is a screen with a directory on the left and a server's on the right.
type pair struct {
	*console.Console
	server *bargee.Server
	near   string // directories
	far    string
}

// rate is the server's limit: a transfer shall last, and be as fast each time.
const rate = 30e6 // bytes a second

// pair opens a screen of w by h beside a server; flags are the screen's. In the
// directory on the left are n small files, and the cargo of size bytes is first.
func (b *bed) pair(ctx context.Context, name string, w, h, n int, size int64, flags ...string) (*pair, error) {
	p := &pair{near: b.path(name, "near"), far: b.path(name, "far")}
	for _, dir := range []string{p.near, p.far} {
		if err := b.fill(dir, n); err != nil {
			return nil, err
		}
	}
	if size > 0 {
		if err := cargo(p.near+"/aaa-cargo.bin", size); err != nil {
			return nil, err
		}
	}
	return p, b.join(ctx, p, name, w, h, []string{"--limit", fmt.Sprintf("%dMB/s", int(rate/1e6))}, flags)
}

// join starts the server, with its own flags, and the screen of a pair.
func (b *bed) join(ctx context.Context, p *pair, name string, w, h int, serve, flags []string) error {
	token, err := b.bin.NewToken(ctx)
	if err != nil {
		return err
	}
	serve = append([]string{p.far, "--listen", "127.0.0.1:0", "--token-file", token}, serve...)
	if p.server, err = b.bin.Serve(ctx, name+"-server", serve...); err != nil {
		return err
	}
	command := append([]string{b.bin.Path, "bargee://" + p.server.Address, p.near, "--token-file", token, "--trust=far"}, flags...)
	if p.Console, err = console.Start(ctx, console.Config{Columns: w, Rows: h, Env: b.env(name), Command: command}); err != nil {
		p.server.Kill()
		return err
	}
	if err := p.wait(ctx, "Space tag"); err != nil {
		p.close()
		return err
	}
	return nil
}

// wait waits until the screen shows text, not for ever.
func (p *pair) wait(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := p.Wait(ctx, text)
	return err
}

// spent returns how many bytes come in a while.
func (p *pair) spent(ctx context.Context, d time.Duration) int64 {
	before := p.Bytes()
	pause(ctx, d)
	return p.Bytes() - before
}

func (p *pair) close() {
	p.Console.Close()
	p.server.Kill()
}

// pause lets d pass, or ctx end.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// cargo writes a file that cannot be compressed.
func cargo(name string, size int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	rng := newNoise()
	for off := int64(0); off < size; off += int64(len(block)) {
		rng.Read(block)
		if _, err := f.Write(block[:min(int64(len(block)), size-off)]); err != nil {
			return fmt.Errorf("%w", err)
		}
	}
	return f.Close()
}
