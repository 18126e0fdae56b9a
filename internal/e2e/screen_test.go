//go:build unix

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
	"github.com/bargee/bargee/internal/e2e/console"
)

// A screen is bargee on a console: a directory on the left, and on the right
// what a server serves, or the chooser.
type screen struct {
	*console.Console
	t         *testing.T
	bin       *bargee.Binary
	server    *bargee.Server
	token     string // file
	near, far string // directories
}

// openScreen opens it at w by h, with the server's directory on the right if
// paired.
func openScreen(t *testing.T, w, h int, paired bool) *screen {
	t.Helper()
	s := &screen{t: t, bin: binary(t)}
	s.near, s.far = filepath.Join(s.bin.Dir, "near"), filepath.Join(s.bin.Dir, "far")
	for _, dir := range []string{s.near, s.far} {
		for i := range 30 {
			put(t, filepath.Join(dir, fmt.Sprintf("file-%02d %s", i, []string{"plain", "映画", "🎬 é"}[i%3])), 100*i)
		}
	}
	command := []string{s.bin.Path, s.near}
	if paired {
		var err error
		if s.token, err = s.bin.NewToken(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.serve("127.0.0.1:0")
		command = []string{s.bin.Path, "bargee://" + s.server.Address, s.near, "--token-file", s.token, "--trust=far"}
	}
	s.open(w, h, command...)
	s.wait("file-0")
	return s
}

// open runs a command on a new console.
func (s *screen) open(w, h int, command ...string) {
	s.t.Helper()
	c, err := console.Start(context.Background(), console.Config{Columns: w, Rows: h, Command: command, Dir: s.near, Env: s.env()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	s.Console = c
}

func (s *screen) env() []string {
	return []string{"BARGEE_HOME=" + filepath.Join(s.bin.Dir, "home"), "HOME=" + s.bin.Dir, "TERM=xterm-256color", "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH")}
}

func (s *screen) serve(listen string) {
	s.t.Helper()
	server, err := s.bin.Serve(s.t.Context(), "server", s.far, "--listen", listen, "--token-file", s.token)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(server.Kill)
	s.server = server
}

// patience is how long a screen may take to show something, on a busy machine.
const patience = time.Minute

// wait waits until one of the texts is shown.
func (s *screen) wait(texts ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, err := s.WaitFor(ctx, strings.Join(texts, " or "), func(shown string) bool {
		for _, text := range texts {
			if strings.Contains(shown, text) {
				return true
			}
		}
		return false
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// gone waits until a text is shown no more.
func (s *screen) gone(text string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if _, err := s.WaitFor(ctx, "a screen without "+text, func(shown string) bool { return !strings.Contains(shown, text) }); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) press(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		if err := s.Type(k); err != nil {
			s.t.Fatal(err)
		}
	}
}

func put(t *testing.T, name string, size int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
}

const (
	down  = "\x1b[B"
	end   = "\x1b[F"
	enter = "\r"
	esc   = "\x1b"
)

// Every size shows something sensible, and can be left.
func TestScreenSizes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {20, 5}, {30, 8}, {40, 12}, {60, 16}, {80, 24}, {160, 48}, {500, 200}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			s := &screen{t: t, bin: binary(t)}
			s.near = filepath.Join(s.bin.Dir, "near")
			put(t, filepath.Join(s.near, "file-0"), 1)
			s.open(size[0], size[1], s.bin.Path, s.near)
			switch {
			case size[0] < 20:
				s.wait("b")
			case size[0] < 30:
				s.wait("30x8")
			default:
				s.wait("file-0")
			}
			s.press("q")
			ended := make(chan struct{})
			go func() { s.Ended(); close(ended) }()
			select {
			case <-ended:
			case <-time.After(patience):
				t.Errorf("q does not end it; it shows\n%s", s.Screen())
			}
		})
	}
}

