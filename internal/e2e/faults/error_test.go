//go:build linux

package faults

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestReceiverDiskFails: F28 to F30, F33, F35 to F39, F41, F46. A call on the
// receiver's disk fails, from the first or a later one on. ERR: the message
// names the destination and the cause, the old file is untouched, and the same command
// ends the copy when the disk works again.
// F29, F36, F37, F38.
func TestReceiverDiskFails(t *testing.T) {
	traceable(t)
	b := newBed(t)
	want, old := noise(size, 1), noise(size-chunk, 2)
	b.write(filepath.Join(b.far, "file"), want)
	args := append(slices.Clone(options), "--on-conflict", "overwrite", b.at("file"))
	first := t.TempDir()
	b.write(filepath.Join(first, "file"), old)
	s, _ := b.record(first, "file", append(args, first+"/")...)
	for name, c := range map[string]struct {
		call, object, errno, when string
		says                      string // pattern
		kept                      bool   // what came before the failure is not sent again
	}{
		"F28 no space for data":          {"pwrite64", "part", "ENOSPC", "6+", "no space left", true},
		"F29 no space for the journal":   {"write", "journal", "ENOSPC", "6+", "no space left", true},
		"F30 no space for a name":        {"renameat", "part", "ENOSPC", "1+", "no space left", true},
		"F33 quota, data":                {"pwrite64", "part", "EDQUOT", "6+", "quota", true},
		"F35 data":                       {"pwrite64", "part", "EIO", "6+", "input/output", true},
		"F35 journal":                    {"write", "journal", "EIO", "6+", "input/output", true},
		"F35 mode":                       {"fchmod", "part", "EIO", "1+", "input/output", true},
		"F36 fsync of the data":          {"fsync", "part", "EIO", "1+", "input/output", false},
		"F36 fsync of the directory":     {"fsync", "dir", "EIO", "1+", "input/output", true},
		"F37 close":                      {"close", "part", "EDQUOT", "1+", "quota", false},
		"F38 read-only":                  {"pwrite64", "part", "EROFS", "6+", "read-only", true},
		"F38 read-only before the name":  {"renameat", "part", "EROFS", "1+", "read-only", true},
		"F39 not permitted":              {"openat", "part", "EACCES", "1+", "permission denied", false},
		"F40 too many open files":        {"openat", "part", "EMFILE", "1+", "too many open files", false},
		"F41 name too long":              {"openat", "part", "ENAMETOOLONG", "1+", "name too long", false},
		"F46 stale handle":               {"pwrite64", "part", "ESTALE", "6+", "stale", true},
		"F46 disk is gone":               {"openat", "part", "ENOTCONN", "1+", "not connected", false},
		"F33 quota before the first one": {"openat", "part", "EDQUOT", "1+", "quota", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bed{t: t, near: b.near, far: b.far}
			s := subject{t.TempDir(), s.final, s.part, s.journal}
			final := filepath.Join(s.dir, "file")
			b.write(final, old)
			all := append(slices.Clone(args), s.dir+"/")
			failed := b.copy(inject(s.paths(c.object), c.call, "error="+c.errno, c.when), all...)
			if code := failed.ExitCode(); code != 1 && code != 3 {
				t.Errorf("exit code %d", code)
			}
			why := failed.Why()
			for _, p := range []string{c.says, regexp.QuoteMeta(s.dir)} {
				if !regexp.MustCompile(p).MatchString(why) {
					t.Errorf("it does not say %q: %s", p, why)
				}
			}
			contents := [][]byte{old}
			if c.object == "dir" {
				contents = [][]byte{want} // it has its name by then
			}
			b.whole(final, contents...)
			kept := chunksOf(filepath.Join(s.dir, s.journal))
			done := b.ends(b.copy(nil, all...))
			if c.kept && c.object != "dir" && (kept == 0 && c.call != "renameat" || done.BytesSent > size-kept*chunk+chunk) {
				t.Errorf("%d bytes were sent, with %d chunks in the journal", done.BytesSent, kept)
			}
			b.whole(final, want)
			b.clean(s.dir)
		})
	}
}

