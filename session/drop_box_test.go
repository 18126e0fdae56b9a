package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// What is copied into the box is a drop, what is copied out of it arrives as it was,
// whole drops and parts of them; and one that is removed is gone.
func TestDropBox(t *testing.T) {
	b := newBoxBed(t)
	b.some()
	b.shows("")
	s := b.stored("mine", "dir", "large")
	b.shows("", "mine", "mine.txt")
	b.shows("mine", "dir", "large")
	b.shows("mine/dir/sub", "b", "small")
	b.run(b.out("mine"))
	b.same()
	if err := os.RemoveAll(b.to); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b.to, 0o700); err != nil {
		t.Fatal(err)
	}
	b.run(b.out("mine/dir/sub/small", "mine/large"))
	if got := inventory(t, b.to); len(got) != 2 || got["small"] != inventory(t, filepath.Join(b.from, "dir/sub"))["small"] {
		t.Errorf("%q", got)
	}
	if note, err := b.content("mine.txt"); err != nil || string(note) != "ticket of "+s.ID.String() {
		t.Errorf("%q %v", note, err)
	}
	if e, err := b.tree.Stat(t.Context(), MustPath("mine/dir/sub/small")); err != nil || e.Size != 5 {
		t.Errorf("%+v %v", e, err)
	}
	if err := b.tree.Remove(t.Context(), MustPath("mine"), true); err != nil {
		t.Fatal(err)
	}
	b.shows("")
	if len(b.depot.drops) != 0 {
		t.Error("the relay has it still")
	}
	if _, err := b.list("mine"); !errors.Is(err, NotFound) {
		t.Error(err)
	}
	for _, p := range b.engine.Places() {
		if p.ID == b.box && (!p.Pinned || p.Key != "") {
			t.Errorf("somebody is to be trusted: %+v", p)
		}
	}
}

// Nothing else changes in a box, and nobody is told wrong that it did.
func TestDropBoxRefuses(t *testing.T) {
	b := newBoxBed(t)
	put(t, filepath.Join(b.from, "file"), "1", older)
	b.stored("mine", "file")
	ctx, in := t.Context(), MustPath("mine/file")
	editor, ok := b.tree.(Creator)
	if !ok {
		t.Fatal("no tree of a place")
	}
	for what, err := range map[string]error{
		"mkdir":       b.tree.Mkdir(ctx, MustPath("new"), false),
		"rename":      b.tree.Rename(ctx, MustPath("mine"), MustPath("yours")),
		"touch":       b.tree.Touch(ctx, in, older, false),
		"chmod":       b.tree.Chmod(ctx, in, 0o600),
		"symlink":     b.tree.Symlink(ctx, "x", MustPath("link")),
		"remove in":   b.tree.Remove(ctx, in, true),
		"remove note": b.tree.Remove(ctx, MustPath("mine.txt"), true),
		"remove dir":  b.tree.Remove(ctx, MustPath("mine"), false),
		"remove box":  b.tree.Remove(ctx, Path{}, true),
		"space":       func() error { _, _, err := b.tree.Space(ctx); return err }(),
		"edit":        func() error { _, err := editor.Create(ctx, in, CreateOptions{}); return err }(),
		"peer":        func() error { _, err := b.engine.Peer(ctx, b.box); return err }(),
	} {
		if !errors.Is(err, Refused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	into, moved, note := b.in("file"), b.out("mine"), b.out("mine.txt")
	into.Destination, moved.Move = MustPath("mine"), true
	far := b.out("mine")
	far.To = b.box
	for what, j := range map[string]Job{"into a drop": into, "moved": moved, "its note": note, "to itself": far} {
		if tr := b.wait(b.submit(j)); tr.State != StateFailed || !errors.Is(tr.Err, Refused) {
			t.Errorf("%s: %v %v", what, tr.State, tr.Err)
		}
	}
	b.shows("", "mine", "mine.txt")
	b.shows("mine", "file")
	if got := inventory(t, b.to); len(got) != 0 {
		t.Errorf("arrived: %q", got)
	}
}

// Two drops of one name are two directories, and what both have is not mixed up.
func TestDropBoxNames(t *testing.T) {
	b := newBoxBed(t)
	put(t, filepath.Join(b.from, "file"), "1", older)
	first := b.stored("same", "file")
	put(t, filepath.Join(b.from, "file"), "22", newer)
	second := b.stored("same", "file")
	one, two := "same "+first.ID.String(), "same "+second.ID.String()
	want := []string{one, one + noteSuffix, two, two + noteSuffix}
	slices.Sort(want)
	b.shows("", want...)
	for name, size := range map[string]int64{one: 1, two: 2} {
		if e, err := b.tree.Stat(t.Context(), MustPath(name+"/file")); err != nil || e.Size != size {
			t.Errorf("%s: %+v %v", name, e, err)
		}
	}
	if tr := b.wait(b.submit(b.out(one, two))); !errors.Is(tr.Err, Invalid) {
		t.Errorf("both at once: %v", tr.Err)
	}
	b.run(b.out(two, two+noteSuffix))
	b.same()
	for _, bad := range []string{"", ".", "..", "a/b", "\xff"} {
		b.reach.name(first.ID, bad)
		names, err := b.list("")
		if err != nil || len(names) != 4 || slices.ContainsFunc(names, func(n string) bool { return n == ".." || strings.Contains(n, "/") || !utf8.ValidString(n) }) {
			t.Errorf("%q: %q %v", bad, names, err)
		}
	}
}

// A drop whose downloads are counted is looked at for nothing, is taken as one, also
// in parts, and is told of when it is used up.
func TestDropBoxCounts(t *testing.T) {
	b := newBoxBed(t)
	put(t, filepath.Join(b.from, "dir/a"), "1", older)
	put(t, filepath.Join(b.from, "dir/b"), "2", older)
	cfg := b.config("dir")
	cfg.Downloads = 1
	s, _, err := Deposit(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.reach.receipts = append(b.reach.receipts, s)
	b.reach.name(s.ID, "once")
	b.shows("once/dir", "a", "b")
	if _, err := b.tree.Open(t.Context(), MustPath("once/dir/a")); !errors.Is(err, Refused) {
		t.Errorf("read: %v", err)
	}
	if _, err := b.tree.Hash(t.Context(), MustPath("once/dir/a"), BLAKE3); !errors.Is(err, Refused) {
		t.Errorf("digest: %v", err)
	}
	if n := len(b.depot.drops[s.ID].claims); n != 0 {
		t.Errorf("%d downloads of who looked", n)
	}
	elsewhere := func(name string) Job {
		j := b.out(name)
		j.Destination = b.path(t.TempDir())
		return j
	}
	b.run(elsewhere("once/dir/a"))
	b.run(b.out("once"))
	b.same()
	if n := len(b.depot.drops[s.ID].claims); n != 1 {
		t.Errorf("%d downloads", n)
	}
	fails := func(what string) {
		t.Helper()
		if tr := b.wait(b.submit(elsewhere("once"))); !errors.Is(cmp.Or(tr.Err, failureOf(tr)), NotFound) {
			t.Errorf("%s: %v %v %v", what, tr.State, tr.Err, failureOf(tr))
		}
	}
	fails("one more")
	b.depot.mu.Lock()
	delete(b.depot.drops, s.ID)
	b.depot.mu.Unlock()
	fails("expired")
	b.shows("")
}

// While the relay is away the pane says so; transfers wait, and go on when it is back.
func TestDropBoxWithoutItsRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoxBed(t)
		fill(t, filepath.Join(b.from, "large"), 6<<20, 1)
		b.stored("mine", "large")
		b.shows("", "mine", "mine.txt")
		again := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for c, err := range b.tree.Watch(ctx, Path{}) {
				if err == nil && c.Again {
					again <- struct{}{}
				}
			}
		}()
		b.reach.goAway(true)
		if _, err := b.list(""); !errors.Is(err, Unreachable) {
			t.Error(err)
		}
		in, out := b.submit(b.in("large")), b.submit(b.out("mine"))
		time.Sleep(3 * watchBox) // of the bubble
		for _, id := range []TransferID{in, out} {
			if tr, err := b.engine.Transfer(id); err != nil || tr.State != StateRunning && tr.State != StateRetrying {
				t.Errorf("%v %v %v", tr.State, tr.Err, err)
			}
		}
		if len(again) != 1 {
			t.Errorf("the pane is to read again %d times, to say that it is away", len(again))
		}
		<-again
		b.reach.goAway(false)
		<-again
		for _, id := range []TransferID{in, out} {
			if tr := b.wait(id); tr.State != StateDone {
				t.Errorf("%v %v", tr.State, tr.Err)
			}
		}
		b.same()
		if names, err := b.list(""); err != nil || len(names) != 4 {
			t.Errorf("%q %v", names, err)
		}
	})
}

