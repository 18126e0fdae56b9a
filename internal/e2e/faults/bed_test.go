//go:build linux

package faults

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// scratch holds the binary while the tests run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "bargee-faults-"); err != nil {
		panic(err)
	}
	code := m.Run()
	if far.server != nil {
		far.server.Kill()
	}
	os.RemoveAll(scratch)
	os.Exit(code)
}

// far is the peer that all tests share: a server that nothing happens to.
var far struct {
	once   sync.Once
	bin    *bargee.Binary
	server *bargee.Server
	token  string // file
	root   string // the served directory
	err    error
}

func startFar() {
	ctx := context.Background()
	if far.bin, far.err = bargee.Build(ctx, scratch); far.err != nil {
		return
	}
	if far.token, far.err = far.bin.NewToken(ctx); far.err != nil {
		return
	}
	far.root = filepath.Join(scratch, "far")
	if far.err = os.Mkdir(far.root, 0o755); far.err != nil {
		return
	}
	far.server, far.err = far.bin.Serve(ctx, "far-home", "--listen", "127.0.0.1:0", "--token-file", far.token, far.root)
}

// A bed is a copy that something happens to: a directory of the test's own on
// either side.
type bed struct {
	t    *testing.T
	near string // directory
	far  string // likewise, on the server
}

func newBed(t *testing.T) *bed {
	t.Helper()
	far.once.Do(startFar)
	if far.err != nil {
		t.Fatal(far.err)
	}
	b := &bed{t: t, near: t.TempDir()}
	dir, err := os.MkdirTemp(far.root, "")
	b.must(err)
	b.far = dir
	b.must(os.Chmod(dir, 0o755))
	t.Cleanup(func() { os.RemoveAll(dir) })
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// at is the address of name in the served directory.
func (b *bed) at(name string) string {
	return "bargee://" + far.server.Address + "/" + filepath.Base(b.far) + "/" + name
}

// limit is how long a copy may take that something happened to.
const limit = 60 * time.Second

// copy runs "bargee cp args" to its end, under a program if one is given.
func (b *bed) copy(under []string, args ...string) *bargee.Copy {
	b.t.Helper()
	c := b.start(under, args...)
	select {
	case <-c.Ended():
	case <-time.After(limit):
		c.Kill()
		b.t.Fatalf("bargee cp %q did not end within %v", args, limit)
	}
	return c
}

// start starts it.
func (b *bed) start(under []string, args ...string) *bargee.Copy {
	b.t.Helper()
	bin := &bargee.Binary{Path: far.bin.Path, Dir: scratch, Under: under}
	c, err := bin.Copy(b.t.Context(), "near-home", append([]string{"--token-file", far.token}, args...)...)
	b.must(err)
	return c
}

// ends expects that a copy ended well.
func (b *bed) ends(c *bargee.Copy) bargee.Event {
	b.t.Helper()
	done, err := c.Done()
	if err != nil {
		b.t.Error(err)
	}
	return done
}

// noise returns bytes in which nothing repeats.
func noise(size int, seed byte) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func (b *bed) write(name string, data []byte) {
	b.t.Helper()
	b.must(os.MkdirAll(filepath.Dir(name), 0o755))
	b.must(os.WriteFile(name, data, 0o644))
}

// whole expects the file to have one of some contents, or nil: not to be there.
func (b *bed) whole(name string, contents ...[]byte) (which int) {
	b.t.Helper()
	got, err := os.ReadFile(name)
	for i, want := range contents {
		if want == nil && os.IsNotExist(err) || want != nil && err == nil && bytes.Equal(got, want) {
			return i
		}
	}
	b.t.Errorf("%s has %d bytes that it must not have (%v)", name, len(got), err)
	return -1
}

// clean expects no private file in dir.
func (b *bed) clean(dir string) {
	b.t.Helper()
	list, err := os.ReadDir(dir)
	b.must(err)
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".bargee-") {
			b.t.Errorf("%s is left", e.Name())
		}
	}
}

// needs skips the test where a tool is missing, or, for "root", a right.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if tool == "root" {
			if os.Geteuid() != 0 {
				t.Skip("this needs root")
			}
		} else if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
}
