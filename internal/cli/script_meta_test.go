//go:build unix

package cli

import (
	"os"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hardlink NEW OLD gives a file another name.
func scriptHardlink(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.Link(ts.MkAbs(args[1]), ts.MkAbs(args[0])))
}

// samefile A B expects both to be names of one file.
func scriptSameFile(ts *testscript.TestScript, neg bool, args []string) {
	a, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := os.Lstat(ts.MkAbs(args[1]))
	ts.Check(err)
	if os.SameFile(a, b) == neg {
		ts.Fatalf("one file: %t", !neg)
	}
}

// sparse FILE expects less of it on the disk than it is long.
func scriptSparse(ts *testscript.TestScript, neg bool, args []string) {
	fi, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if is := fi.Sys().(*syscall.Stat_t).Blocks*512 < fi.Size(); is == neg {
		ts.Fatalf("%d blocks of %d bytes", fi.Sys().(*syscall.Stat_t).Blocks, fi.Size())
	}
}

// sametime A B expects the same modification time, to the nanosecond, of both
// themselves: links are not followed.
func scriptSameTime(ts *testscript.TestScript, neg bool, args []string) {
	a, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := os.Lstat(ts.MkAbs(args[1]))
	ts.Check(err)
	if a.ModTime().Equal(b.ModTime()) == neg {
		ts.Fatalf("%v and %v", a.ModTime().Format(time.RFC3339Nano), b.ModTime().Format(time.RFC3339Nano))
	}
}
