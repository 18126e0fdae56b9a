//go:build unix

package e2e

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// owner is the process that runs the queue of the screen's user.
func (s *screen) owner() int {
	b, err := os.ReadFile(filepath.Join(s.bin.Dir, "home", "queue", "lock"))
	if err != nil {
		return 0
	}
	word, _, _ := strings.Cut(string(b), " ")
	n, _ := strconv.Atoi(word)
	return n
}

func (s *screen) eventually(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(2 * patience); !ok(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("never: %s; process %d runs the queue, the screen shows\n%s", what, s.owner(), s.Screen())
		}
	}
}

func (s *screen) ownedBy(pid int) {
	s.t.Helper()
	s.eventually("process "+strconv.Itoa(pid)+" runs the queue", func() bool { return s.owner() == pid })
}

// cargo writes a file of noise that no other one has.
func (s *screen) cargo(name string, mib int) {
	s.t.Helper()
	b := make([]byte, mib<<20)
	rand.NewChaCha8([32]byte([]byte((name + strings.Repeat("-", 32))[:32]))).Read(b)
	if err := os.WriteFile(filepath.Join(s.near, name), b, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) same(name string) bool {
	a, err1 := os.ReadFile(filepath.Join(s.near, name))
	b, err2 := os.ReadFile(filepath.Join(s.far, name))
	return err1 == nil && err2 == nil && bytes.Equal(a, b)
}

// copy copies a file to the server, slowly, and returns when some of it is there.
func (s *screen) copy(name string) *bargee.Copy {
	s.t.Helper()
	c, err := s.bin.Copy(s.t.Context(), "home", "--limit", "8M", filepath.Join(s.near, name), "far:/"+name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Kill)
	s.eventually("some of "+name+" is there", func() bool { return c.Verified() > 4<<20 })
	return c
}

func (s *screen) finished(c *bargee.Copy, name string) {
	s.t.Helper()
	<-c.Ended()
	if done, err := c.Done(); err != nil || done.Files != 1 || !s.same(name) {
		s.t.Fatalf("%s: %+v, %v, %s", name, done, err, c.Why())
	}
}

// There is one queue, whoever runs it: the screen, a command or a process in the
// background. Whoever is killed, what others wait for goes on, byte for byte.
func TestOneQueue(t *testing.T) {
	s := openScreen(t, 100, 30, true)
	s.ownedBy(s.Pid())
	for name, mib := range map[string]int{"cargo1": 48, "cargo2": 128, "cargo3": 128} { // at 8 MB/s: it still runs when somebody is killed
		s.cargo(name, mib)
	}
	s.cargo("zz", 1000) // so that it still runs when somebody looked

	c := s.copy("cargo1") // asks the screen, and takes over from it
	s.wait("cargo1")
	if s.owner() != s.Pid() {
		t.Errorf("process %d runs the queue beside the screen", s.owner())
	}
	kill(t, s.Pid(), syscall.SIGKILL)
	s.ownedBy(c.Pid())
	s.finished(c, "cargo1")

	c = s.copy("cargo2") // runs the queue, and a screen joins it
	s.ownedBy(c.Pid())
	reopen := func() {
		s.open(100, 30, s.bin.Path, "far:", s.near)
		s.wait("file-0")
	}
	reopen()
	s.wait("cargo2")
	c.Kill()
	s.ownedBy(s.Pid())
	s.wait("Failed 1") // nobody waits for it any more

	c = s.copy("cargo3") // asks the screen, and is killed
	s.wait("cargo3")
	c.Kill()
	s.wait("Failed 2")
	if c, err := s.bin.Copy(t.Context(), "home", filepath.Join(s.near, "cargo3"), "far:/cargo3"); err != nil {
		t.Error(err)
	} else if s.finished(c, "cargo3"); true {
		if done, _ := c.Done(); done.BytesResumed < 2<<20 {
			t.Errorf("of a killed command %d bytes are gone on with", done.BytesResumed)
		}
	}

	s.press(end, "c") // the screen's own goes on without it
	s.wait("Copy", "copy")
	s.press(enter)
	s.wait("1 running")
	s.press("q")
	s.wait("keep running in background")
	was := s.Pid()
	s.press("b")
	s.Ended()
	s.eventually("somebody else runs the queue", func() bool { return s.owner() != was && s.owner() > 0 })
	engine := s.owner()
	defer syscall.Kill(engine, syscall.SIGKILL)
	reopen()
	if s.owner() != engine {
		t.Errorf("process %d runs the queue, the background's is %d", s.owner(), engine)
	}
	s.eventually("zz is there", func() bool { return s.same("zz") })
	kill(t, engine, syscall.SIGTERM)
	s.ownedBy(s.Pid())
}

func kill(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// Twenty commands at once share one queue, which each leaves as soon as it has
// what it wants.
func TestTwentyCommands(t *testing.T) {
	s := &screen{t: t, bin: binary(t)}
	s.near, s.far = filepath.Join(s.bin.Dir, "near"), filepath.Join(s.bin.Dir, "far")
	put(t, filepath.Join(s.far, "x"), 1)
	put(t, filepath.Join(s.near, "x"), 1)
	var all []*bargee.Copy
	for i := range 20 {
		name := "f" + strconv.Itoa(i)
		s.cargo(name, 4)
		c, err := s.bin.Copy(t.Context(), "home", filepath.Join(s.near, name), s.far)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for i, c := range all {
		s.finished(c, "f"+strconv.Itoa(i))
	}
}
