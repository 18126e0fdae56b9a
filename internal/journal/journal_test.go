package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bargee/bargee/internal/filelock"
)

func text(lines [][]byte) string {
	var out []string
	for _, l := range lines {
		out = append(out, string(l))
	}
	return strings.Join(out, " ")
}

// The oldest lines make room, and are told of before.
func TestBounded(t *testing.T) {
	var folded []string
	f := &File{Path: filepath.Join(t.TempDir(), "dir", "log"), Most: 20, Fold: func(lines [][]byte) error {
		folded = append(folded, text(lines))
		return nil
	}}
	if lines, err := f.Lines(); err != nil || len(lines) > 0 {
		t.Errorf("%q, %v", lines, err)
	}
	for i := range 9 {
		if err := f.Append(fmt.Appendf(nil, "line-%02d", i)); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := f.Lines()
	if got := text(lines); err != nil || got != "line-06 line-07 line-08" || strings.Join(folded, " ") != "line-00 line-01 line-02 line-03 line-04 line-05" {
		t.Errorf("%s, before %q, %v", got, folded, err)
	}
	fi, err := os.Stat(f.Path)
	if err != nil || fi.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
}

// Lines of many writers are whole, and a line that was cut harms no other.
func TestManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("cut he"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			f := &File{Path: path, Most: 1 << 20}
			for i := range 50 {
				if err := f.Append(fmt.Appendf(nil, "%d/%d", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	lines, err := (&File{Path: path}).Lines()
	seen := map[string]bool{}
	for _, l := range lines {
		seen[string(l)] = true
	}
	if err != nil || len(lines) != 401 || len(seen) != 401 || !seen["cut he"] || !seen["7/49"] {
		t.Errorf("%d lines, %d different, %v", len(lines), len(seen), err)
	}
}

// What is drained is gone, unless it could not be taken.
func TestDrain(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "log"), Most: 8}
	none := func([][]byte) error { t.Error("there is nothing"); return nil }
	if err := f.Drain(none); err != nil {
		t.Error(err)
	}
	for _, l := range []string{"aaaaa", "bbbbb"} {
		if err := f.Append([]byte(l)); err != nil {
			t.Fatal(err)
		}
	}
	full := errors.New("disk full")
	if err := f.Drain(func([][]byte) error { return full }); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	got := ""
	if err := f.Drain(func(lines [][]byte) error { got = text(lines); return nil }); err != nil || got != "aaaaa bbbbb" {
		t.Errorf("%s, %v", got, err)
	}
	if err := f.Drain(none); err != nil {
		t.Error(err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Lock(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path, false); !errors.Is(err, filelock.ErrHeld) {
		t.Errorf("%v", err)
	}
	waited := make(chan error, 1)
	go func() {
		l, err := Lock(path, true)
		if err == nil {
			err = l.Close()
		}
		waited <- err
	}()
	l.Close()
	if err := <-waited; err != nil {
		t.Error(err)
	}
}
