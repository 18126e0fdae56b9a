//go:build linux || darwin || freebsd

package session

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	syncRounds = flag.Int("sync-rounds", 16, "pairs of random trees that TestSyncIsRsync compares")
	syncSeed   = flag.Uint64("sync-seed", 1, "the first of them")
)

// telling are seeds that found something once, and are always compared:
//
//	283   two names of a file get a time that the file has by the first of them
//	1998  a file is to be moved to where a directory is that is excluded
var telling = []uint64{283, 1998}

// TestSyncIsRsync makes pairs of random trees alike, by Sync and by rsync, and wants
// the same to come of it, a dry run that foretold it, and nothing left to do. In three
// rounds of four the second tree is what became of the first, else it is another one.
func TestSyncIsRsync(t *testing.T) {
	rsync, err := exec.LookPath("rsync")
	if err != nil {
		t.Skip("no rsync to compare with")
	}
	b := newBed(t, ServerConfig{})
	if testing.Short() {
		*syncRounds = min(*syncRounds, 6)
	}
	seeds := slices.Clone(telling)
	for n := range *syncRounds {
		seeds = append(seeds, *syncSeed+uint64(n))
	}
	for n, seed := range seeds {
		compareWithRsync(t, b, rsync, seed)
		if t.Failed() {
			t.Fatalf("round %d: go test ./session -run TestSyncIsRsync -sync-rounds 1 -sync-seed %d", n, seed)
		}
	}
}

func compareWithRsync(t *testing.T, b *bed, rsync string, seed uint64) {
	g := &gardener{t: t, r: rand.New(rand.NewPCG(seed, 20))}
	// Whichever way it goes, the source is one of the two and the destination the other.
	ends := [][2]string{{b.here, b.there}, {b.there, b.here}, {b.here, b.here}, {b.there, b.there}}
	way := ends[seed/3%4]
	src, dst, judge := filepath.Join(way[0], "src"), filepath.Join(way[1], "dst"), filepath.Join(b.here, "judge")
	for _, dir := range []string{src, dst, judge} {
		os.RemoveAll(dir)
	}
	g.plant(src)
	switch {
	case seed%8 == 0: // nothing is there
	case seed%4 == 0:
		g.plant(dst)
	default:
		mustRun(t, rsync, "-aH", src+"/", dst)
		g.tend(dst)
		g.tend(src)
	}
	if _, err := os.Stat(dst); err == nil {
		mustRun(t, rsync, "-aH", dst+"/", judge)
	}
	var args []string
	j := SyncJob{Delete: seed%5 != 0, Options: DefaultOptions()}
	if j.Delete {
		args = append(args, "--delete")
	}
	if seed%7 == 0 {
		j.Options.Checksum = true
		args = append(args, "--checksum")
	}
	if seed%6 == 0 {
		j.Exclude = []string{"*.tmp", "/b/", "c/"}
		args = append(args, "--exclude=*.tmp", "--exclude=/b/", "--exclude=c/")
	}
	j.From, j.Source = b.place(way[0], "src")
	j.To, j.Destination = b.place(way[1], "dst")
	if !j.Delete && g.clash(src, dst) {
		return // rsync makes way for some of it without being told to
	}
	before := shapeOf(t, dst)
	j.Options.DryRun = true
	foretold := b.sync(j)
	if after := shapeOf(t, dst); !slices.Equal(before, after) {
		t.Errorf("a dry run changed the destination:\n%s", differing(before, after))
	}
	j.Options.DryRun = false
	done := b.sync(j)
	if len(j.Exclude) > 0 && strings.Contains(strings.Join(done, "\n"), "in the way") {
		return // rsync removes what is excluded, where a file of that name comes: it was not asked for
	}
	if out, err := exec.Command(rsync, append(args, "-a", src+"/", judge)...).CombinedOutput(); err != nil {
		if len(j.Exclude) > 0 && strings.Contains(string(out), "cannot delete non-empty directory") {
			return // something excluded is in the way, and what else goes then is a matter of taste
		}
		t.Fatalf("%v: %s", err, out)
	}
	if got, want := shapeOf(t, dst), shapeOf(t, judge); !slices.Equal(got, want) {
		t.Errorf("%v: not what rsync makes of it (-) but (+):\n%s", j.Delete, differing(want, got))
	}
	if !slices.Equal(foretold, done) {
		t.Errorf("what was foretold (-) and what was done (+):\n%s", differing(foretold, done))
	}
	if again := b.sync(j); len(again) > 0 {
		t.Errorf("there was more to do:\n%s", strings.Join(again, "\n"))
	}
}

// place returns where a name below one of the two ends is, as a job has it.
func (b *bed) place(end, name string) (PlaceID, Path) {
	if end == b.here {
		return Here, b.path(name)
	}
	return b.peer, Path{name}
}

func mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

