package session

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// outcome is how the one file of a transfer ended.
func outcome(t *testing.T, b *bed, j Job) (it Item) {
	t.Helper()
	j.Observe = func(i Item) {
		if i.Kind == RegularFile {
			it = i
		}
	}
	if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 || tr.Sent != it.Sent {
		t.Fatalf("%v %v %v, %d sent", tr.State, tr.Err, tr.Failed, tr.Sent)
	}
	return it
}

// A file that is in the destination tree under another name is copied there and
// not sent, either way; one that only looks like it is sent.
func TestReuse(t *testing.T) {
	const size = 20<<20 + 3
	type change struct {
		name   string
		server ServerConfig
		size   int
		seed   byte
		old    bool // something else has the name already
		sent   int64
	}
	for _, c := range []change{
		{name: "the same", size: size, seed: 1},
		{name: "the same, small", size: worthwhile, seed: 1},
		{name: "the same, over another", size: size, seed: 1, old: true},
		{name: "another one", size: size, seed: 2, sent: size},
		{name: "too small", size: worthwhile - 1, seed: 1, sent: worthwhile - 1},
		{name: "the peer may only write", size: size, seed: 1, sent: size, server: ServerConfig{WriteOnly: true}},
	} {
		for _, way := range []string{"up", "down"} {
			if way == "down" && c.server.WriteOnly {
				continue
			}
			t.Run(c.name+"/"+way, func(t *testing.T) {
				b := newBed(t, c.server)
				from, to := b.here, b.there
				j := b.overwriting("file")
				if way == "down" {
					from, to = to, from
					j = Job{From: b.peer, To: Here, Sources: []Path{{"file"}}, Destination: b.path(""), Into: true, Options: j.Options}
				}
				fill(t, filepath.Join(to, "deep/below/other"), c.size, 1)
				data := fill(t, filepath.Join(from, "file"), c.size, c.seed)
				if c.old {
					fill(t, filepath.Join(to, "file"), c.size/2, 3)
				}
				it := outcome(t, b, j)
				if it.Result != Copied || it.Sent != c.sent || len(it.Digest) != 32 {
					t.Errorf("%s, %d bytes were sent, want %d; digest %x", it.Result, it.Sent, c.sent, it.Digest)
				}
				sameFile(t, filepath.Join(to, "file"), data)
			})
		}
	}
}

// Neither a file that others planted nor a link or a FIFO is copied, and one
// that changed since it was found is not, either.
func TestReuseOfWhatIsNot(t *testing.T) {
	b := newBed(t, ServerConfig{})
	data := fill(t, filepath.Join(b.here, "file"), 1<<20, 1)
	outside := t.TempDir()
	fill(t, filepath.Join(outside, "secret"), 1<<20, 1)
	must(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(b.there, "link")))
	must(t, os.Symlink(outside, filepath.Join(b.there, "dir")))
	if it := outcome(t, b, b.overwriting("file")); it.Sent != int64(len(data)) {
		t.Errorf("%d bytes were sent", it.Sent)
	}
}

// What the index says is only where to look: a file that has become another one
// since is not copied.
func TestCopyOfWhatChanged(t *testing.T) {
	s := newStation(t)
	data := fill(t, filepath.Join(s.dir, "old"), 1<<20, 1)
	f, err := s.place(1, Path{"file"}, Entry{Name: "file", Size: 1 << 20})
	must(t, err)
	defer s.dirs.release(f.dir)
	v := valueOf(data, 0, defaultChunkSize, true)
	f.theirs = &v
	l := &likely{path: Path{"old"}}
	if s.digestOf(t.Context(), l, 1<<20) != v {
		t.Fatal("another digest")
	}
	data[1<<19]++
	must(t, os.WriteFile(filepath.Join(s.dir, "old"), data, 0o644))
	if s.copyLike(t.Context(), f, l) {
		t.Error("it was copied")
	}
	if n := s.names(t); len(n) != 1 {
		t.Errorf("there are %q", n)
	}
}

// The likeliest come first, and a full index takes no more.
func TestTreeIndex(t *testing.T) {
	var x treeIndex
	e := Entry{Kind: RegularFile, Size: worthwhile, Modified: older}
	for _, name := range []string{"a/x", "b/same name", "c/x", "d/self"} {
		x.add(Path{name}, Entry{Kind: RegularFile, Size: worthwhile})
	}
	x.add(Path{"e/same time"}, e)
	x.add(Path{"link"}, Entry{Kind: Link, Size: worthwhile})
	x.add(Path{"small"}, Entry{Kind: RegularFile, Size: worthwhile - 1})
	var got []string
	for _, l := range x.candidates(e, Path{"new/same name"}) {
		got = append(got, l.path.raw)
	}
	if len(got) != mostTried || got[0] != "e/same time" || got[1] != "b/same name" {
		t.Errorf("got %q", got)
	}
	for _, l := range x.candidates(e, Path{"d/self"}) {
		if l.path.raw == "d/self" {
			t.Error("a file is a candidate for itself")
		}
	}
	for i := range 2 * mostIndexed {
		x.add(Path{"x"}, Entry{Kind: RegularFile, Size: worthwhile + int64(i/2)})
	}
	if x.files != mostIndexed {
		t.Errorf("%d files", x.files)
	}
}

func TestTreeIndexWalk(t *testing.T) {
	dir := t.TempDir()
	fill(t, filepath.Join(dir, "a/b/c/file"), worthwhile, 1)
	fill(t, filepath.Join(dir, ".bargee-x.part"), worthwhile, 1)
	must(t, os.Symlink(".", filepath.Join(dir, "loop")))
	var x treeIndex
	x.walk(t.Context(), openDir(t, dir))
	if x.files != 1 || len(x.candidates(Entry{Size: worthwhile}, Path{})) != 1 {
		t.Errorf("%d files", x.files)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if x = (treeIndex{}); x.files != 0 {
		t.Error("not empty")
	}
	x.walk(over, openDir(t, dir))
	if x.files != 0 {
		t.Error("it goes on after the transfer")
	}
}

// After enough files that only had the size, there is no more trying.
func TestLuck(t *testing.T) {
	for _, c := range []struct {
		luck
		left bool
	}{{luck{0, 0}, true}, {luck{7, 0}, true}, {luck{8, 0}, false}, {luck{8, 1}, true}, {luck{48, 10}, false}} {
		if c.luck.left() != c.left {
			t.Errorf("%+v: %t", c.luck, c.luck.left())
		}
	}
	for size, want := range map[int64]time.Duration{0: 10 * time.Millisecond, 1e8: 50 * time.Millisecond, 1e9: 500 * time.Millisecond, 1 << 50: time.Second} {
		if got := patienceFor(size); got != want {
			t.Errorf("%d bytes: %v", size, got)
		}
	}
}
