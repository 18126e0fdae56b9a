package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrMissing says that this machine has no tmux.
var ErrMissing = errors.New("tmux is not installed")

// Config says what runs in a terminal. Command has no useful zero value.
type Config struct {
	Columns, Rows int      // 80 and 24
	Dir           string   // where Command runs; "" for here
	Env           []string // added to ours
	Command       []string
}

// A Terminal runs one command. It lives until Close.
type Terminal struct {
	dir string // of its socket
}

// Start starts a terminal that runs cfg.Command.
func Start(ctx context.Context, cfg Config) (*Terminal, error) {
	if _, err := exec.LookPath("tmux"); err != nil {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "bargee-tmux-") // short: a socket's path has about 100 bytes
	if err != nil {
		return nil, err
	}
	t := &Terminal{dir: dir}
	args := []string{
		"set-option", "-g", "status", "off", ";",
		"set-option", "-g", "default-terminal", "tmux-256color", ";",
		"set-option", "-s", "escape-time", "0", ";",
		"set-option", "-g", "remain-on-exit", "on", ";", // the last screen can be read
		"new-session", "-d", "-x", strconv.Itoa(orElse(cfg.Columns, 80)), "-y", strconv.Itoa(orElse(cfg.Rows, 24)),
	}
	if cfg.Dir != "" {
		args = append(args, "-c", cfg.Dir)
	}
	// Not by tmux's -e, which leaves PATH as it is. A shell that is closed with
	// its terminal would write its history while others remove its home.
	args = append(append(args, "env", "COLORTERM=truecolor", "HISTFILE=/dev/null"), cfg.Env...)
	if _, err := t.tmux(ctx, append(args, cfg.Command...)...); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Type types text as it is, character by character.
func (t *Terminal) Type(ctx context.Context, text string) error {
	if strings.HasSuffix(text, ";") { // the end of a command to tmux, unless escaped
		text = strings.TrimSuffix(text, ";") + `\;`
	}
	_, err := t.tmux(ctx, "send-keys", "-l", "--", text)
	return err
}

// Press presses a key by tmux's name for it (Enter, Space, Down, C-c), n times.
func (t *Terminal) Press(ctx context.Context, key string, n int) error {
	_, err := t.tmux(ctx, "send-keys", "-N", strconv.Itoa(n), key)
	return err
}

// Screen returns the lines of the screen, without trailing spaces.
func (t *Terminal) Screen(ctx context.Context) (string, error) {
	return t.tmux(ctx, "capture-pane", "-p")
}

// Styled returns the lines of the screen with their colours, as SGR sequences.
func (t *Terminal) Styled(ctx context.Context) (string, error) {
	return t.tmux(ctx, "capture-pane", "-p", "-e", "-N")
}

// poll is how often Wait looks.
const poll = 30 * time.Millisecond

// Wait waits until re matches the screen, or the last line with text of it.
// Its error shows the screen.
func (t *Terminal) Wait(ctx context.Context, re *regexp.Regexp, lastLine bool, limit time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var screen string
	for {
		s, err := t.Screen(bounded)
		if err == nil {
			screen = s
		}
		if lastLine {
			s = strings.TrimRight(s, "\n")
			s = s[strings.LastIndexByte(s, '\n')+1:]
		}
		if err == nil && re.MatchString(s) {
			return nil
		}
		select {
		case <-tick.C:
		case <-bounded.Done():
			return fmt.Errorf("no %s on the screen after %s; it shows\n%s", re, limit, frame(screen))
		}
	}
}

// frame sets a screen off from the text around it.
func frame(screen string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(screen, "\n") + "\n") {
		b.WriteString("\t┃" + line)
	}
	return b.String()
}

// Close ends the command and the terminal.
func (t *Terminal) Close() error {
	_, err := t.tmux(context.Background(), "kill-server")
	return errors.Join(err, os.RemoveAll(t.dir))
}

// tmux runs a command of tmux on this terminal's server.
func (t *Terminal) tmux(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-f", os.DevNull, "-S", filepath.Join(t.dir, "s")}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("tmux: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