// shapeOf describes a tree, a line for everything in it; "" if it is not there.
func shapeOf(t *testing.T, root string) (lines []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		at := fi.ModTime().UTC().Format(time.RFC3339Nano)
		if fi.IsDir() && fi.ModTime().Year() > 2024 {
			at = "now" // only the destination has it, and something that is left out was all that stayed in it
		}
		line := fmt.Sprintf("%q %v %v", rel, fi.Mode(), at)
		switch {
		case fi.Mode().IsRegular():
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d %x", len(content), content[:min(len(content), 16)])
		case fi.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			line += " -> " + target
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// differing lists what only one of two sorted lists has.
func differing(want, got []string) string {
	var out []string
	for _, l := range want {
		if !slices.Contains(got, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

// A gardener makes random trees, and changes them.
type gardener struct {
	t testing.TB
	r *rand.Rand
}

func (g *gardener) must(err error) {
	if err != nil {
		g.t.Fatal(err)
	}
}

// name returns one of few names, so that trees have some in common.
func (g *gardener) name() string {
	names := []string{"a", "A", "b", "B", "c", "d", "a.b", "a b", "x.tmp", "ü", "Ü", "\xff", "-", "new\nline", "e", "f", "g", ".h", "zz"}
	return names[g.r.IntN(len(names))]
}

// time returns one of few, of which no two share a second: rsync looks at no less.
func (g *gardener) time() time.Time {
	k := g.r.IntN(6)
	return time.Date(2024, 1, 2, 3, 4, k, 1000*k+7, time.UTC)
}

func (g *gardener) stamp(name string, link bool) {
	at := unix.NsecToTimespec(g.time().UnixNano())
	flags := 0
	if link {
		flags = unix.AT_SYMLINK_NOFOLLOW
	}
	g.must(unix.UtimesNanoAt(unix.AT_FDCWD, name, []unix.Timespec{at, at}, flags))
}

// plant makes a tree.
func (g *gardener) plant(root string) {
	g.must(os.MkdirAll(root, 0o755))
	g.fill(root, 3)
	g.weather(root)
}

func (g *gardener) fill(dir string, depth int) {
	for range g.r.IntN(7) {
		g.put(filepath.Join(dir, g.name()), depth)
	}
}

// put makes something, if the name is free.
func (g *gardener) put(name string, depth int) {
	if _, err := os.Lstat(name); err == nil {
		return
	}
	switch k := g.r.IntN(10); {
	case k < 3 && depth > 0:
		g.must(os.Mkdir(name, 0o755))
		g.fill(name, depth-1)
		g.must(os.Chmod(name, []fs.FileMode{0o755, 0o700, 0o750, 0o555}[g.r.IntN(4)]))
	case k == 3:
		g.must(os.Symlink([]string{"a", "nowhere", "/etc/hosts", "../b"}[g.r.IntN(4)], name))
		g.stamp(name, true)
	default:
		g.write(name)
	}
}

// write makes a file of one of few contents, so that some are in several places.
func (g *gardener) write(name string) {
	sizes := []int{0, 1, 100, 100, 5000, 70_000, 300_000}
	size, kind := sizes[g.r.IntN(len(sizes))], byte(g.r.IntN(3))
	content := make([]byte, size)
	for i := range content {
		content[i] = kind + byte(i%13)
	}
	os.Remove(name)
	g.must(os.WriteFile(name, content, 0o644))
	g.must(os.Chmod(name, []fs.FileMode{0o644, 0o600, 0o755, 0o444}[g.r.IntN(4)]))
	g.stamp(name, false)
}

// weather gives directories times, the deepest first.
func (g *gardener) weather(root string) {
	var dirs []string
	filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			dirs = append(dirs, name)
		}
		return err
	})
	for _, d := range slices.Backward(dirs) {
		g.stamp(d, false)
	}
}

// tend changes some of a tree.
func (g *gardener) tend(root string) {
	var all []string
	filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err == nil && name != root {
			all = append(all, name)
		}
		return nil
	})
	for range g.r.IntN(8) {
		if len(all) == 0 {
			break
		}
		g.touch(all[g.r.IntN(len(all))], all[g.r.IntN(len(all))])
	}
	for range g.r.IntN(4) {
		g.put(filepath.Join(root, g.name()), 2)
	}
	g.weather(root)
}

// touch does something to name, perhaps with other.
func (g *gardener) touch(name, other string) {
	fi, err := os.Lstat(name)
	if err != nil {
		return // it went with what it was in
	}
	switch k := g.r.IntN(8); {
	case k == 0:
		os.RemoveAll(name)
	case k == 1 || k == 2: // to another name or place
		os.Rename(name, filepath.Join(filepath.Dir(other), g.name()))
	case k == 3: // in the place of another one, of whatever kind
		if !strings.HasPrefix(other+"/", name+"/") && !strings.HasPrefix(name+"/", other+"/") {
			os.RemoveAll(other)
			os.Rename(name, other)
		}
	case k == 4 && fi.Mode().IsRegular():
		os.Link(name, filepath.Join(filepath.Dir(other), g.name()))
	case k == 5 && fi.Mode()&fs.ModeSymlink == 0:
		os.Chmod(name, []fs.FileMode{0o700, 0o755, 0o744}[g.r.IntN(3)])
	case k == 6 && fi.Mode().IsRegular():
		g.stamp(name, false)
	case fi.Mode().IsRegular():
		g.write(name)
	}
}

// clash tells whether something in one tree has the place of something of another
// kind in the other.
func (g *gardener) clash(a, b string) (found bool) {
	filepath.WalkDir(a, func(name string, e fs.DirEntry, err error) error {
		if err == nil {
			rel, _ := filepath.Rel(a, name)
			fi, err := os.Lstat(filepath.Join(b, rel))
			found = found || err == nil && fi.IsDir() != e.IsDir()
		}
		return nil
	})
	return found
}