// A queue that ends in the middle of a drop goes on with the same one.
func TestDropBoxOutlastsTheEngine(t *testing.T) {
	synctest.Test(t, dropBoxOutlastsTheEngine)
}

func dropBoxOutlastsTheEngine(t *testing.T) {
	b := newBoxBed(t)
	fill(t, filepath.Join(b.from, "large"), 12<<20, 1)
	half := make(chan struct{})
	stop := sync.OnceFunc(func() { close(half) })
	b.depot.before = func(call string, _ DropDigest) error {
		if call == "put" && b.depot.puts >= 4 {
			stop()
			return newError(Unreachable, Path{}, "the relay is away")
		}
		return nil
	}
	id := b.submit(b.in("large"))
	<-half
	must(t, b.engine.Close())
	puts := b.depot.puts // nobody else is there any more
	b.depot.before = nil
	b.engine = NewEngine(EngineConfig{Reach: b.reach, Store: b.kept})
	if tr := b.wait(id); tr.State != StateDone || tr.Failures > 0 {
		t.Fatalf("%v %v", tr.State, tr.Err)
	}
	if n := b.depot.puts - puts; len(b.depot.drops) != 1 || puts < 4 || n > 13-4 {
		t.Errorf("%d drops, %d chunks before and %d after", len(b.depot.drops), puts, n)
	}
	s := b.reach.all()[0]
	got := b.open(DropConfig{Key: s.Key})
	if _, err := b.collect(t.Context(), got); err != nil {
		t.Error(err)
	}
	b.same()
}

// A drop that is used stays open, however many others are looked into meanwhile.
func TestDropBoxKeepsOpen(t *testing.T) {
	b := newBoxBed(t)
	put(t, filepath.Join(b.from, "file"), "content", older)
	b.stored("0", "file")
	f, err := b.tree.Open(t.Context(), MustPath("0/file"))
	must(t, err)
	defer f.Close()
	for i := 1; i <= mostOpened+4; i++ {
		name := fmt.Sprint(i)
		b.stored(name, "file")
		b.shows(name, "file")
	}
	got := make([]byte, 7)
	if _, err := f.ReadAt(got, 0); err != nil || string(got) != "content" {
		t.Errorf("%q %v", got, err)
	}
	opens := b.reach.opens
	b.shows("0", "file")
	if b.reach.opens != opens {
		t.Error("it was opened twice")
	}
}
