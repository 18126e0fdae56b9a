package session

import (
	"context"
	"io/fs"
	"os"
	"time"

	"github.com/bargee/bargee/transport"
)

// This file is what a receiver changes on its disk, each change one call of the
// system. A test can stand before each of them, to stop the machine there or to
// have it fail; nobody does otherwise.

var (
	// onChange is told of each change before it is made: what is done, and to
	// which file. Its error is the change's. It is called with locks held.
	onChange func(what change, name string) error

	// onTurn is called by goroutines of a transfer that wait for the same thing
	// as others, each time before they take it: st is the data stream that asks
	// for a chunk to send; nil stands for the chores of ctx's transfer. No lock is held.
	onTurn func(ctx context.Context, st transport.Stream)
)

// A change is a call of the system that changes what is on the disk.
type change uint8

const (
	changeCreate change = iota // or open what is there
	changeTruncate
	changeWrite
	changeMode
	changeTimes
	changeSync // a file, or the names in a directory
	changeRename
	changeRemove
	changeMkdir
	changeLink
	changeAllocate
	changeXattr
)

type nameHolder interface{ Name() string }

// before announces a change to the file at, or to name in the directory at.
func before(what change, at nameHolder, name string) error {
	if onChange == nil {
		return nil
	}
	full := at.Name()
	if name != "" {
		full += "/" + name
	}
	return onChange(what, full)
}

// takeTurn waits until it is the turn of whoever asks.
func takeTurn(ctx context.Context, st transport.Stream) {
	if onTurn != nil {
		onTurn(ctx, st)
	}
}

func openOrCreate(dir *os.Root, name string) (*os.File, error) {
	if err := before(changeCreate, dir, name); err != nil {
		return nil, err
	}
	return dir.OpenFile(name, os.O_RDWR|os.O_CREATE|openFlags, 0o600)
}

func truncate(f *os.File, size int64) error {
	if err := before(changeTruncate, f, ""); err != nil {
		return err
	}
	return f.Truncate(size)
}

func writeAt(f *os.File, b []byte, off int64) error {
	if err := before(changeWrite, f, ""); err != nil {
		return err
	}
	_, err := f.WriteAt(b, off)
	return err
}

// appendTo writes where f stands.
func appendTo(f *os.File, b []byte) error {
	if err := before(changeWrite, f, ""); err != nil {
		return err
	}
	_, err := f.Write(b)
	return err
}

func setMode(f *os.File, m fs.FileMode) error {
	if err := before(changeMode, f, ""); err != nil {
		return err
	}
	return f.Chmod(m)
}

// setTime sets the modification time of f, which is name in dir.
func setTime(dir *os.Root, name string, f *os.File, modified time.Time) error {
	if err := before(changeTimes, f, ""); err != nil {
		return err
	}
	return setFileTime(dir, name, f, modified)
}

func syncFile(f *os.File) error {
	if err := before(changeSync, f, ""); err != nil {
		return err
	}
	return f.Sync()
}

func renameIn(dir *os.Root, from, to string) error {
	if err := before(changeRename, dir, to); err != nil {
		return err
	}
	return dir.Rename(from, to)
}

func removeFrom(dir *os.Root, name string) error {
	if err := before(changeRemove, dir, name); err != nil {
		return err
	}
	return dir.Remove(name)
}

func mkdirIn(dir *os.Root, name string, m fs.FileMode) error {
	if err := before(changeMkdir, dir, name); err != nil {
		return err
	}
	return dir.Mkdir(name, m)
}

func symlinkIn(dir *os.Root, target, name string) error {
	if err := before(changeLink, dir, name); err != nil {
		return err
	}
	return dir.Symlink(target, name)
}
