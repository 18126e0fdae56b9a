package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui"
)

// maxBookmarkFile bounds what is read of the file: a thousand bookmarks with the
// longest names people type are a fraction of it.
const maxBookmarkFile = 4 << 20

// A bookmarkFile keeps the bookmarks of the screen as JSON that people can read
// and edit. Nothing is kept in memory, since several screens may be open; of two
// that change the file in the same moment, the later one wins.
type bookmarkFile struct {
	name string
	mu   sync.Mutex
}

// A writtenBookmark is a bookmark as it stands in the file.
type writtenBookmark struct {
	Name  string `json:"name"`
	Place string `json:"place,omitempty"` // a known peer or an address; none: this machine
	Path  string `json:"path"`            // as it is shown, with escapes for what cannot be
}

var _ tui.Bookmarks = (*bookmarkFile)(nil)

func (f *bookmarkFile) List() ([]tui.Bookmark, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.load()
}

func (f *bookmarkFile) load() ([]tui.Bookmark, error) {
	fi, err := os.Stat(f.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && !fi.Mode().IsRegular():
		err = errors.New("not a regular file")
	case err == nil && fi.Size() > maxBookmarkFile:
		err = fmt.Errorf("larger than %d MiB", maxBookmarkFile>>20)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(f.name)
	}
	var file struct{ Bookmarks []writtenBookmark }
	if err == nil {
		err = json.Unmarshal(b, &file)
	}
	var out []tui.Bookmark
	for i, w := range file.Bookmarks {
		dir, perr := session.ParsePath(session.Undisplay(w.Path))
		if perr != nil && err == nil {
			err = fmt.Errorf("entry %d: %w", i+1, perr)
		}
		out = append(out, tui.Bookmark{Name: w.Name, Place: w.Place, Dir: dir})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: mend it, or move the file away", session.Display(f.name), err)
	}
	return out, nil
}

// Change replaces the file at once: a crash leaves the old list or the new one.
func (f *bookmarkFile) Change(change func([]tui.Bookmark) []tui.Bookmark) ([]tui.Bookmark, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, err := f.load() // one that cannot be read is not written over
	if err != nil {
		return nil, err
	}
	list = change(list)
	var file struct {
		Bookmarks []writtenBookmark `json:"bookmarks"`
	}
	file.Bookmarks = make([]writtenBookmark, len(list))
	for i, b := range list {
		file.Bookmarks[i] = writtenBookmark{b.Name, b.Place, b.Dir.String()}
	}
	b, err := json.MarshalIndent(file, "", "  ")
	if err == nil {
		err = replaceFile(f.name, append(b, '\n'))
	}
	if err != nil {
		return nil, fmt.Errorf("keep the bookmarks: %w", err)
	}
	return list, nil
}

// replaceFile writes a file for us alone, and gives it its name when all of it
// is on the disk.
func replaceFile(name string, content []byte) error {
	return writeBeside(name, content, os.Rename)
}

// firstFile writes a file that is not there yet, whole, as replaceFile does. Of
// several that try at the same time one does; the others' errors match fs.ErrExist.
func firstFile(name string, content []byte) error {
	return writeBeside(name, content, func(part, name string) error {
		err := os.Link(part, name)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return errors.Join(err, os.Remove(part))
		}
		return os.Rename(part, name) // a disk that knows no links
	})
}

// writeBeside writes a new file and has place give it its name.
func writeBeside(name string, content []byte, place func(part, name string) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-") // 0600, new
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = place(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
