package session

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// at is the Path of s, which the test knows to be one.
func at(t testing.TB, s string) Path {
	t.Helper()
	p, err := ParsePath(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// openDir opens name as a jail until the test is over.
func openDir(t testing.TB, name string) *Dir {
	t.Helper()
	d, err := OpenDir(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// write makes the file name and the directories above it.
func write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// served is a Server on a pipe until the test is over, and the asker's end.
func served(t testing.TB, cfg ServerConfig) (*Remote, transport.Link) {
	t.Helper()
	near, far := transport.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		NewServer(cfg).ServeLink(ctx, far)
	}()
	t.Cleanup(func() {
		cancel()
		near.Close("the test is over")
		<-over
	})
	return NewRemote(near), near
}

func entriesOf(t testing.TB, tree Tree, dir string) map[string]Entry {
	t.Helper()
	m := make(map[string]Entry)
	for e, err := range tree.List(t.Context(), at(t, dir)) {
		if err != nil {
			t.Fatal(err)
		}
		m[e.Name] = e
	}
	return m
}

var someTime = time.Date(2024, 2, 29, 12, 34, 56, 789_000_000, time.UTC)

// TestTrees has each Tree do what all of them promise.
func TestTrees(t *testing.T) {
	kinds := map[string]func(t *testing.T, dir string) (tree Tree, base Path){
		"dir": func(t *testing.T, dir string) (Tree, Path) { return openDir(t, dir), Path{} },
		"host": func(t *testing.T, dir string) (Tree, Path) {
			h := NewHost()
			p, err := h.PathOf(dir)
			if err != nil {
				t.Fatal(err)
			}
			return h, p
		},
		"remote": func(t *testing.T, dir string) (Tree, Path) {
			r, _ := served(t, ServerConfig{Tree: openDir(t, dir)})
			return r, Path{}
		},
	}
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			for _, c := range treeCases {
				t.Run(c.name, func(t *testing.T) {
					dir := t.TempDir()
					tree, base := open(t, dir)
					c.do(t, fixture{tree, base, dir})
				})
			}
		})
	}
}
