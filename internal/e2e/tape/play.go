package tape

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/bargee/bargee/internal/e2e/terminal"
)

// A Player is the world that a tape plays in.
type Player struct {
	Path string // directories that are searched before PATH
	Home string // of the shell, an empty directory; it also starts there, and what it makes for a while is below it

	// Took is told of each screenshot: its file as the tape names it, and the
	// screen with its colours. It may be nil.
	Took func(file, styled string) error
}

// startWithin is how long the shell may take to its prompt, which is VHS's.
const startWithin = 10 * time.Second

var prompt = regexp.MustCompile(`^>`)

// Play plays t to its end in a terminal of its own, with a bash that has no
// settings. What the tape waits for and does not see is an error with the line
// and the screen. It is terminal.ErrMissing where there can be no terminal.
func (p Player) Play(ctx context.Context, t *Tape) error {
	path := p.Path + string(filepath.ListSeparator) + os.Getenv("PATH")
	if err := required(t.Require, path); err != nil {
		return err
	}
	term, err := terminal.Start(ctx, terminal.Config{
		Columns: t.Columns,
		Rows:    t.Rows,
		Dir:     p.Home,
		Env:     append([]string{"PS1=> ", "HOME=" + p.Home, "TMPDIR=" + p.Home, "PATH=" + path}, t.Env...),
		Command: []string{"bash", "--norc", "--noprofile"},
	})
	if err != nil {
		return err
	}
	defer term.Close()
	if err := term.Wait(ctx, prompt, false, startWithin); err != nil { // what is typed before may be lost
		return err
	}
	for _, c := range t.Commands {
		if err := p.do(ctx, term, c); err != nil {
			return fmt.Errorf("line %d: %w", c.Line, err)
		}
	}
	return nil
}

func (p Player) do(ctx context.Context, term *terminal.Terminal, c Command) error {
	switch c.Verb {
	case Type:
		return term.Type(ctx, c.Text)
	case Key:
		return term.Press(ctx, c.Text, c.Count)
	case WaitScreen, WaitLine:
		return term.Wait(ctx, c.Wait, c.Verb == WaitLine, c.Timeout)
	}
	if p.Took == nil {
		return nil
	}
	styled, err := term.Styled(ctx)
	if err != nil {
		return err
	}
	return p.Took(c.Text, styled)
}

// required looks for programs as the shell will.
func required(programs []string, path string) error {
	for _, name := range programs {
		if !found(name, path) {
			return fmt.Errorf("the tape requires %s, which is not on PATH", name)
		}
	}
	return nil
}

func found(name, path string) bool {
	for _, dir := range filepath.SplitList(path) {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode()&0o111 != 0 {
			return true
		}
	}
	return false
}
