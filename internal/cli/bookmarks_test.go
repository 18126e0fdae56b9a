package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui"
)

func TestBookmarkFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state", "bookmarks.json")
	f := &bookmarkFile{name: name}
	if list, err := f.List(); err != nil || list != nil {
		t.Fatalf("without a file: %v, %v", list, err)
	}
	odd, err := session.ParsePath("a\xff\x1b/b c\\d")
	if err != nil {
		t.Fatal(err)
	}
	want := []tui.Bookmark{{Name: "odd\x1b", Dir: odd}, {Name: "Films", Place: "nas-attic"}}
	for _, b := range want {
		if _, err := f.Change(func(list []tui.Bookmark) []tui.Bookmark { return append(list, b) }); err != nil {
			t.Fatal(err)
		}
	}
	got, err := (&bookmarkFile{name: name}).List()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("it kept %+v, %v", got, err)
	}
	if fi, _ := os.Stat(name); runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", fi.Mode())
	}
	if left, _ := os.ReadDir(filepath.Dir(name)); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}

// What cannot be read is said, and not written over.
func TestBookmarkFileThatIsBroken(t *testing.T) {
	for _, content := range []string{"{", `{"bookmarks":[{"name":"x","path":"/a/../b"}]}`, `{"bookmarks":7}`} {
		name := filepath.Join(t.TempDir(), "bookmarks.json")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f := &bookmarkFile{name: name}
		_, err := f.Change(func([]tui.Bookmark) []tui.Bookmark { return nil })
		if err == nil || !strings.Contains(err.Error(), "mend it, or move the file away") {
			t.Errorf("%s: %v", content, err)
		}
		if b, _ := os.ReadFile(name); string(b) != content {
			t.Errorf("%s became %s", content, b)
		}
	}
}
