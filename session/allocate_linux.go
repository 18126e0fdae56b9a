package session

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves room for size bytes of an empty file, so that a disk that
// is too small says so before the first byte, and the blocks lie together
// though chunks come in any order. It reports whether it did: some disks do
// not know that, and in memory it would only mean to write everything twice.
// The file stays empty.
func allocate(file *os.File, size int64) (bool, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &st); err != nil || !reserves[int64(st.Type)] {
		return false, nil
	}
	if err := before(changeAllocate, file, ""); err != nil {
		return false, err
	}
	switch err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size); err {
	case nil:
		return true, nil
	case unix.ENOSPC, unix.EDQUOT, unix.EFBIG, unix.EIO:
		return false, &os.PathError{Op: "reserve", Path: file.Name(), Err: err}
	}
	return false, nil
}

// reserves are the disks on which it is quick to reserve.
var reserves = map[int64]bool{unix.EXT4_SUPER_MAGIC: true, unix.XFS_SUPER_MAGIC: true, unix.F2FS_SUPER_MAGIC: true}

// punch makes n bytes at off a hole.
func punch(file *os.File, off int64, n int) error {
	if err := before(changeWrite, file, ""); err != nil {
		return err
	}
	return unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, int64(n))
}
