//go:build unix

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/terminal"
)

// How long a script of the README may take, a screen to appear or go, and a
// peer to end.
const (
	scriptWithin = 60 * time.Second
	readyWithin  = time.Minute
	endWithin    = 2 * time.Second
)

// A world is where the README's commands run.
type world struct {
	dir  string
	bin  string // directory of the bargee under test
	root string // of the repository

	words map[string]string // what placeholders stand for
	peers []*script         // that still run
}

// A script is a running block.
type script struct {
	cmd   *exec.Cmd
	text  string
	out   output
	ended chan struct{}
	err   error // of cmd.Wait, once ended is closed
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b := binary(t)
	shim := fmt.Sprintf(sshShim, b.Dir)
	if err := os.WriteFile(filepath.Join(filepath.Dir(b.Path), "ssh"), []byte(shim), 0o755); err != nil {
		t.Fatal(err)
	}
	return &world{dir: b.Dir, bin: filepath.Dir(b.Path), root: repository(t), words: make(map[string]string)}
}

// sshShim is ssh in the README's world, where every host is the machine "server";
// with a real one it is tested beside the commands.
const sshShim = `#!/bin/sh
for word; do [ "$word" != -G ] || exit 1; done
mkdir -p '%[1]s/server' && cd '%[1]s/server' || exit 1
HOME=$PWD BARGEE_HOME=$PWD/.bargee exec sh -c "$word"
`

// printed finds in the output what later placeholders stand for.
var printed = map[string]*regexp.Regexp{
	"ticket":  regexp.MustCompile(`\bbgticket_[a-z0-9]+`),
	"token":   regexp.MustCompile(`\bbgt_[a-z0-9]+`),
	"relay":   regexp.MustCompile(`\bbgrelay_[a-z0-9]+`),
	"code":    regexp.MustCompile(`\b\d{4,}-[a-z]+-[a-z]+-[a-z]+(?:@\S+)?`),
	"address": regexp.MustCompile(`listening on ([^\s/]+)\s`), // of a peer: no URL
}

// readyLine is that of a role that goes on.
var readyLine = regexp.MustCompile(`listening on \S+\s`)

// placeholders are what a reader would replace, by the word that they stand for.
var placeholders = []struct {
	re   *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`bgticket_…`), "ticket"},
	{regexp.MustCompile(`bgt_…`), "token"},
	{regexp.MustCompile(`bgrelay_…`), "relay"},
	{regexp.MustCompile(`\bCODE\b`), "code"},
	{regexp.MustCompile(`\b[a-z0-9-]+\.example(?::6768)?\b`), "address"},
}

// ofSource are the commands that build bargee.
var ofSource = regexp.MustCompile(`go (install|run) (?:github\.com/bargee/bargee@\S+|\.)`)

// fill puts in what a reader would.
func (w *world) fill(text string) (string, error) {
	var missing error
	for _, p := range placeholders {
		text = p.re.ReplaceAllStringFunc(text, func(s string) string {
			word, ok := w.words[p.word]
			if !ok {
				missing = fmt.Errorf("%s: nothing printed a %s before", s, p.word)
			}
			return word
		})
	}
	// The go command keeps caches and counters in HOME: ours, not the machine's.
	build := fmt.Sprintf("HOME='%s' go -C '%s' $1 .", os.Getenv("HOME"), w.root)
	return ofSource.ReplaceAllString(text, build), missing
}

// learn remembers the last words of output that placeholders can stand for.
func (w *world) learn(output string) {
	for name, re := range printed {
		if all := re.FindAllStringSubmatch(output, -1); len(all) > 0 {
			last := all[len(all)-1]
			w.words[name] = last[len(last)-1]
		}
	}
}

// env is the environment on a machine.
func (w *world) env(machine string) []string {
	home := filepath.Join(w.dir, machine)
	return []string{
		"HOME=" + home, "BARGEE_HOME=" + filepath.Join(home, ".bargee"), "GOBIN=" + filepath.Join(home, "bin"), "NO_COLOR=1",
		"BARGEE_SERVE_LISTEN=127.0.0.1:0", "BARGEE_RELAY_LISTEN=127.0.0.1:0", "BARGEE_MOUNT_DAV_LISTEN=127.0.0.1:0", // the usual ports may be taken
		"PATH=" + filepath.Join(home, "bin") + ":" + w.bin + ":" + os.Getenv("PATH"),
	}
}

// play runs a block.
func (w *world) play(ctx context.Context, b block) error {
	text, err := w.fill(b.script)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(w.dir, b.machine), 0o700); err != nil {
		return err
	}
	if b.screen {
		return w.showScreen(ctx, b.machine, text)
	}
	return w.runScript(ctx, b.machine, text)
}

// runScript runs a script to its end or to its ready line.
func (w *world) runScript(ctx context.Context, machine, text string) error {
	s := &script{cmd: exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text), text: text, ended: make(chan struct{})}
	s.cmd.Dir = filepath.Join(w.dir, machine)
	s.cmd.Env = append(os.Environ(), w.env(machine)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Cancel = func() error { return s.signal(syscall.SIGKILL) }
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	running, err := s.await()
	w.learn(s.out.String())
	if running {
		w.peers = append(w.peers, s)
	}
	return s.explain(err)
}

// await returns when the script has ended, or is a peer that can be reached.
func (s *script) await() (running bool, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(scriptWithin)
	for {
		select {
		case <-s.ended:
			return false, s.err
		case <-limit:
			s.signal(syscall.SIGKILL)
			return false, fmt.Errorf("neither ended nor printed a ready line within %s", scriptWithin)
		case <-tick.C:
			if readyLine.MatchString(s.out.String()) {
				return true, nil
			}
		}
	}
}

// signal sends what a terminal would: to all processes of the script.
func (s *script) signal(sig syscall.Signal) error { return syscall.Kill(-s.cmd.Process.Pid, sig) }

func (s *script) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w\n%s\nprinted:\n%s", err, s.text, s.out.String())
}

// end presses Ctrl-C at the peers that still run.
func (w *world) end() (err error) {
	for _, s := range w.peers {
		s.signal(syscall.SIGINT)
		select {
		case <-s.ended:
			err = errors.Join(err, s.explain(s.err))
		case <-time.After(endWithin):
			s.signal(syscall.SIGKILL)
			err = errors.Join(err, s.explain(fmt.Errorf("it did not end within %s of Ctrl-C", endWithin)))
		}
	}
	return err
}

// showScreen types a script into a terminal, waits for the screen and quits.
func (w *world) showScreen(ctx context.Context, machine, text string) error {
	term, err := terminal.Start(ctx, terminal.Config{
		Columns: 100, Rows: 30, Dir: filepath.Join(w.dir, machine), Env: append(w.env(machine), "PS1=> "),
		Command: []string{"bash", "--norc", "--noprofile"},
	})
	if err != nil {
		return err
	}
	defer term.Close()
	steps := []func() error{
		func() error { return term.Wait(ctx, regexp.MustCompile(`^>`), false, readyWithin) },
		func() error { return term.Type(ctx, strings.TrimSpace(text)+" && clear && echo the end") },
		func() error { return term.Press(ctx, "Enter", 1) },
		func() error { return term.Wait(ctx, regexp.MustCompile(`Quit`), false, scriptWithin) },
		func() error { return term.Type(ctx, "q") },
		func() error { return term.Wait(ctx, regexp.MustCompile(`(?m)^the end$`), false, readyWithin) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// output collects what a process prints while others read it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
