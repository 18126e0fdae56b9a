package bucket

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func openDirectory(t *testing.T, dir string) *Directory {
	t.Helper()
	d, err := OpenDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDirectory(t *testing.T) {
	d := openDirectory(t, filepath.Join(t.TempDir(), "new", "store"))
	conform(t, d)
	if free, known := d.Free(t.Context()); !known || free <= 0 || d.Shared() {
		t.Errorf("%d free, known: %t", free, known)
	}
	if left := filesBelow(t, filepath.Join(d.root.Name(), begunDir)); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What was begun is gone at the next Open, what was put is there.
func TestDirectoryIsCleanedWhenOpened(t *testing.T) {
	dir := t.TempDir()
	d := openDirectory(t, dir)
	if _, err := d.Put(t.Context(), "a/b", 1, strings.NewReader("x"), Condition{}); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if err := os.MkdirAll(filepath.Join(dir, begunDir, "7", "c"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, begunDir, "1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	openDirectory(t, dir)
	if left := filesBelow(t, dir); !slices.Equal(left, []string{signName, "objects/a/b"}) {
		t.Errorf("%q", left)
	}
}

func TestDirectoryHasOneProcess(t *testing.T) {
	dir := t.TempDir()
	openDirectory(t, dir)
	if d, err := OpenDirectory(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("%v %v", d, err)
	}
}

// The bytes are on disk before the name is, and the name before Put returns; one that
// finds the object there does not return before its name is on disk either.
// It holds F27.
func TestDirectoryKeepsBeforeItAnswers(t *testing.T) {
	d := openDirectory(t, t.TempDir())
	var did []step
	d.steps = func(s step) { did = append(did, s) }
	if _, err := d.Put(t.Context(), "a/b", 1, strings.NewReader("x"), Condition{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	if want := []step{stepWritten, stepSynced, stepNamed, stepKept}; !slices.Equal(did, want) {
		t.Errorf("%v, want %v", did, want)
	}
}

// An ETag is another one for each content, and the same for the same.
func TestDirectoryETags(t *testing.T) {
	d := openDirectory(t, t.TempDir())
	etags := map[string]bool{}
	for i := range 50 {
		o, err := d.Put(t.Context(), "e", 2, strings.NewReader(fmt.Sprintf("%02d", i)), Condition{})
		if err != nil {
			t.Fatal(err)
		}
		etags[o.ETag] = true
	}
	if len(etags) != 50 {
		t.Errorf("%d ETags of 50 contents", len(etags))
	}
}

// Objects come and go in one directory, which goes with the last of them.
func TestDirectoriesComeAndGo(t *testing.T) {
	d := openDirectory(t, t.TempDir())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			key := fmt.Sprintf("same/level/%d", i)
			for range 20 {
				if _, err := d.Put(t.Context(), key, 1, strings.NewReader("x"), Condition{IfAbsent: true}); err != nil {
					t.Error(err)
					return
				}
				if _, err := d.Stat(t.Context(), key); err != nil {
					t.Error(err)
				}
				if err := d.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if left := filesBelow(t, d.root.Name()); !slices.Equal(left, []string{signName}) {
		t.Errorf("%q", left)
	}
	if _, err := os.Stat(filepath.Join(d.root.Name(), objectsDir, "same")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("empty directories are left: %v", err)
	}
}

func filesBelow(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, name)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
