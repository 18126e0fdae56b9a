//go:build unix

package session

import (
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// flush has a network file system say now what it would say at close: that what
// was written did not get there. The file stays open, and so its lock kept.
func flush(f *os.File) error {
	fd, err := unix.Dup(int(f.Fd()))
	if err == nil {
		err = unix.Close(fd)
	}
	if err != nil {
		return &os.PathError{Op: "close", Path: f.Name(), Err: err}
	}
	return nil
}

// moveNew gives the partial its name if nobody has it. Opening the directory
// for that would cost a small file a tenth of its time.
func (p *partial) moveNew(part string) error {
	if p.dot == nil {
		return moveNew(p.dir, part, p.dir, p.name)
	}
	return moveNewAt(int(p.dot.Fd()), part, int(p.dot.Fd()), p.name)
}

// links returns how many names a file has.
func links(fi fs.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

// umask returns the bits that new files do not get. Reading it means setting
// it for a moment, so it is read once.
var umask = sync.OnceValue(func() fs.FileMode {
	m := syscall.Umask(0o077)
	syscall.Umask(m)
	return fs.FileMode(m)
})

// setFileTime sets the modification time of the open file f.
func setFileTime(_ *os.Root, _ string, f *os.File, modified time.Time) error {
	return futimes(int(f.Fd()), modified)
}

func timespecs(t time.Time) []unix.Timespec {
	ts, err := unix.TimeToTimespec(t) // its year may be out of UnixNano's reach
	if err != nil {
		ts = unix.NsecToTimespec(t.UnixNano())
	}
	return []unix.Timespec{ts, ts}
}