// A storm of new sizes leaves the same picture as drawing it anew.
func TestResizeStorm(t *testing.T) {
	s := openScreen(t, 80, 24, true)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		if err := s.Resize(1+rnd.IntN(300), 1+rnd.IntN(100)); err != nil {
			t.Fatal(err)
		}
	}
	s.Resize(100, 30)
	s.wait("file-05")
	s.press(end)
	s.wait("file-29")
	s.quiet()
	shown := s.Screen()
	s.press("\x0c")
	s.quiet()
	if anew := s.Screen(); shown != anew {
		t.Errorf("after the storm it shows\n%s\nand drawn anew\n%s", shown, anew)
	}
}

// quiet waits until nothing was written for a while.
func (s *screen) quiet() {
	s.t.Helper()
	for n, last := s.Bytes(), time.Now(); time.Since(last) < 300*time.Millisecond; {
		<-time.After(20 * time.Millisecond)
		if now := s.Bytes(); now != n {
			n, last = now, time.Now()
		}
	}
}

// 100 KB pasted where no text is wanted start nothing and hold nothing up; in a
// line of text they do not either.
func TestPasteOf100KB(t *testing.T) {
	s := openScreen(t, 80, 24, false)
	paste := "\x1b[200~" + strings.Repeat("no/such\tfile \x07 ", 7000) + "\x1b[201~"
	began := time.Now()
	s.press(paste)
	s.quiet()
	s.press(esc)
	s.quiet() // what comes at once after Esc would be one key with it
	s.press(end)
	s.wait("file-29")
	s.press("/", paste)
	s.quiet()
	s.press(esc)
	s.quiet()
	s.press(end)
	s.wait("file-29")
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := os.Stat(filepath.Join(s.near, "file-29 🎬 é")); err != nil {
		t.Error(err)
	}
}

// Keys go on while the peer is away; the pane keeps its place, says that it is
// stale, and is there again when the peer is.
func TestKeysWhileReconnecting(t *testing.T) {
	s := openScreen(t, 120, 30, true)
	s.wait("far:/")
	s.press("2", end)
	s.server.Kill()
	s.wait("reconnecting", "stale")
	s.press("1", end, "x", "n")
	s.wait("file-29")
	s.press("2", down, down, "c")
	s.quiet()
	s.press(esc)
	s.quiet()
	put(t, filepath.Join(s.far, "later"), 1)
	s.serve(s.server.Address)
	s.gone("reconnecting")
	s.press("2", "\x12") // Ctrl-R
	s.quiet()
	s.press(end)
	s.wait("later")
	if !strings.Contains(s.Screen(), "file-29") {
		t.Errorf("the pane lost its place:\n%s", s.Screen())
	}
}

// A directory that is deleted under the cursor: the pane goes to one that is
// there, and says so.
func TestDirectoryDeletedUnderTheCursor(t *testing.T) {
	s := openScreen(t, 100, 30, false)
	deep := filepath.Join(s.near, "a", "b")
	put(t, filepath.Join(deep, "inside"), 1)
	s.press("\x12")
	s.wait("a/")
	s.press("\x1b[H", down, enter)
	s.wait("b/")
	s.press(down, enter)
	s.wait("inside")
	if err := os.RemoveAll(filepath.Join(s.near, "a")); err != nil {
		t.Fatal(err)
	}
	s.press("\x12")
	s.wait("gone", "not there", "deleted")
	s.gone("inside")
	s.wait("file-05")
}

// A peer that does not answer for long holds no key up, and Esc gives up.
func TestPeerAnswersLate(t *testing.T) {
	s := openScreen(t, 120, 30, true)
	put(t, filepath.Join(s.far, "aaa", "inside"), 1)
	s.press("2", "\x12")
	s.wait("aaa/")
	s.press("\x1b[H")
	s.server.Signal(syscall.SIGSTOP)
	s.press(enter)
	s.wait("reading", "waiting", "reconnecting")
	s.press("1", end)
	s.wait("file-29")
	s.server.Signal(syscall.SIGCONT)
	s.wait("inside")
}
