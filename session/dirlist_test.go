package session

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"
)

func TestDirList(t *testing.T) {
	var l dirList
	var want []dirMeta
	for i := range 1000 {
		path := strings.Repeat("shared/", i%5) + fmt.Sprint("d", i*i) + strings.Repeat("/x", i%3)
		m := dirMeta{Path{path}, Entry{Mode: fs.FileMode(i) & permBits, Modified: time.Unix(int64(i-500)*1e8, int64(i))}}
		want = append(want, m)
		if !l.add(m) {
			t.Fatal("it is full")
		}
	}
	l.add(want[len(want)-1]) // named twice
	i := len(want)
	for got := range l.backward() {
		i--
		if got.path != want[i].path || got.entry.Mode != want[i].entry.Mode || !got.entry.Modified.Equal(want[i].entry.Modified) {
			t.Fatalf("%d: %v, want %v", i, got, want[i])
		}
	}
	if i != 0 {
		t.Errorf("%d are missing", i)
	}
	for range l.backward() {
		break
	}
}

// A tree of a million directories is kept in 48 MiB, and a sender that names
// the same ones without end is stopped.
func TestDirListIsBounded(t *testing.T) {
	if raceEnabled && testing.Short() {
		t.Skip("it is about memory, of which the race detector takes several times as much")
	}
	var l dirList
	now := time.Unix(1_700_000_000, 123_456_789)
	for i := range 1_000_000 {
		path := fmt.Sprintf("home/somebody/projects/project-%03d/vendor/module-%04d/package-%d", i/10_000, i/100, i)
		if !l.add(dirMeta{Path{path}, Entry{Mode: 0o755, Modified: now}}) {
			t.Fatalf("it is full after %d", i)
		}
	}
	if n := cap(l.buf) + 8*cap(l.blocks); n > 48<<20 {
		t.Errorf("it takes %d MiB", n>>20)
	}
	long := [2]Path{{strings.Repeat("a", MaxPath)}, {strings.Repeat("b", MaxPath)}}
	for i := 0; l.add(dirMeta{long[i%2], Entry{}}); i++ {
		if len(l.buf) > maxDirs {
			t.Fatal("it grows without end")
		}
	}
}
