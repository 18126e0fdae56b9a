package session

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// treeOf makes a scan of lines: a path, with a slash behind it if it is a directory,
// "=SIZE" or "->TARGET", and "@SECOND". A "!" behind a directory is that something in
// it is left out, "?" that it could not be read.
func treeOf(lines ...string) iter.Seq2[scannedDir, error] {
	dirs := map[Path]*scannedDir{{}: {}}
	var order []Path
	for _, line := range lines {
		var e scanEntry
		name, second, _ := strings.Cut(line, "@")
		at := 0
		fmt.Sscan(second, &at)
		e.Modified, e.Mode = time.Unix(int64(at), 0), 0o644
		hidden, broken := strings.HasSuffix(name, "!"), strings.HasSuffix(name, "?")
		name = strings.TrimRight(name, "!?")
		name, target, isLink := strings.Cut(name, "->")
		name, bytes, _ := strings.Cut(name, "=")
		fmt.Sscan(bytes, &e.Size)
		name, isDir := strings.CutSuffix(name, "/")
		p := Path{name}
		e.Name = p.Base()
		switch {
		case isDir:
			e.Kind = Directory
			d := &scannedDir{path: p, hidden: hidden}
			if broken {
				d.err = errors.New("cannot be read")
			}
			dirs[p] = d
			order = append(order, p)
		case isLink:
			e.Kind, e.Target = Link, target
		}
		dirs[p.Parent()].entries = append(dirs[p.Parent()].entries, e)
	}
	slices.SortFunc(order, func(a, b Path) int { return comparePaths(a, b, foldCompare) })
	return func(yield func(scannedDir, error) bool) {
		for _, p := range slices.Concat([]Path{{}}, order) {
			d := dirs[p]
			slices.SortFunc(d.entries, func(a, b scanEntry) int { return foldCompare(a.Name, b.Name) })
			if !yield(*d, nil) {
				return
			}
		}
	}
}

// words describes a plan, a word for everything in it.
func (p *syncPlan) words() (out []string) {
	for _, l := range []struct {
		sign string
		list []syncChange
	}{{"clear", p.clears}, {"+", p.adds}, {"~", p.changes}, {"?", p.suspect}, {"meta", p.metas}, {"-", p.extras}} {
		for _, c := range l.list {
			out = append(out, l.sign+c.path.raw)
		}
	}
	for _, m := range slices.Concat(p.cases, p.moves) {
		out = append(out, m.from.raw+">"+m.to.raw)
	}
	for _, it := range p.failed {
		out = append(out, "!"+it.Path.raw)
	}
	slices.Sort(out)
	return out
}

