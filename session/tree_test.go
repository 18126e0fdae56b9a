package session

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lukechampine.com/blake3"
)

// A fixture is a tree, where in it the test works, and what the system calls that.
type fixture struct {
	tree Tree
	base Path
	dir  string
}

func (f fixture) at(t *testing.T, p string) Path { return f.base.Append(at(t, p)) }

func (f fixture) os(p string) string { return filepath.Join(f.dir, filepath.FromSlash(p)) }

// list returns the names in p.
func (f fixture) list(t *testing.T, p string) map[string]Entry {
	return entriesOf(t, f.tree, f.at(t, p).Raw())
}

func wantKind(t *testing.T, err error, k Kind) {
	t.Helper()
	var e *Error
	switch {
	case !errors.As(err, &e):
		t.Errorf("got %v (%T), want an *Error of kind %s", err, err, k)
	case !errors.Is(err, k):
		t.Errorf("got kind %s (%v), want %s", e.Kind, err, k)
	case strings.Contains(e.Err.Error(), os.TempDir()): // its path is the tree's own
		t.Errorf("%q tells where the tree is", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var treeCases = []struct {
	name string
	do   func(t *testing.T, f fixture)
}{
	{"List", testList},
	{"ListMany", testListMany},
	{"ListNotThere", func(t *testing.T, f fixture) {
		for _, err := range f.tree.List(t.Context(), f.at(t, "nowhere")) {
			wantKind(t, err, NotFound)
		}
	}},
	{"ListOfAFile", func(t *testing.T, f fixture) {
		write(t, f.os("file"), "x")
		for _, err := range f.tree.List(t.Context(), f.at(t, "file")) {
			wantKind(t, err, NotADirectory)
		}
	}},
	{"Stat", testStat},
	{"Read", testRead},
	{"OpenOfADirectory", func(t *testing.T, f fixture) {
		must(t, os.Mkdir(f.os("d"), 0o755))
		_, err := f.tree.Open(t.Context(), f.at(t, "d"))
		wantKind(t, err, NotAFile)
		_, err = f.tree.Open(t.Context(), Path{})
		wantKind(t, err, NotAFile)
	}},
	{"Mkdir", testMkdir},
	{"Rename", testRename},
	{"Remove", testRemove},
	{"Touch", testTouch},
	{"Hash", testHash},
	{"Space", func(t *testing.T, f fixture) {
		free, total, err := f.tree.Space(t.Context())
		must(t, err)
		if total == 0 || free > total {
			t.Errorf("%d free of %d", free, total)
		}
	}},
}

func testList(t *testing.T, f fixture) {
	write(t, f.os("a/file"), "content")
	must(t, os.Chmod(f.os("a/file"), 0o640))
	must(t, os.Chtimes(f.os("a/file"), someTime, someTime))
	must(t, os.Mkdir(f.os("a/dir"), 0o755))
	must(t, os.Symlink("nowhere", f.os("a/link")))

	got := f.list(t, "a")
	if len(got) != 3 {
		t.Fatalf("got %v", got)
	}
	if e := got["file"]; e.Kind != RegularFile || e.Size != 7 || e.Mode != 0o640 || !e.Modified.Equal(someTime) {
		t.Errorf("file: %+v", e)
	}
	if e := got["dir"]; e.Kind != Directory || e.Size != 0 {
		t.Errorf("dir: %+v", e)
	}
	if e := got["link"]; e.Kind != Link || e.Target != "nowhere" {
		t.Errorf("link: %+v", e)
	}
}

// More entries than a batch of anything holds; and a reader who has enough.
func testListMany(t *testing.T, f fixture) {
	const n = 1500
	for i := range n {
		must(t, os.WriteFile(f.os(fmt.Sprintf("%04d-%s", i, strings.Repeat("x", 200))), nil, 0o644))
	}
	if got := f.list(t, ""); len(got) != n {
		t.Errorf("%d entries, want %d", len(got), n)
	}
	seen := 0
	for _, err := range f.tree.List(t.Context(), f.base) {
		must(t, err)
		if seen++; seen == 100 {
			break
		}
	}
}

func testStat(t *testing.T, f fixture) {
	write(t, f.os("d/file"), "12345")
	e, err := f.tree.Stat(t.Context(), f.at(t, "d/file"))
	must(t, err)
	if e.Name != "file" || e.Size != 5 || e.Kind != RegularFile {
		t.Errorf("file: %+v", e)
	}
	e, err = f.tree.Stat(t.Context(), Path{})
	must(t, err)
	if e.Name != "" || e.Kind != Directory {
		t.Errorf("root: %+v", e)
	}
	_, err = f.tree.Stat(t.Context(), f.at(t, "d/nothing"))
	wantKind(t, err, NotFound)
	_, err = f.tree.Stat(t.Context(), f.at(t, "d/file/below"))
	wantKind(t, err, NotADirectory)
	var said *Error
	if errors.As(err, &said); said.Path != f.at(t, "d/file") && said.Path != f.at(t, "d/file/below") {
		t.Errorf("the error is about %s", said.Path)
	}
}

func testRead(t *testing.T, f fixture) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	must(t, os.WriteFile(f.os("big"), content, 0o644))
	file, err := f.tree.Open(t.Context(), f.at(t, "big"))
	must(t, err)
	defer file.Close()
	if e, err := file.Stat(); err != nil || e.Name != "big" || e.Size != 1<<20 {
		t.Errorf("Stat: %+v, %v", e, err)
	}
	got, err := io.ReadAll(file)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("ReadAll: %d bytes, %v", len(got), err)
	}
	at := make([]byte, 100)
	if n, err := file.ReadAt(at, 1<<20-50); n != 50 || err != io.EOF || !bytes.Equal(at[:n], content[1<<20-50:]) {
		t.Errorf("ReadAt: %d bytes, %v", n, err)
	}
	if _, err := file.Seek(-10, io.SeekEnd); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(file); err != nil || string(got) != "6789abcdef" {
		t.Errorf("after Seek: %q, %v", got, err)
	}
}

func testMkdir(t *testing.T, f fixture) {
	ctx := t.Context()
	must(t, f.tree.Mkdir(ctx, f.at(t, "a"), false))
	wantKind(t, f.tree.Mkdir(ctx, f.at(t, "a"), false), Exists)
	wantKind(t, f.tree.Mkdir(ctx, f.at(t, "b/c"), false), NotFound)
	must(t, f.tree.Mkdir(ctx, f.at(t, "b/c/d"), true))
	must(t, f.tree.Mkdir(ctx, f.at(t, "b/c/d"), true))
	must(t, f.tree.Mkdir(ctx, f.base, true))
	wantKind(t, f.tree.Mkdir(ctx, f.base, false), Exists)
	write(t, f.os("file"), "")
	wantKind(t, f.tree.Mkdir(ctx, f.at(t, "file/x"), true), NotADirectory)
	if fi, err := os.Stat(f.os("b/c/d")); err != nil || !fi.IsDir() {
		t.Error("b/c/d was not made")
	}
}

func testRename(t *testing.T, f fixture) {
	ctx := t.Context()
	write(t, f.os("a/file"), "a")
	write(t, f.os("b/file"), "b")
	must(t, os.MkdirAll(f.os("empty"), 0o755))

	wantKind(t, f.tree.Rename(ctx, f.at(t, "a/file"), f.at(t, "b/file")), Exists)
	wantKind(t, f.tree.Rename(ctx, f.at(t, "a"), f.at(t, "empty")), Exists)
	wantKind(t, f.tree.Rename(ctx, f.at(t, "a"), f.at(t, "a/inside")), Invalid)
	wantKind(t, f.tree.Rename(ctx, f.at(t, "c"), f.at(t, "d")), NotFound)
	wantKind(t, f.tree.Rename(ctx, Path{}, f.at(t, "d")), Refused)

	must(t, f.tree.Rename(ctx, f.at(t, "a/file"), f.at(t, "b/other")))
	must(t, f.tree.Rename(ctx, f.at(t, "b"), f.at(t, "a/b")))
	if b, err := os.ReadFile(f.os("a/b/other")); string(b) != "a" {
		t.Errorf("a/b/other: %q, %v", b, err)
	}
}

func testRemove(t *testing.T, f fixture) {
	ctx := t.Context()
	write(t, f.os("d/e/f/g"), "")
	for i := range 1200 {
		write(t, f.os(fmt.Sprintf("d/e/%d", i)), "")
	}
	write(t, f.os("kept"), "kept")
	must(t, os.Symlink("../kept", f.os("d/link")))

	wantKind(t, f.tree.Remove(ctx, f.at(t, "d"), false), Exists)
	wantKind(t, f.tree.Remove(ctx, f.at(t, "nothing"), true), NotFound)
	wantKind(t, f.tree.Remove(ctx, Path{}, true), Refused)
	must(t, f.tree.Remove(ctx, f.at(t, "d/link"), true))
	must(t, f.tree.Remove(ctx, f.at(t, "d/e/f/g"), false))
	must(t, f.tree.Remove(ctx, f.at(t, "d/e/f"), false))
	must(t, f.tree.Remove(ctx, f.at(t, "d"), true))
	if left := f.list(t, ""); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

func testTouch(t *testing.T, f fixture) {
	ctx := t.Context()
	must(t, f.tree.Touch(ctx, f.at(t, "new"), someTime, true))
	wantKind(t, f.tree.Touch(ctx, f.at(t, "new"), someTime, true), Exists)
	must(t, f.tree.Touch(ctx, f.at(t, "new"), someTime.Add(1), false))
	if fi, err := os.Stat(f.os("new")); err != nil || !fi.ModTime().Equal(someTime.Add(1)) {
		t.Errorf("new: %v, %v", fi.ModTime(), err)
	}
	write(t, f.os("full"), "content")
	must(t, f.tree.Touch(ctx, f.at(t, "full"), someTime, false))
	if b, _ := os.ReadFile(f.os("full")); string(b) != "content" {
		t.Errorf("Touch left %q", b)
	}
	must(t, os.Symlink("full", f.os("link")))
	must(t, f.tree.Touch(ctx, f.at(t, "link"), someTime.AddDate(1, 0, 0), false))
	if fi, _ := os.Lstat(f.os("full")); !fi.ModTime().Equal(someTime) {
		t.Error("Touch followed a link")
	}
	wantKind(t, f.tree.Touch(ctx, f.at(t, "no/where"), someTime, false), NotFound)
}

func testHash(t *testing.T, f fixture) {
	content := bytes.Repeat([]byte("bargee"), 400_000)
	must(t, os.WriteFile(f.os("file"), content, 0o644))
	want := map[Algorithm][32]byte{BLAKE3: blake3.Sum256(content), SHA256: sha256.Sum256(content)}
	for a, sum := range want {
		got, err := f.tree.Hash(t.Context(), f.at(t, "file"), a)
		if err != nil || !bytes.Equal(got, sum[:]) {
			t.Errorf("%s: %x, %v, want %x", a, got, err, sum)
		}
	}
	_, err := f.tree.Hash(t.Context(), f.at(t, "file"), "md5")
	wantKind(t, err, Invalid)
	_, err = f.tree.Hash(t.Context(), f.at(t, "nothing"), BLAKE3)
	wantKind(t, err, NotFound)
}
