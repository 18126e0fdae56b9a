//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/e2e/console"
)

// cpu measures what a screen costs that watches a transfer at full speed: the
// transfer is a command's, which runs the queue, and the screen asks it.
func (b *bed) cpu(ctx context.Context) error {
	p := &pair{near: b.path("cpu", "near"), far: b.path("cpu", "far")}
	for _, dir := range []string{p.near, p.far} {
		if err := b.fill(dir, 20); err != nil {
			return err
		}
	}
	defer os.RemoveAll(b.path("cpu"))
	if err := cargo(p.near+"/aaa-cargo.bin", 4<<30); err != nil {
		return err
	}
	token, err := b.bin.NewToken(ctx)
	if err != nil {
		return err
	}
	if p.server, err = b.bin.Serve(ctx, "cpu-server", p.far, "--listen", "127.0.0.1:0", "--token-file", token); err != nil {
		return err
	}
	defer p.server.Kill()
	address := "bargee://" + p.server.Address
	copying := b.bin.Command(ctx, "home-cpu", "cp", "-q", "--token-file", token, p.near+"/aaa-cargo.bin", address+"/")
	if err := copying.Start(); err != nil {
		return err
	}
	defer copying.Wait()
	pause(ctx, time.Second)
	p.Console, err = console.Start(ctx, console.Config{Columns: 160, Rows: 48, Env: b.env("cpu"),
		Command: []string{b.bin.Path, address, p.near, "--token-file", token}})
	if err != nil {
		return err
	}
	defer p.Console.Close()
	if err := p.wait(ctx, "aaa-cargo.bin  "); err != nil {
		return err
	}
	if err := p.wait(ctx, "━"); err != nil {
		return fmt.Errorf("the screen does not show the command's transfer: %w", err)
	}
	const seconds = 5
	before, err := cpuSeconds(p.Pid())
	if err != nil {
		return err
	}
	wrote, err := p.written()
	if err != nil {
		return err
	}
	pause(ctx, seconds*time.Second)
	after, err := cpuSeconds(p.Pid())
	if err != nil {
		return err
	}
	moved, err := p.written()
	if err != nil {
		return err
	}
	b.figure(fmt.Sprintf("CPU of the screen at %.0f MB/s", float64(moved-wrote)/seconds/1e6), 100*(after-before)/seconds, 2, "%")
	return nil
}

// cpuSeconds is how much CPU time a process has used.
func cpuSeconds(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("what /proc says about process %d cannot be understood", pid)
	}
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100, err // of the kernel's clock, USER_HZ
}