// TestSenderDiskFails: F34, F39. A file that cannot be opened or read is
// reported with its path, and where in it the disk failed; SKIP: the others
// arrive.
func TestSenderDiskFails(t *testing.T) {
	traceable(t)
	for name, c := range map[string]struct{ call, errno, when, says string }{
		"F34 read":          {"pread64", "EIO", "3+", `/tree/bad.*at byte \d+: input/output error`},
		"F34 the first one": {"pread64", "EIO", "1+", `/tree/bad.*input/output error`},
		"F39 open":          {"openat", "EACCES", "1+", `/tree/bad.*permission denied`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			bad := filepath.Join(b.near, "tree", "bad")
			b.write(bad, noise(size, 1))
			b.write(filepath.Join(b.near, "tree", "good"), noise(size, 2))
			b.write(filepath.Join(b.near, "tree", "small"), noise(100, 3))
			args := append(slices.Clone(options), "-r", filepath.Dir(bad), b.at(""))
			failed := b.copy(inject([]string{bad, "bad"}, c.call, "error="+c.errno, c.when), args...)
			if code, why := failed.ExitCode(), failed.Why(); code != 3 || !regexp.MustCompile(c.says).MatchString(why) {
				t.Errorf("exit code %d, and it does not say %q: %s", code, c.says, why)
			}
			b.whole(filepath.Join(b.far, "tree", "bad"), nil)
			b.whole(filepath.Join(b.far, "tree", "good"), noise(size, 2))
			b.whole(filepath.Join(b.far, "tree", "small"), noise(100, 3))
			b.ends(b.copy(nil, args...))
			b.whole(filepath.Join(b.far, "tree", "bad"), noise(size, 1))
			b.clean(filepath.Join(b.far, "tree"))
		})
	}
}

// TestPermissions: F39, with a real user who may not. ERR for a directory that
// cannot be written to, SKIP for one source that cannot be read.
func TestPermissions(t *testing.T) {
	needs(t, "root", "setpriv")
	b := newBed(t)
	b.must(os.Chmod(scratch, 0o755))
	b.must(os.Chmod(filepath.Dir(b.near), 0o755))
	b.must(os.Chmod(b.near, 0o755))
	home := filepath.Join(scratch, "near-home")
	b.must(os.RemoveAll(home))
	b.must(os.MkdirAll(home, 0o777))
	b.must(os.Chmod(home, 0o777))
	t.Cleanup(func() { os.RemoveAll(home) })
	b.must(os.Chmod(far.token, 0o644))
	t.Cleanup(func() { os.Chmod(far.token, 0o600) })
	token := filepath.Join(b.near, "token")
	secret, err := os.ReadFile(far.token)
	b.must(err)
	b.must(os.WriteFile(token, secret, 0o600))
	b.must(os.Chown(token, 65534, 65534))
	nobody := []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"}

	tree := filepath.Join(b.near, "tree")
	b.write(filepath.Join(tree, "open"), []byte("readable"))
	b.write(filepath.Join(tree, "locked"), []byte("not readable"))
	b.must(os.Chmod(filepath.Join(tree, "locked"), 0o600))
	c := b.copy(nobody, "--token-file", token, "-r", tree, b.at(""))
	if code, why := c.ExitCode(), c.Why(); code != 3 || !regexp.MustCompile(`locked.*permission denied`).MatchString(why) {
		t.Errorf("exit code %d: %s", code, why)
	}
	b.whole(filepath.Join(b.far, "tree", "open"), []byte("readable"))

	b.write(filepath.Join(b.far, "file"), []byte("content"))
	c = b.copy(nobody, "--token-file", token, b.at("file"), tree+"/")
	if code, why := c.ExitCode(), c.Why(); code != 1 && code != 3 || !regexp.MustCompile(`tree/.*permission denied`).MatchString(why) {
		t.Errorf("exit code %d: %s", code, why)
	}
	b.clean(tree)
}
