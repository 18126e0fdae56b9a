package transport

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/bargee/bargee/internal/filelock"
)

// maxStateFile bounds what is read of any file in the state directory.
const maxStateFile = 4 << 20

// readState returns the content of a file that belongs to us alone: a regular
// file, of a sane size, closed to other users.
func readState(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNonblock, 0) // a FIFO must not hang us
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if err := checkPrivate(path, info); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxStateFile+1))
	if err == nil && len(b) > maxStateFile {
		err = fmt.Errorf("%s is larger than %d MiB", path, maxStateFile>>20)
	}
	return b, err
}

// writeState replaces the content of path at once: whoever reads it sees the
// old content or the new, also after a crash.
func writeState(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // 0600, O_EXCL
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// withLock runs f while no other process, and no other goroutine, is in
// withLock for the same directory.
func withLock(dir string, f func() error) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	l, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE|openNonblock, 0o600)
	if err != nil {
		return err
	}
	defer l.Close() // which also unlocks
	if err := filelock.Lock(l); err != nil {
		return fmt.Errorf("lock %s: %w", l.Name(), err)
	}
	return f()
}

// A list is a file that keeps records as JSON, for people to read too. Nothing
// is kept in memory: other processes change the file.
type list[T any] struct {
	mu   sync.Mutex
	path string
	name string            // of the list, in the file
	ok   func(T) error     // checks a record that was read
	same func(a, b T) bool // two records that may not stand side by side
}

// load returns all records; a file that is not there has none.
func (l *list[T]) load() ([]T, error) {
	b, err := readState(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var file map[string][]T
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, l.corrupt(b, err)
	}
	records := file[l.name]
	for i, r := range records {
		if err := l.ok(r); err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w: mend it, or move the file away", l.path, i+1, err)
		}
		for j := range i {
			if l.same(records[j], r) {
				return nil, fmt.Errorf("%s: entries %d and %d are about the same: mend it, or move the file away", l.path, j+1, i+1)
			}
		}
	}
	return records, nil
}

func (l *list[T]) corrupt(b []byte, err error) error {
	offset := len(b)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = int(syntax.Offset)
	case errors.As(err, &kind):
		offset = int(kind.Offset)
	}
	line := 1
	for _, c := range b[:min(offset, len(b))] {
		if c == '\n' {
			line++
		}
	}
	return fmt.Errorf("%s:%d: %w: mend it, or move the file away", l.path, line, err)
}

// update replaces the records by what change makes of them.
func (l *list[T]) update(change func([]T) ([]T, error)) error {
	l.mu.Lock() // flock on some systems lets one process in twice
	defer l.mu.Unlock()
	return withLock(filepath.Dir(l.path), func() error {
		records, err := l.load()
		if err != nil {
			return err
		}
		if records, err = change(records); err != nil {
			return err
		}
		b, err := json.MarshalIndent(map[string][]T{l.name: records}, "", "  ")
		if err != nil {
			return err
		}
		return writeState(l.path, append(b, '\n'))
	})
}
