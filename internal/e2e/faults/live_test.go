//go:build linux

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// slow has each write of a partial take a while, so that there is time for
// something to happen.
func slow(b *bed, s subject) []string {
	return inject(s.paths("part"), "pwrite64", "delay_enter=50000", "1+")
}

// TestSignals: F17. SIGINT, SIGTERM and SIGHUP end a copy within two seconds;
// RES: what was copied is kept.
func TestSignals(t *testing.T) {
	needs(t, "prlimit")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			b := newBed(t)
			want := noise(64<<20, 1)
			b.write(filepath.Join(b.far, "file"), want)
			args := append(slices.Clone(options[1:]), b.at("file"), b.near+"/")
			c := b.start(nil, args...)
			<-c.Started()
			since := time.Now()
			c.Signal(sig)
			select {
			case <-c.Ended():
			case <-time.After(10 * time.Second):
				c.Kill()
			}
			if took := time.Since(since); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			b.whole(filepath.Join(b.near, "file"), nil, want)
			b.ends(b.copy(nil, args...))
			b.whole(filepath.Join(b.near, "file"), want)
			b.clean(b.near)
		})
	}
}

// TestPeerStandsStill: F18, F86. The peer is stopped for longer than a silent
// link lives, and goes on. RES: by itself, within the same command.
func TestPeerStandsStill(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	served := t.TempDir()
	home := "stand-home"
	s, err := far.bin.Serve(t.Context(), home, "--listen", "127.0.0.1:0", "--token-file", far.token, served)
	b.must(err)
	t.Cleanup(s.Kill)
	want := noise(96<<20, 1)
	from := filepath.Join(b.near, "file")
	b.write(from, want)
	c := b.start(nil, "--chunk-size", "256K", from, "bargee://"+s.Address+"/")
	<-c.Started()
	s.Signal(syscall.SIGSTOP)
	<-time.After(12 * time.Second)
	s.Signal(syscall.SIGCONT)
	select {
	case <-c.Ended():
	case <-time.After(limit):
		c.Kill()
	}
	b.ends(c)
	b.whole(filepath.Join(served, "file"), want)
	b.clean(served)
}

// TestFewDescriptors: F40. With 256 descriptors a tree of many directories and
// files goes slower, perhaps, but arrives, at either end.
func TestFewDescriptors(t *testing.T) {
	needs(t, "prlimit")
	b := newBed(t)
	few := []string{"prlimit", "--nofile=256"}
	tree := filepath.Join(b.near, "tree")
	for i := range 300 {
		b.write(filepath.Join(tree, fmt.Sprint(i%60), fmt.Sprint(i)), noise(1000*(i%100), byte(i)))
	}
	b.ends(b.copy(few, "-r", tree, b.at("")))
	back := t.TempDir()
	b.ends(b.copy(few, "-r", b.at("tree"), back+"/"))
	b.equalTrees(tree, filepath.Join(back, "tree"))
}

// equalTrees compares two trees by their files.
func (b *bed) equalTrees(want, got string) {
	b.t.Helper()
	if out, err := exec.Command("diff", "-r", want, got).CombinedOutput(); err != nil {
		b.t.Errorf("%v: %s", err, out)
	}
}

// TestSignalStorm: F47. A storm of signals interrupts calls all the time; the
// result is right.
func TestSignalStorm(t *testing.T) {
	b := newBed(t)
	want := noise(32<<20, 1)
	b.write(filepath.Join(b.far, "file"), want)
	c := b.start(nil, "--chunk-size", "256K", b.at("file"), b.near+"/")
	for running(c) {
		c.Signal(syscall.SIGURG)
	}
	b.ends(c)
	b.whole(filepath.Join(b.near, "file"), want)
}

// TestSlowDisk: F44. The receiver's disk takes 50 ms for each chunk: the sender
// waits for it, nothing times out, and memory stays flat.
func TestSlowDisk(t *testing.T) {
	traceable(t)
	b := newBed(t)
	b.write(filepath.Join(b.far, "file"), noise(size, 1))
	dir := t.TempDir()
	args := append(slices.Clone(options), b.at("file"))
	s, _ := b.record(dir, "file", append(args, dir+"/")...)
	b.must(os.Remove(filepath.Join(dir, "file")))
	since := time.Now()
	b.ends(b.copy(slow(b, s), append(args, "--timeout", "2s", dir+"/")...))
	if took := time.Since(since); took < size/chunk*50*time.Millisecond/4 {
		t.Errorf("the disk was not slow: %v", took)
	}
	b.whole(filepath.Join(dir, "file"), noise(size, 1))
}

// TestNoInodes: F31. A disk with room and without inodes is told from a full
// one. ERR, and the copy goes on when there are some again.
func TestNoInodes(t *testing.T) {
	needs(t, "root")
	b := newBed(t)
	tree := filepath.Join(b.near, "tree")
	for i := range 40 {
		b.write(filepath.Join(tree, fmt.Sprint(i)), noise(1000, byte(i)))
	}
	into := t.TempDir()
	if err := syscall.Mount("tmpfs", into, "tmpfs", 0, "nr_inodes=24"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(into, syscall.MNT_DETACH) })
	c := b.copy(nil, "-r", tree, into+"/")
	if code, why := c.ExitCode(), c.Why(); code != 1 || !strings.Contains(why, "no free inodes") {
		t.Errorf("exit code %d: %s", code, why)
	}
	b.must(syscall.Mount("", into, "", syscall.MS_REMOUNT, "nr_inodes=200"))
	b.ends(b.copy(nil, "-r", tree, into+"/"))
	b.equalTrees(tree, filepath.Join(into, "tree"))
}

