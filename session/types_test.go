package session

import (
	"fmt"
	"slices"
	"testing"
)

func TestExtensionOf(t *testing.T) {
	for name, want := range map[string]string{
		"a.mkv": "mkv", "A.MKV": "mkv", "a.tar.gz": "gz", "plain": "", ".bashrc": "", "..x": "", ".conf.toml": "toml", "a.": "",
		"report.2026-01-02": "2026-01-02", "a.much_too_long_for_one": "", "a.b c": "", "a.\xff": "", "a.ü": "",
	} {
		if got := extensionOf(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// What was copied is counted by type, up to a number of types, and is there
// after a restart.
func TestTypeCounts(t *testing.T) {
	var c typeCounts
	for i := range maxTypes + 5 {
		c.add(&Item{Path: Path{fmt.Sprintf("dir/a.x%d", i)}, Kind: RegularFile, Size: int64(i), Result: Copied})
	}
	c.add(&Item{Path: Path{"b.x1"}, Kind: RegularFile, Size: 1000, Result: Resumed})
	c.add(&Item{Path: Path{"b.x1"}, Kind: RegularFile, Size: 1000, Result: Unchanged})
	c.add(&Item{Path: Path{"b.x1"}, Kind: Directory, Size: 1000, Result: Copied})
	got := c.list()
	if len(got) != maxTypes+1 || got[0] != (TypeCount{"x1", 2, 1001}) || got[1] != (TypeCount{OtherTypes, 5, 32 + 33 + 34 + 35 + 36}) {
		t.Errorf("%v", got)
	}
	if again := typeCounts(typesToStore(got)).list(); !slices.Equal(again, got) {
		t.Errorf("stored and restored: %v, was %v", again, got)
	}
}
