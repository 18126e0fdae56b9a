//go:build linux || darwin || freebsd

package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A jail is a served directory beside one that must stay out of reach.
type jail struct {
	dir, outside string // "inside" and "outside" in one directory
	tree         *Dir
}

func newJail(t *testing.T) jail {
	t.Helper()
	top := t.TempDir()
	j := jail{dir: filepath.Join(top, "inside"), outside: filepath.Join(top, "outside")}
	write(t, filepath.Join(j.outside, "secret"), secret)
	must(t, os.Chtimes(filepath.Join(j.outside, "secret"), someTime, someTime))
	write(t, filepath.Join(j.dir, "real/file"), "inside")
	j.tree = openDir(t, j.dir)
	return j
}

// check fails if anything outside was changed.
func (j jail) check(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(j.outside)
	if err != nil || len(entries) != 1 {
		t.Errorf("outside there are %v now, %v", entries, err)
	}
	b, err := os.ReadFile(filepath.Join(j.outside, "secret"))
	if err != nil || string(b) != secret {
		t.Errorf("the secret is %q now, %v", b, err)
	}
	fi, err := os.Stat(filepath.Join(j.outside, "secret"))
	if err != nil || !fi.ModTime().Equal(someTime) || fi.Mode().Perm() != 0o644 {
		t.Errorf("the secret is %v now, %v", fi, err)
	}
}

// TestJailFollowsNoLink holds M41.
func TestJailFollowsNoLink(t *testing.T) {
	for name, target := range map[string]string{
		"link to a directory outside":  "../outside",
		"link to a file outside":       "../outside/secret",
		"absolute link outside":        "ABS/outside",
		"absolute link inside":         "ABS/inside/real",
		"link inside":                  "real",
		"link to a file inside":        "real/file",
		"link through the inside":      "real/../../outside",
		"link to itself":               "link",
		"link to nowhere":              "nowhere",
		"link to nowhere outside":      "../outside/new",
		"link to the root of the jail": ".",
	} {
		t.Run(name, func(t *testing.T) {
			j := newJail(t)
			target := strings.Replace(target, "ABS", filepath.Dir(j.dir), 1)
			must(t, os.Symlink(target, filepath.Join(j.dir, "link")))
			for what, do := range attempts {
				if err := do(t.Context(), j.tree, Path{"link"}); err == nil {
					t.Errorf("%s: no error", what)
				} else {
					wantOneOf(t, what, err, NotAFile, NotADirectory, Exists)
				}
			}
			e, err := j.tree.Stat(t.Context(), Path{"link"})
			if err != nil || e.Kind != Link || e.Target != target {
				t.Errorf("Stat: %+v, %v", e, err)
			}
			must(t, j.tree.Touch(t.Context(), Path{"link"}, time.Unix(1, 0), false))
			must(t, j.tree.Rename(t.Context(), Path{"link"}, Path{"moved"}))
			must(t, j.tree.Remove(t.Context(), Path{"moved"}, true))
			j.check(t)
		})
	}
}

// A FIFO would hold an open up for ever, and a device may have effects.
// It holds M45.
func TestJailOpensRegularFilesOnly(t *testing.T) {
	j := newJail(t)
	must(t, unix.Mkfifo(filepath.Join(j.dir, "fifo"), 0o666))
	names := map[string]string{"fifo": "is a FIFO, not a regular file", "real": "is a directory, not a regular file"}
	if err := makeDevice(filepath.Join(j.dir, "device")); err == nil {
		names["device"] = "is a device, not a regular file"
	} else if !errors.Is(err, os.ErrPermission) {
		t.Fatal(err)
	}
	for name, why := range names {
		for _, what := range []string{"Open", "Hash"} {
			err := attempts[what](t.Context(), j.tree, Path{name})
			wantKind(t, err, NotAFile)
			if err != nil && !strings.Contains(err.Error(), why) {
				t.Errorf("%s of %s: %v, want %q", what, name, err, why)
			}
		}
	}
	wantKind(t, attempts["List"](t.Context(), j.tree, Path{"fifo"}), NotADirectory)
	wantKind(t, j.tree.Mkdir(t.Context(), Path{"fifo/x"}, true), NotADirectory)
	must(t, j.tree.Touch(t.Context(), Path{"fifo"}, someTime, false))
	if e := entriesOf(t, j.tree, "")["fifo"]; e.Kind != Other || !e.Modified.Equal(someTime) {
		t.Errorf("the FIFO is listed as %+v", e)
	}
}

