//go:build linux

package faults

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// A disk is an ext4 file system in an image file, mounted in a loop.
type disk struct {
	image string
	at    string
}

// mount makes and mounts a disk whose data waits long to be written, or skips
// the test.
func mount(t *testing.T, size string) disk {
	t.Helper()
	needs(t, "root", "mkfs.ext4", "mount")
	dir, err := os.MkdirTemp(memory(), "bargee-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d := disk{filepath.Join(dir, "image"), filepath.Join(dir, "mounted")}
	if err := os.Mkdir(d.at, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{
		{"truncate", "-s", size, d.image},
		{"mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image},
		{"mount", "-o", "loop,commit=30", d.image, d.at},
	} {
		if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
			if line[0] == "mount" {
				t.Skipf("no loop can be mounted here: %s", out)
			}
			t.Fatalf("%q: %v: %s", line, err, out)
		}
	}
	t.Cleanup(func() { exec.Command("umount", "-l", d.at).Run() })
	return d
}

// memory is a directory whose files are in memory, where there is one: the
// machine's own disk would only be slow.
func memory() string {
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

// crash copies the image as it is: that is the disk after a power cut.
func (d disk) crash(t *testing.T) disk {
	t.Helper()
	c := disk{d.image + ".crash", d.at + ".crash"}
	os.Mkdir(c.at, 0o755)
	for _, line := range [][]string{{"cp", "--sparse=always", d.image, c.image}, {"mount", "-o", "loop", c.image, c.at}} {
		if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", line, err, out)
		}
	}
	t.Cleanup(func() { exec.Command("umount", "-l", c.at).Run() })
	return c
}

func (d disk) discard(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("umount", d.at).CombinedOutput(); err != nil {
		t.Fatalf("umount: %v: %s", err, out)
	}
	os.Remove(d.image)
}

// stand stops all threads of a process, and waits until none of them is in the
// middle of a call.
func stand(pid int) error {
	syscall.Kill(pid, syscall.SIGSTOP) // it may have ended: then nothing goes on either
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil || len(stats) == 0 {
			return err
		}
		if !slices.ContainsFunc(stats, func(name string) bool {
			b, err := os.ReadFile(name)
			_, rest, _ := bytes.Cut(b, []byte(") "))
			return err == nil && !bytes.HasPrefix(rest, []byte("T")) && !bytes.HasPrefix(rest, []byte("Z"))
		}) {
			return nil
		}
	}
	return errors.New("it does not stand still")
}

// images is how many power cuts a run has.
const images = 100

// TestPowerCut: F22 to F25. The power is cut at a hundred moments of a copy
// with --fsync: what was reported as copied is there and whole, always, and no
// file under a final name is short or empty. RES: the copy goes on from there.
// F23, F24.
func TestPowerCut(t *testing.T) {
	lost, short := powerCuts(t, images, "--fsync")
	if lost > 0 || short > 0 {
		t.Errorf("%d files were lost that were reported, and %d were not whole, after %d power cuts", lost, short, images)
	}
}

// TestPowerCutShows: without --fsync files are lost in the same test (no promise
// is made for that), so it can tell the difference.
func TestPowerCutShows(t *testing.T) {
	if lost, short := powerCuts(t, 5); lost+short == 0 {
		t.Error("nothing is lost without --fsync either: the test shows nothing")
	}
}

// powerCuts copies files to a disk whose power is cut n times, and returns how
// many files that were reported were not there afterwards, and how many had
// their name and were not whole.
func powerCuts(t *testing.T, n int, flags ...string) (lost, short int) {
	d := mount(t, "128M")
	b := newBed(t)
	tree := filepath.Join(b.near, "tree")
	files := map[string][]byte{}
	for i := range 8 * n {
		name := fmt.Sprintf("%d/%d", i%7, i)
		files[name] = noise([]int{100, 20_000, 70_000, 150_000}[i%4], byte(i))
		b.write(filepath.Join(tree, name), files[name])
	}
	args := append(flags, "--chunk-size", "64K", "-r", tree, d.at+"/")
	c := b.start(nil, args...)
	<-c.Started()
	var after disk
	midway := 0
	for cut := 1; cut <= n; cut++ {
		c.Signal(syscall.SIGCONT)
		<-time.After(time.Duration(cut%5+1) * time.Millisecond) // a bit of the copy
		if running(c) {
			b.must(stand(c.Pid()))
		}
		reported := c.Arrived()
		if len(reported) < len(files) {
			midway++
		}
		if after.at != "" {
			after.discard(t)
		}
		after = d.crash(t)
		l, s := judge(t, after.at, reported, tree, files)
		lost, short = lost+l, short+s
	}
	t.Logf("%d of %d cuts came before the end", midway, n)
	c.Signal(syscall.SIGCONT)
	b.ends(c)
	b.ends(b.copy(nil, append(flags, "--chunk-size", "64K", "-r", tree, after.at+"/")...))
	if l, s := judge(t, after.at, paths(tree, files), tree, files); len(flags) > 0 && l+s > 0 {
		t.Errorf("copied again after the last cut, %d files are missing and %d not whole", l, s)
	}
	after.discard(t)
	return lost, short
}

func running(c *bargee.Copy) bool {
	select {
	case <-c.Ended():
		return false
	default:
		return true
	}
}

func paths(tree string, files map[string][]byte) (all []string) {
	for name := range files {
		all = append(all, filepath.Join(tree, name))
	}
	return all
}

// judge looks at the disk after a cut.
func judge(t *testing.T, at string, reported []string, tree string, files map[string][]byte) (lost, short int) {
	t.Helper()
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(at, "tree", name))
		switch told := slices.Contains(reported, filepath.Join(tree, name)); {
		case err != nil && !os.IsNotExist(err):
			t.Errorf("%s: %v", name, err)
		case err != nil && told:
			lost++
		case err == nil && !bytes.Equal(got, want):
			short++
		}
	}
	for _, p := range reported {
		if !strings.HasPrefix(p, tree) {
			t.Errorf("%s was reported", p)
		}
	}
	return lost, short
}
