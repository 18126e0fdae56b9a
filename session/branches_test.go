package session

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
)

// The last directory that was found is the next to be listed, and none is lost.
func TestBranches(t *testing.T) {
	tree := map[string][]string{"": {"a", "bb", "c"}, "c": {"x", "a b"}, "c/x": {"\xff"}, "bb": {"x"}}
	var way branches
	var got []string
	for dir := (&outFile{}); ; {
		var names nameList
		for _, name := range tree[dir.rel.raw] {
			names.add(name)
		}
		way.push(dir, names)
		parent, name, ok := way.next()
		if !ok {
			break
		}
		var err error
		dir, err = parent.below(name)
		must(t, err)
		got = append(got, dir.rel.raw)
	}
	want := []string{"c", "c/a b", "c/x", "c/x/\xff", "bb", "bb/x", "a"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A directory that waits to be listed costs its name.
func TestBranchesAreSmall(t *testing.T) {
	const n = 1_000_000
	before := heap()
	var names nameList
	for i := range n {
		names.add(fmt.Sprintf("directory-%08d", i))
	}
	way := branches{}
	way.push(&outFile{}, names)
	if each := (heap() - before) / n; each > 60 {
		t.Errorf("%d bytes for each of %d pending directories", each, n)
	}
	runtime.KeepAlive(way)
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What was announced and is not over is small too: 4096 of them at the most.
func TestPendingEntriesAreSmall(t *testing.T) {
	const n = maxUnanswered
	dir := &outFile{path: Path{"tree/sub"}, rel: Path{"tree/sub"}, shown: Path{"home/user/tree/sub"}}
	before := heap()
	files := map[uint64]*outFile{}
	for i := range uint64(n) {
		f, err := dir.below(fmt.Sprintf("file-%08d", i))
		must(t, err)
		files[i] = f
	}
	each := (heap() - before) / n
	t.Logf("%d bytes for each announced file at the sender, %d MiB in all", each, each*n>>20)
	if each > 1024 {
		t.Errorf("%d bytes for each announced file", each)
	}
	runtime.KeepAlive(files)
}
