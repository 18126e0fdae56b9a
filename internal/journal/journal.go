package journal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bargee/bargee/internal/filelock"
)

// A File is such a file, and the one before it, PATH-1.
type File struct {
	Path string
	Most int64 // bytes, of each of the two

	// Fold, if not nil, is given the lines that are about to be lost, the oldest
	// first. It may be given some again, if a process ended in between.
	Fold func(lines [][]byte) error
}

// Append adds lines, which have no newline in them. They outlast the process.
func (f *File) Append(lines ...[]byte) error {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return err
	}
	l, err := Lock(f.Path+".lock", true)
	if err != nil {
		return err
	}
	defer l.Close()
	text := append(bytes.Join(lines, []byte("\n")), '\n')
	out, err := os.OpenFile(f.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	fi, err := out.Stat()
	if err == nil && fi.Size() > 0 && fi.Size()+int64(len(text)) > f.Most {
		out.Close()
		if err := f.turn(); err != nil {
			return err
		}
		out, err = os.OpenFile(f.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
	} else if err == nil && !endsWhole(out, fi.Size()) {
		text = append([]byte("\n"), text...)
	}
	if err == nil {
		_, err = out.Write(text)
	}
	return errors.Join(err, out.Close())
}

// endsWhole tells whether the last line has its end.
func endsWhole(f *os.File, size int64) bool {
	var last [1]byte
	if size == 0 {
		return true
	}
	_, err := f.ReadAt(last[:], size-1)
	return err != nil || last[0] == '\n'
}

// before is the file that was full.
func (f *File) before() string { return f.Path + "-1" }

// turn makes room; the lock is held.
func (f *File) turn() error {
	if f.Fold != nil {
		lines, err := readLines(f.before())
		if err == nil && len(lines) > 0 {
			err = f.Fold(lines)
		}
		if err != nil {
			return err
		}
	}
	return os.Rename(f.Path, f.before())
}

// Lines returns all lines that there are, the oldest first.
func (f *File) Lines() ([][]byte, error) {
	l, err := Lock(f.Path+".lock", true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // not even the directory
	}
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return f.lines()
}

func (f *File) lines() ([][]byte, error) {
	old, err := readLines(f.before())
	if err != nil {
		return nil, err
	}
	lines, err := readLines(f.Path)
	return append(old, lines...), err
}

// Drain gives all lines to take, and removes them if it returns no error.
func (f *File) Drain(take func(lines [][]byte) error) error {
	if _, err := os.Lstat(f.Path); errors.Is(err, fs.ErrNotExist) {
		return nil // the usual case costs no lock
	}
	l, err := Lock(f.Path+".lock", true)
	if err != nil {
		return err
	}
	defer l.Close()
	lines, err := f.lines()
	if err != nil || len(lines) == 0 {
		return err
	}
	if err := take(lines); err != nil {
		return err
	}
	for _, name := range []string{f.before(), f.Path} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func readLines(name string) (lines [][]byte, err error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range bytes.Lines(b) {
		if line = bytes.TrimRight(line, "\n"); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines, err
}

// Lock takes the lock that a file stands for, which is made if it is not there: it
// waits for it, or fails with filelock.ErrHeld. Closing the file gives it back.
func Lock(path string, wait bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	take := filelock.TryLock
	if wait {
		take = filelock.Lock
	}
	if err := take(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