func TestSyncPlan(t *testing.T) {
	type list = []string
	both := syncChoice{delete: true, times: true, links: true, mode: true}
	for name, c := range map[string]struct {
		src, dst list
		choice   func(*syncChoice)
		move     bool // take what has the same size and time for the same
		want     list
	}{
		"alike":                {src: list{"a=1@1", "d/@1", "d/x=2@2", "l->a@1"}, dst: list{"a=1@1", "d/@1", "d/x=2@2", "l->a@1"}},
		"all is new":           {src: list{"a=1", "d/", "d/x=2"}, want: list{"+a", "+d", "+d/x"}},
		"all is old":           {dst: list{"a=1", "d/", "d/x=2"}, want: list{"-a", "-d", "-d/x"}},
		"a size, a time":       {src: list{"a=1@1", "b=2@1"}, dst: list{"a=2@1", "b=2@2"}, want: list{"~a", "~b"}},
		"contents asked for":   {src: list{"a=1@1"}, dst: list{"a=1@1"}, choice: func(c *syncChoice) { c.checksum = true }, want: list{"?a"}},
		"times not kept":       {src: list{"a=1@1"}, dst: list{"a=1@2"}, choice: func(c *syncChoice) { c.times = false }, want: list{"?a"}},
		"links":                {src: list{"l->a@1", "m->b@1", "n->b@1"}, dst: list{"l->b@1", "m->b@2", "n=3"}, want: list{"meta" + "m", "~l", "~n"}},
		"links not copied":     {src: list{"l->a"}, dst: list{"l=1"}, choice: func(c *syncChoice) { c.links = false }},
		"order of directories": {src: list{"a/", "a/z=1", "a.b/", "a.b/y=1", "A b/", "A b/x=1"}, dst: list{"a/", "a/z=1", "a.b/", "a.b/y=1", "A b/", "A b/x=1"}},
		"a file for a directory": {
			src: list{"a=1"}, dst: list{"a/", "a/x=1", "a/d/", "a/d/y=1"},
			want: list{"+a", "cleara", "cleara/d", "cleara/d/y", "cleara/x"},
		},
		"a directory for a file": {src: list{"a/", "a/x=1"}, dst: list{"a=1"}, want: list{"+a", "+a/x", "cleara"}},
		"nobody makes way unasked": {
			src: list{"a/", "a/x=1", "b=1", "c=1"}, dst: list{"a=1", "b/", "b/d/", "b/d/y=1"},
			choice: func(c *syncChoice) { c.delete = false }, want: list{"!a", "!b", "+c"},
		},
		"left out stays": {
			src: list{"a=1"}, dst: list{"d/", "d/e/!", "d/e/x=1", "d/f/", "a=1"},
			want: list{"-d/e/x", "-d/f"},
		},
		"left out in the way":       {src: list{"d=1@1"}, dst: list{"d/", "d/e/!", "d/x=1"}, want: list{"!d"}},
		"unread at the source":      {src: list{"d/?", "a=1"}, dst: list{"d/", "d/x=1", "d/e/", "d/e/y=1", "a=1"}, want: list{"!d", "-d/e", "-d/x"}},
		"unread at the destination": {src: list{"d/", "d/x=1", "d/e/", "d/e/y=1"}, dst: list{"d/?", "d/e/"}, want: list{"!d"}},
		"renamed":                   {src: list{"b=9@1"}, dst: list{"a=9@1"}, move: true, want: list{"a>b"}},
		"renamed, by its name":      {src: list{"n/", "n/b=9@1"}, dst: list{"a=9@1", "o/", "o/b=9@1"}, move: true, want: list{"+n", "-a", "-o", "o/b>n/b"}},
		"empty files are many":      {src: list{"b=0@1"}, dst: list{"a=0@1"}, move: true, want: list{"+b", "-a"}},
		"upper and lower case": {
			src: list{"Docs/", "Docs/A=1@1", "x=1"}, dst: list{"docs/", "docs/a=1@1", "docs/z=1", "X=2"},
			choice: func(c *syncChoice) { c.dst.folds = true },
			want:   list{"-Docs/z", "Docs/a>Docs/A", "X>x", "docs>Docs", "~x"},
		},
		"two that become one": {
			src: list{"A=1@1", "a=2@1", "D/", "D/x=1", "d/", "d/y=1"}, dst: list{"a=2@1", "D/", "D/x=1"},
			choice: func(c *syncChoice) { c.dst.folds = true }, want: list{"!A", "!d"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			choice := both
			if c.choice != nil {
				c.choice(&choice)
			}
			p, err := joinScans(choice, treeOf(c.src...), treeOf(c.dst...))
			if err != nil {
				t.Fatal(err)
			}
			p.keepHidden()
			if !choice.delete {
				p.extras = nil
			}
			if c.move {
				p.moveAs(p.pairMoves(), choice.modeDiffers)
			}
			if got := p.words(); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	t.Run("a disk that folds only in part", func(t *testing.T) {
		choice := both
		choice.dst.folds = true
		if _, err := joinScans(choice, treeOf("a=1"), treeOf("A=1", "a=1")); !errors.Is(err, errUnfolded) {
			t.Error(err)
		}
	})
}

// syncBed has a source here and a destination at the peer, alike but for what is added.
func syncBed(t *testing.T) (b *bed, src, dst string, j SyncJob) {
	b = newBed(t, ServerConfig{})
	src, dst = filepath.Join(b.here, "src"), filepath.Join(b.there, "dst")
	write(t, filepath.Join(src, "both"), "x")
	j = SyncJob{From: Here, Source: b.path("src"), To: b.peer, Destination: Path{"dst"}, Delete: true, Options: DefaultOptions()}
	if lines := b.sync(j); !slices.Equal(lines, []string{"+ /both file"}) {
		t.Fatalf("%q", lines)
	}
	return b, src, dst, j
}

// TestSyncOneAtATime has a second sync of the same two come while one runs.
func TestSyncOneAtATime(t *testing.T) {
	b, _, _, j := syncBed(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	over := make(chan error)
	first := j
	first.Planned = func(SyncPlanned) { close(begun); <-goOn }
	go func() {
		_, err := b.engine.Sync(context.Background(), first)
		over <- err
	}()
	<-begun
	back := SyncJob{From: b.peer, Source: Path{"dst"}, To: Here, Destination: j.Source, Options: DefaultOptions()}
	for name, second := range map[string]SyncJob{"again": j, "back": back} {
		if _, err := b.engine.Sync(t.Context(), second); KindOf(err) != Busy {
			t.Errorf("%s: %v", name, err)
		}
	}
	dry := j
	dry.Options.DryRun = true
	if _, err := b.engine.Sync(t.Context(), dry); err != nil {
		t.Errorf("a dry run changes nothing, and need not wait: %v", err)
	}
	close(goOn)
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	if _, err := b.engine.Sync(t.Context(), back); err != nil {
		t.Errorf("it is still held: %v", err)
	}
}

// TestSyncDeletesWhatItSaw changes the destination between the look and the removal.
func TestSyncDeletesWhatItSaw(t *testing.T) {
	b, _, dst, j := syncBed(t)
	for _, name := range []string{"gone", "written", "replaced", "dir/known"} {
		write(t, filepath.Join(dst, name), "old")
	}
	j.Planned = func(SyncPlanned) {
		write(t, filepath.Join(dst, "written"), "somebody's work")
		write(t, filepath.Join(dst, "dir/appeared"), "likewise")
		other := filepath.Join(dst, "other")
		write(t, other, "old")
		fi, err := os.Stat(filepath.Join(dst, "replaced"))
		if err != nil {
			t.Error(err)
			return
		}
		os.Chtimes(other, fi.ModTime(), fi.ModTime())
		os.Rename(other, filepath.Join(dst, "replaced")) // alike by all but its identity
	}
	lines := b.sync(j)
	for _, name := range []string{"both", "written", "replaced", "dir/appeared"} {
		if _, err := os.Stat(filepath.Join(dst, name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"gone", "dir/known"} {
		if _, err := os.Stat(filepath.Join(dst, name)); !os.IsNotExist(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := strings.Count(strings.Join(lines, "\n"), "! /"); n != 3 {
		t.Errorf("%d failures: %q", n, lines)
	}
}

// TestSyncSourceVanishes takes the source away once both sides were compared.
func TestSyncSourceVanishes(t *testing.T) {
	for _, all := range []bool{false, true} {
		b, src, dst, j := syncBed(t)
		write(t, filepath.Join(src, "new"), "new")
		write(t, filepath.Join(dst, "extra"), "extra")
		j.Planned = func(SyncPlanned) {
			if all {
				os.RemoveAll(src)
			} else {
				os.Remove(filepath.Join(src, "new"))
			}
		}
		res, err := b.engine.Sync(t.Context(), j)
		if all && err == nil || !all && (err != nil || res.Failed != 1 || res.Kept != 1) {
			t.Errorf("all %v: %v, %+v", all, err, res)
		}
		for _, name := range []string{"both", "extra"} {
			if _, err := os.Stat(filepath.Join(dst, name)); err != nil {
				t.Errorf("all %v: %v", all, err)
			}
		}
	}
}

// TestSyncIsNotForAll asks those who do not want it.
func TestSyncIsNotForAll(t *testing.T) {
	for name, cfg := range map[string]ServerConfig{"read-only": {ReadOnly: true}, "write-only": {WriteOnly: true}} {
		b := newBed(t, cfg)
		write(t, filepath.Join(b.here, "src/a"), "x")
		write(t, filepath.Join(b.there, "dst/b"), "x")
		j := SyncJob{From: Here, Source: b.path("src"), To: b.peer, Destination: Path{"dst"}, Delete: true, Options: DefaultOptions()}
		res, err := b.engine.Sync(t.Context(), j)
		if KindOf(err) != Refused && res.Failed == 0 {
			t.Errorf("%s: %v, %+v", name, err, res)
		}
		if _, err := os.Stat(filepath.Join(b.there, "dst/b")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSyncBetweenPeers has neither side on this machine.
func TestSyncBetweenPeers(t *testing.T) {
	b, _, dst, j := syncBed(t)
	src := filepath.Join(b.there, "other")
	write(t, filepath.Join(src, "new/x"), "x")
	write(t, filepath.Join(src, "both"), "another one")
	write(t, filepath.Join(src, "renamed"), strings.Repeat("r", 100))
	mustCopy(t, filepath.Join(src, "renamed"), filepath.Join(dst, "was"))
	write(t, filepath.Join(dst, "extra"), "x")
	j.From, j.Source = b.peer, Path{"other"}
	want := []string{"+ /new dir", "+ /new/x file", "+ /renamed file", "- /extra file", "- /was file", "~ /both file"}
	if lines := b.sync(j); !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
	if lines := b.sync(j); len(lines) > 0 {
		t.Errorf("again: %q", lines)
	}
	for _, name := range []string{"new/x", "both", "renamed"} {
		a, _ := os.ReadFile(filepath.Join(src, name))
		if c, err := os.ReadFile(filepath.Join(dst, name)); err != nil || string(a) != string(c) {
			t.Errorf("%s: %q, %v", name, c, err)
		}
	}
}

// mustCopy copies a file with its time.
func mustCopy(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(content))
	fi, err := os.Stat(from)
	if err == nil {
		err = os.Chtimes(to, fi.ModTime(), fi.ModTime())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSyncWatches changes the source until each change has arrived.
func TestSyncWatches(t *testing.T) {
	b, src, dst, j := syncBed(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rounds := 0
	enough := errors.New("enough")
	err := b.engine.SyncWatch(ctx, j, func(j SyncJob, run func(SyncJob) (SyncResult, error)) error {
		if _, err := run(j); err != nil {
			return err
		}
		switch rounds++; {
		case rounds == 1:
			write(t, filepath.Join(src, "sub/late"), "late")
			return nil
		case rounds > 1:
			if _, err := os.Stat(filepath.Join(dst, "sub/late")); err == nil {
				return enough
			}
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}

// TestScanLies has a peer tell scans that are none.
func TestScanLies(t *testing.T) {
	entry := func(kind EntryKind, name string) []byte {
		return appendScanEntry(nil, &scanEntry{Entry: Entry{Kind: kind, Name: name, Modified: someTime, Target: "t"}}, true)
	}
	end := appendScanEnd(nil, &scannedDir{})
	whole := slices.Concat(entry(Directory, "d"), entry(RegularFile, "f"), entry(Link, "l"), end, end)
	all := func(b []byte) (n int, err error) {
		r := &scanReader{identity: true}
		_, err = r.take(b, func(d scannedDir) bool { n++; return true })
		return n, err
	}
	if n, err := all(whole); n != 2 || err != nil {
		t.Fatalf("%d directories, %v", n, err)
	}
	for i := 1; i < len(whole)-1; i++ {
		if n, err := all(whole[:i]); n == 2 || n > 0 && err == nil && i < len(whole)-len(end) {
			t.Errorf("cut to %d bytes: %d directories, %v", i, n, err)
		}
	}
	for name, b := range map[string][]byte{
		"twice":       slices.Concat(entry(RegularFile, "a"), entry(RegularFile, "a")),
		"out of turn": slices.Concat(entry(RegularFile, "b"), entry(RegularFile, "a")),
		"above":       entry(Directory, ".."),
		"a path":      entry(RegularFile, "a/b"),
		"no name":     entry(RegularFile, ""),
		"a partial":   entry(RegularFile, partialName("x", partialSuffix)),
		"too long":    entry(RegularFile, strings.Repeat("x", MaxName+1)),
		"no kind":     {9},
		"after all":   slices.Concat(end, end),
	} {
		if _, err := all(b); !errors.Is(err, wire.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sync runs a job and returns what it told, in order.
func (b *bed) sync(j SyncJob) (lines []string) {
	b.tb.Helper()
	j.Observe = func(it SyncItem) {
		lines = append(lines, fmt.Sprintf("%c %s %v", it.Change, it.Path, it.Kind))
		if it.Err != nil {
			lines[len(lines)-1] += " " + it.Err.Error()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := b.engine.Sync(ctx, j); err != nil {
		b.tb.Errorf("sync: %v", err)
	}
	slices.Sort(lines)
	return lines
}