// A hard link leads out of every jail. Ours may; one that others could have
// made may not.
func TestJailHardLinks(t *testing.T) {
	j := newJail(t)
	must(t, os.Link(filepath.Join(j.outside, "secret"), filepath.Join(j.dir, "real/linked")))
	if f, err := j.tree.Open(t.Context(), Path{"real/linked"}); err != nil {
		t.Errorf("our own link: %v", err)
	} else {
		f.Close()
	}
	must(t, os.Chmod(filepath.Join(j.dir, "real"), 0o777))
	_, err := j.tree.Open(t.Context(), Path{"real/linked"})
	wantKind(t, err, Permission)
	_, err = j.tree.Hash(t.Context(), Path{"real/linked"}, SHA256)
	wantKind(t, err, Permission)
	must(t, os.Chmod(filepath.Join(j.dir, "real"), 0o755))

	if os.Geteuid() != 0 {
		t.Skip("only root can make files of others")
	}
	must(t, os.Chown(filepath.Join(j.outside, "secret"), 12345, -1))
	_, err = j.tree.Open(t.Context(), Path{"real/linked"})
	wantKind(t, err, Permission)
	must(t, os.Remove(filepath.Join(j.outside, "secret")))
	if f, err := j.tree.Open(t.Context(), Path{"real/linked"}); err != nil {
		t.Errorf("a file of somebody else with one name: %v", err)
	} else {
		f.Close()
	}
}

func TestJailTellsPermissionBitsOnly(t *testing.T) {
	j := newJail(t)
	must(t, os.Chmod(filepath.Join(j.dir, "real/file"), 0o755|os.ModeSetuid|os.ModeSetgid|os.ModeSticky))
	e, err := j.tree.Stat(t.Context(), Path{"real/file"})
	if err != nil || e.Mode != 0o755 {
		t.Errorf("mode %v, %v", e.Mode, err)
	}
}

// Partials are the receiver's own: peers neither see nor touch them, but what
// holds them can be removed.
// It holds M30.
func TestJailHidesPartials(t *testing.T) {
	j := newJail(t)
	names := []string{".bargee-x.part", ".bargee-x.journal", ".BARGEE-x.Part", ".bargee-.part"}
	for _, name := range names {
		write(t, filepath.Join(j.dir, "real", name), "partial")
		p := Path{"real/" + name}
		for what, do := range attempts {
			if err := do(t.Context(), j.tree, p); !errors.Is(err, BadName) {
				t.Errorf("%s %s: %v", what, p, err)
			}
		}
		wantKind(t, j.tree.Remove(t.Context(), p, true), BadName)
		wantKind(t, j.tree.Touch(t.Context(), p, someTime, false), BadName)
		wantKind(t, j.tree.Rename(t.Context(), p, Path{"stolen"}), BadName)
	}
	if got := entriesOf(t, j.tree, "real"); len(got) != 1 {
		t.Errorf("listed: %v", got)
	}
	for _, name := range []string{".bargee", ".bargee-x", "bargee-x.part", "x.part", ".bargee-x.parts"} {
		if isPrivate(name) {
			t.Errorf("%s counts as a partial", name)
		}
	}
	must(t, j.tree.Remove(t.Context(), Path{"real"}, true))
}

