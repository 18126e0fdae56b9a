package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/bargee/bargee/internal/e2e/bargee"
	"github.com/bargee/bargee/internal/e2e/tape"
)

func main() {
	script := flag.String("tape", "demo.tape", "the tape, from the root of the repository")
	title := flag.String("title", "bargee", "of the window")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *script, *title)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, script, title string) error {
	root, err := bargee.Root(ctx)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(root, script))
	if err != nil {
		return err
	}
	t, err := tape.Parse(string(b))
	if err != nil {
		return fmt.Errorf("%s: %w", script, err)
	}
	dir, err := os.MkdirTemp("", "bargee-picture-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin, err := bargee.Build(ctx, dir)
	if err != nil {
		return err
	}
	home := filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	p := tape.Player{Path: filepath.Dir(bin.Path), Home: home}
	p.Took = func(file, styled string) error {
		name := filepath.Join(root, strings.TrimSuffix(file, ".png")+".svg")
		fmt.Println("wrote", name)
		return os.WriteFile(name, draw(parse(styled, t.Columns, t.Rows), title), 0o644)
	}
	return p.Play(ctx, t)
}
