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
	"sync"
	"testing"
)

// A call is a system call on something: the directory of the destination, the
// partial, its journal or the file under its final name; or the source.
type call struct {
	name   string // of the call
	object string // dir, part, journal, final
}

func (c call) String() string { return c.name + " " + c.object }

// calls are those by which files are changed, with close, at which network file
// systems report what went wrong.
const calls = "openat,pwrite64,pwritev,write,writev,ftruncate,fallocate,fchmod,fchmodat,utimensat,fsync,fdatasync,syncfs," +
	"renameat,renameat2,linkat,unlinkat,mkdirat,symlinkat,fsetxattr,copy_file_range,close"

// traceable skips the test where processes cannot be traced.
func traceable(t *testing.T) {
	t.Helper()
	needs(t, "strace")
	if err := tracing(); err != nil {
		t.Skipf("strace does not work here: %v", err)
	}
}

var tracing = sync.OnceValue(func() error {
	out, err := exec.Command("strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace=getpid", "true").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %s", err, out)
	}
	return nil
})

// strace returns a command that traces what happens to paths, with more flags.
func strace(log string, paths []string, flags ...string) []string {
	line := []string{"strace", "-f", "-qq", "-y", "-o", log, "-e", "signal=none"}
	for _, p := range paths {
		line = append(line, "-P", p)
	}
	return append(line, flags...)
}

// inject returns a command that has something happen at calls on paths:
// "signal=SIGKILL", "error=EIO", "delay_enter=100000". when "3+" is from the
// third call of that name on, by a thread, on whatever: strace counts all.
func inject(paths []string, name, what, when string) []string {
	return strace(os.DevNull, paths, "-e", "trace="+name, "-e", "inject="+name+":"+what+":when="+when)
}

var private = regexp.MustCompile(`\.bargee-[0-9A-Z]+\.(?:part|journal)`)

// A subject is a file that is written, and what belongs to it.
type subject struct{ dir, final, part, journal string }

// paths returns how object is named in calls.
func (s subject) paths(object string) []string {
	name := map[string]string{"part": s.part, "journal": s.journal, "final": s.final}[object]
	if name == "" {
		return []string{s.dir}
	}
	return []string{filepath.Join(s.dir, name), name} // by its descriptor, or in its directory
}

// record runs a copy and returns the calls that it made, and how the private
// files of the file final in dir are called.
func (b *bed) record(dir, final string, args ...string) (subject, []call) {
	b.t.Helper()
	log := filepath.Join(b.t.TempDir(), "trace")
	s := subject{dir: dir, final: final}
	// What the private names are is not known yet: all in the directory is
	// traced, and what is done with descriptors by the names that strace shows.
	b.ends(b.copy([]string{"strace", "-f", "-qq", "-y", "-o", log, "-e", "signal=none", "-e", "trace=" + calls}, args...))
	text, err := os.ReadFile(log)
	b.must(err)
	var found []call
	for line := range strings.Lines(string(text)) {
		name, _, ok := strings.Cut(line[strings.Index(line, " ")+1:], "(")
		if !ok || !strings.Contains(line, dir) {
			continue
		}
		for _, p := range private.FindAllString(line, -1) {
			if strings.HasSuffix(p, ".part") {
				s.part = p
			} else {
				s.journal = p
			}
		}
		c := call{strings.TrimSpace(name), objectOf(line, dir, final)}
		if !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	if s.part == "" || s.journal == "" {
		b.t.Fatalf("no partial or no journal was seen in %q", found)
	}
	return s, found
}

// objectOf tells what a line of strace's is about.
func objectOf(line, dir, final string) string {
	switch {
	case strings.Contains(line, ".part"):
		return "part"
	case strings.Contains(line, ".journal"):
		return "journal"
	case strings.Contains(line, filepath.Join(dir, final)+">"), strings.Contains(line, `"`+final+`"`):
		return "final"
	}
	return "dir"
}