func TestJailThatIsGone(t *testing.T) {
	j := newJail(t)
	must(t, os.RemoveAll(j.dir))
	for what, do := range attempts {
		if err := do(t.Context(), j.tree, Path{"real"}); !errors.Is(err, NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantKind(t, attempts["List"](t.Context(), j.tree, Path{}), NotFound)
	_, err := OpenDir(j.dir)
	wantKind(t, err, NotFound)
	_, err = OpenDir(filepath.Join(j.outside, "secret"))
	if !errors.Is(err, NotADirectory) {
		t.Errorf("a file served: %v", err)
	}
}

// A jail that is renamed and replaced by a link stays where it was.
func TestJailIsTheDirectoryNotItsName(t *testing.T) {
	j := newJail(t)
	must(t, os.Rename(j.dir, j.dir+"-moved"))
	must(t, os.Symlink(j.outside, j.dir))
	if got := entriesOf(t, j.tree, ""); len(got) != 1 || got["real"].Kind != Directory {
		t.Errorf("listed: %v", got)
	}
}

// Somebody on this machine swaps a directory and a link while a peer works
// below it: a link that leads out, and one to what the peer could name himself
// but did not.
// F69.
func TestJailFlipRace(t *testing.T) {
	for name, target := range map[string]string{"out": "../outside", "inside": "elsewhere"} {
		t.Run(name, func(t *testing.T) {
			j := newJail(t)
			elsewhere := filepath.Join(j.dir, "elsewhere")
			write(t, filepath.Join(elsewhere, "secret"), secret)
			must(t, os.Chtimes(filepath.Join(elsewhere, "secret"), someTime, someTime))
			j.race(t, target)
			j.check(t)
			j.outside = elsewhere
			j.check(t)
		})
	}
}

// race works below the directory real while that is swapped with a link.
func (j jail) race(t *testing.T, target string) {
	name, spare := filepath.Join(j.dir, "real"), filepath.Join(j.dir, "spare")
	must(t, os.Symlink(target, spare))
	write(t, filepath.Join(name, "secret"), "inside")
	flips := 10_000
	if testing.Short() {
		flips = 1000
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	var worked atomic.Int64
	var flipping sync.WaitGroup
	defer flipping.Wait()
	flipping.Go(func() {
		defer stop()
		for i := 0; i < flips || worked.Load() == 0 && ctx.Err() == nil; i++ {
			if err := flip(name, spare); err != nil {
				t.Errorf("flip %d: %v", i, err)
				return
			}
		}
	})
	for ctx.Err() == nil {
		for _, what := range []string{"List", "OpenBelow", "TouchBelow", "MkdirBelow", "RenameOut", "RemoveBelow",
			"Names", "StatAll", "Find", "MeasureBelow", "Chmod", "ChmodBelow", "SymlinkBelow", "Watch"} {
			if err := attempts[what](context.Background(), j.tree, Path{"real"}); err == nil {
				worked.Add(1)
			} else if KindOf(err) == Internal || errors.Is(err, errSecretRead) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := attempts["Open"](context.Background(), j.tree, Path{"real/secret"}); errors.Is(err, errSecretRead) {
			t.Fatal(err)
		}
	}
	if worked.Load() == 0 {
		t.Error("nothing ever worked: the race was not run")
	}
}

// A directory deeper than a path can be has no end for one who calls himself.
func TestJailRemoveDeep(t *testing.T) {
	j := newJail(t)
	dir, err := os.OpenRoot(filepath.Join(j.dir, "real"))
	must(t, err)
	for range 900 {
		must(t, dir.Mkdir("a-long-name-of-a-directory", 0o755))
		next, err := dir.OpenRoot("a-long-name-of-a-directory")
		must(t, err)
		dir.Close()
		dir = next
	}
	dir.Close()
	must(t, j.tree.Remove(t.Context(), Path{"real"}, true))
}

func TestJailRemoveEndsWithItsContext(t *testing.T) {
	j := newJail(t)
	for i := range 100 {
		write(t, filepath.Join(j.dir, "real", fmt.Sprint(i)), "")
	}
	ctx := &countdown{Context: t.Context(), left: 20}
	wantKind(t, j.tree.Remove(ctx, Path{"real"}, true), Cancelled)
	left, err := os.ReadDir(filepath.Join(j.dir, "real"))
	if err != nil || len(left) < 50 || len(left) > 100 {
		t.Errorf("%d left, %v", len(left), err)
	}
}

// countdown is a context that is cancelled once it was asked often enough.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestHashEndsWithItsContext(t *testing.T) {
	j := newJail(t)
	must(t, os.Truncate(filepath.Join(j.dir, "real/file"), 1<<40)) // sparse: hours
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := j.tree.Hash(ctx, Path{"real/file"}, BLAKE3)
	wantKind(t, err, Timeout)
}

// Where the disk has no exclusive rename, the two steps keep the promise.
func TestMoveByLink(t *testing.T) {
	j := newJail(t)
	write(t, filepath.Join(j.dir, "other"), "other")
	must(t, os.Mkdir(filepath.Join(j.dir, "empty"), 0o755))
	dir, err := j.tree.open(Path{})
	must(t, err)
	defer dir.Close()
	must(t, handle(dir, func(fd int) error {
		for from, to := range map[string]string{"other": "real", "real": "empty", "empty": "other"} {
			if err := moveByLink(fd, from, fd, to); !errors.Is(err, syscall.EEXIST) {
				t.Errorf("%s to %s: %v", from, to, err)
			}
		}
		must(t, moveByLink(fd, "other", fd, "file"))
		must(t, moveByLink(fd, "real", fd, "directory"))
		return nil
	}))
	got := entriesOf(t, j.tree, "")
	if len(got) != 3 || got["file"].Size != 5 || got["directory"].Kind != Directory {
		t.Errorf("got %v", got)
	}
}
