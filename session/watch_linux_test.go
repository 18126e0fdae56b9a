package session

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Where the system watches no more, it is said what to raise; where it has no
// way to be told, directories are looked at instead.
func TestWhyNoWatch(t *testing.T) {
	for err, what := range map[error]string{
		unix.ENOSPC: "fs.inotify.max_user_watches",
		unix.EMFILE: "fs.inotify.max_user_instances",
	} {
		why := whyNoWatch(err)
		wantKind(t, why, Refused)
		if !strings.Contains(why.Error(), what) {
			t.Errorf("%v: %v", err, why)
		}
	}
	if err := whyNoWatch(fs.ErrNotExist); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without /proc: %v", err)
	}
	if err := whyNoWatch(unix.EIO); !errors.Is(err, unix.EIO) {
		t.Errorf("something else: %v", err)
	}
}

// The names that watches are given differ, though the descriptors behind them
// are closed at once.
func TestWatchNames(t *testing.T) {
	dir, err := openDir(t, t.TempDir()).open(Path{})
	must(t, err)
	defer dir.Close()
	taken := map[string]bool{}
	for range 50 {
		name, release, err := watchName(dir, func(name string) bool { return taken[name] })
		must(t, err)
		release()
		if taken[name] {
			t.Fatalf("%s twice", name)
		}
		taken[name] = true
	}
}
