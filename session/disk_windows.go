package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// openFlags: nothing that Lstat calls a regular file waits when it is opened.
const openFlags = 0

// unfit says why Windows cannot keep a file under name, or would take it for
// another one.
func unfit(name string) string {
	why := unportable(name)
	if why == "" && !filepath.IsLocal(name) {
		why = "the name is that of a device on Windows"
	}
	return why
}

// wasRemoved: Windows deletes no directory that is open.
func wasRemoved(fs.FileInfo) bool { return false }

// mayBePlanted: Windows lets nobody link to a file who may not write to it.
func mayBePlanted(file, parent fs.FileInfo) bool { return false }

// openEntries opens dir for reading what is in it.
func openEntries(dir *os.Root) (*os.File, error) { return dir.Open(".") }

// weightOf returns the bytes of the regular file name in a directory that is
// being read; ok is false for anything else. Each name counts as a file.
func weightOf(at *walkedDir, name string) (size int64, links uint64, id fileID, ok bool) {
	fi, err := at.dir.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() {
		return 0, 0, id, false
	}
	return fi.Size(), 1, id, true
}

// setModified sets the modification time of name in dir. Links are refused:
// only what they point to could be reached.
func setModified(dir *os.Root, name string, modified time.Time) error {
	fi, err := dir.Lstat(name)
	if err != nil {
		return err
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		return newError(NotAFile, Path{}, "is a link")
	}
	return dir.Chtimes(name, time.Time{}, modified)
}

// location is where dir is now.
func location(dir *os.Root) (string, error) {
	f, err := dir.Open(".")
	if err != nil {
		return "", err
	}
	defer f.Close()
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetFinalPathNameByHandle(windows.Handle(f.Fd()), &buf[0], uint32(len(buf)), 0)
	if err != nil {
		return "", err
	}
	return windows.UTF16ToString(buf[:n]), nil
}

// shortOf says what a full disk is short of: here it is always room.
func shortOf(_ *os.Root, err error) error { return err }

func spaceOf(dir *os.Root) (free, total uint64, err error) {
	name, err := location(dir)
	if err != nil {
		return 0, 0, err
	}
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return 0, 0, err
	}
	err = windows.GetDiskFreeSpaceEx(p, &free, &total, nil)
	return free, total, err
}

// moveNew renames oldName in source to newName in target, and never replaces
// what is there. Windows renames by full path; a directory above that another
// program moves at this very moment makes it fail.
func moveNew(source *os.Root, oldName string, target *os.Root, newName string) error {
	from, err := location(source)
	if err != nil {
		return err
	}
	to, err := location(target)
	if err != nil {
		return err
	}
	p, err := windows.UTF16PtrFromString(from + `\` + oldName)
	if err != nil {
		return err
	}
	q, err := windows.UTF16PtrFromString(to + `\` + newName)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(p, q, 0)
}

// orWhyNoLink returns the error of a link that was not made, and what helps.
func orWhyNoLink(err error) error {
	if errors.Is(err, windows.ERROR_PRIVILEGE_NOT_HELD) {
		return newError(Permission, Path{}, "Windows lets only administrators make links, or all when its developer mode is on")
	}
	return err
}
