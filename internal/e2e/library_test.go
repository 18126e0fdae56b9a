package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A module outside of bargee's, which internal packages are closed to, must be
// able to do with transport and session what bargee does.
func TestLibraryServesAnotherModule(t *testing.T) {
	dir := copyOfLibrary(t)
	run := exec.CommandContext(t.Context(), "go", "run", "-mod=mod", ".")
	run.Dir = dir
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"listed greeting.txt, file of 26 bytes\n",
		"copied up.bin, 3145745 bytes verified\n",
		"copied greeting.txt, 26 bytes verified\n",
		"read 10 bytes at 2097147\n",
		"wrote written.txt\n",
		"fetched down.bin, 3145745 bytes, and saw them all: true\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// copyOfLibrary copies the module to where the go command may complete its
// go.mod: it replaces bargee by this repository, and knows our checksums.
func copyOfLibrary(t *testing.T) string {
	t.Helper()
	dir, root := t.TempDir(), repository(t)
	if err := os.CopyFS(dir, os.DirFS("testdata/library")); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644); err != nil {
		t.Fatal(err)
	}
	edit := exec.CommandContext(t.Context(), "go", "mod", "edit", "-replace=github.com/bargee/bargee="+root)
	edit.Dir = dir
	if out, err := edit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}