// TestDisksWithinTheTree: F43. Another disk is mounted within the destination: a
// partial lies beside its file, so nothing is ever renamed from disk to disk.
func TestDisksWithinTheTree(t *testing.T) {
	needs(t, "root")
	b := newBed(t)
	tree := filepath.Join(b.near, "tree")
	b.write(filepath.Join(tree, "sub", "large"), noise(size, 1))
	b.write(filepath.Join(tree, "sub", "small"), noise(100, 2))
	into := filepath.Join(t.TempDir(), "tree")
	b.must(os.MkdirAll(filepath.Join(into, "sub"), 0o755))
	if err := syscall.Mount("tmpfs", filepath.Join(into, "sub"), "tmpfs", 0, ""); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(filepath.Join(into, "sub"), syscall.MNT_DETACH) })
	b.ends(b.copy(nil, append(options, "-r", tree, filepath.Dir(into)+"/")...))
	b.equalTrees(tree, into)
}

// TestReadOnlyDisk: F38, with a real one. ERR, and the cause is told.
func TestReadOnlyDisk(t *testing.T) {
	needs(t, "root")
	b := newBed(t)
	b.write(filepath.Join(b.far, "file"), noise(size, 1))
	into := t.TempDir()
	if err := syscall.Mount("tmpfs", into, "tmpfs", syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(into, syscall.MNT_DETACH) })
	c := b.copy(nil, b.at("file"), into+"/")
	if code, why := c.ExitCode(), c.Why(); code == 0 || !strings.Contains(why, "read-only file system") {
		t.Errorf("exit code %d: %s", code, why)
	}
	b.must(syscall.Mount("", into, "", syscall.MS_REMOUNT, ""))
	b.ends(b.copy(nil, b.at("file"), into+"/"))
	b.whole(filepath.Join(into, "file"), noise(size, 1))
}

// TestStorm: F102, F103. Twenty programs want the same destination at once: one
// at a time has it, the others wait for it, find the file or are told that
// another is at it; the file is right and nothing is left.
func TestStorm(t *testing.T) {
	b := newBed(t)
	want := noise(16<<20, 1)
	b.write(filepath.Join(b.far, "file"), want)
	var all []*bargee.Copy
	for range 20 {
		all = append(all, b.start(nil, "--retry", "0", "--chunk-size", "256K", b.at("file"), b.near+"/"))
	}
	won := 0
	told := regexp.MustCompile(`another transfer is writing it|appeared while|another file is there`)
	for _, c := range all {
		if code := c.ExitCode(); code == 0 {
			won++
		} else if why := c.Why(); !told.MatchString(why) {
			t.Errorf("exit code %d: %s", code, why)
		}
	}
	if won == 0 {
		t.Error("nobody won")
	}
	b.whole(filepath.Join(b.near, "file"), want)
	b.clean(b.near)
}

// TestLittleMemory: F19. A copy that is not given enough memory ends, however it
// does, and the same command with enough completes it.
func TestLittleMemory(t *testing.T) {
	needs(t, "prlimit")
	b := newBed(t)
	want := noise(size, 1)
	b.write(filepath.Join(b.far, "file"), want)
	for _, limit := range []string{"40000000", "100000000", "300000000", "1300000000"} {
		c := b.copy([]string{"prlimit", "--as=" + limit}, append(options, b.at("file"), b.near+"/")...)
		c.ExitCode()
		b.whole(filepath.Join(b.near, "file"), nil, want)
	}
	b.ends(b.copy(nil, append(options, b.at("file"), b.near+"/")...))
	b.whole(filepath.Join(b.near, "file"), want)
	b.clean(b.near)
}

// TestStateFileKilled: F105. A program that is killed while it saves what it
// knows leaves the old file or the new one, whole.
func TestStateFileKilled(t *testing.T) {
	traceable(t)
	b := newBed(t)
	for _, call := range []string{"renameat", "renameat2", "fsync", "write"} {
		home := filepath.Join(scratch, "state-"+call)
		run := func(under []string) string {
			line := append(append(slices.Clone(under), far.bin.Path), "ls", "--token-file", far.token, "--trust=far", "bargee://"+far.server.Address+"/")
			cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
			cmd.Env = append(os.Environ(), "BARGEE_HOME="+home)
			out, _ := cmd.CombinedOutput()
			return string(out)
		}
		run(inject([]string{home}, call, "signal=SIGKILL", "1+"))
		if out := run(nil); strings.Contains(out, "damaged") {
			t.Errorf("killed at %s, then: %s", call, out)
		}
		cmd := exec.CommandContext(t.Context(), far.bin.Path, "ls", "far:/")
		cmd.Env = append(os.Environ(), "BARGEE_HOME="+home)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("killed at %s, then the peer is not known: %v %s", call, err, out)
		}
	}
	b.clean(b.near)
}
