package bargee

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A Binary is a built bargee with a directory for what its processes keep.
type Binary struct {
	Path  string   // of the program
	Dir   string   // scratch: homes of peers, secrets
	Under []string // a program that runs it, with its flags: strace, prlimit; nil: none
}

// Build builds bargee into dir, unless BARGEE names a binary to be used.
func Build(ctx context.Context, dir string) (*Binary, error) {
	if path := os.Getenv("BARGEE"); path != "" {
		path, err := filepath.Abs(path)
		return &Binary{Path: path, Dir: dir}, err
	}
	root, err := Root(ctx)
	if err != nil {
		return nil, err
	}
	b := &Binary{Path: filepath.Join(dir, "bargee"), Dir: dir}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.Path, ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building bargee: %v\n%s", err, out)
	}
	return b, nil
}

// Root returns the directory of bargee's go.mod.
func Root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("looking for go.mod: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// Command prepares bargee with args as the user whose files lie in home, below
// b.Dir. It has no terminal, no colours and no settings of the caller's.
func (b *Binary) Command(ctx context.Context, home string, args ...string) *exec.Cmd {
	line := append(append(slices.Clone(b.Under), b.Path), args...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = append(cleanEnv(), "BARGEE_HOME="+filepath.Join(b.Dir, home), "NO_COLOR=1")
	return cmd
}

// cleanEnv is the environment without the caller's own bargee settings.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "BARGEE") {
			env = append(env, kv)
		}
	}
	return env
}

// NewToken makes a token and returns the file that holds it.
func (b *Binary) NewToken(ctx context.Context) (file string, err error) {
	cmd := b.Command(ctx, "token", "token", "new")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("bargee token new: %v: %s", err, stderr.String())
	}
	file = filepath.Join(b.Dir, "token.txt")
	return file, os.WriteFile(file, out, 0o600)
}
