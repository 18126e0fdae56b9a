//go:build linux

package session

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// simFile is a file, link or directory of a tree, by value.
type simFile struct {
	mode     fs.FileMode
	modified time.Time
	data     []byte // of a link its target
	inode    uint64
}

func (f simFile) same(g simFile) bool {
	return f.mode.Type() == g.mode.Type() && bytes.Equal(f.data, g.data)
}

// readTree returns all that lies below dir, by path.
func readTree(dir string) map[string]simFile {
	out := map[string]simFile{}
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return nil
		}
		if f, err := readSimFile(name); err == nil {
			out[name[len(dir)+1:]] = f
		}
		return nil
	})
	return out
}

func readSimFile(name string) (simFile, error) {
	fi, err := os.Lstat(name)
	if err != nil {
		return simFile{}, err
	}
	f := simFile{mode: fi.Mode(), modified: fi.ModTime(), inode: fi.Sys().(*syscall.Stat_t).Ino}
	switch {
	case fi.Mode().IsRegular():
		f.data, err = os.ReadFile(name)
	case fi.Mode()&fs.ModeSymlink != 0:
		var target string
		target, err = os.Readlink(name)
		f.data = []byte(target)
	}
	return f, err
}

// writeTree makes dir with all of tree in it.
func writeTree(dir string, tree map[string]simFile) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	names := sortedKeys(tree)
	var errs error
	first := map[uint64]string{} // name of each file
	for _, name := range names { // parents come before what is in them
		f := tree[name]
		if at, ok := first[f.inode]; ok && f.inode != 0 && f.mode.IsRegular() {
			errs = errors.Join(errs, os.Link(filepath.Join(dir, at), filepath.Join(dir, name)))
			continue
		}
		first[f.inode] = name
		errs = errors.Join(errs, writeSimFile(filepath.Join(dir, name), tree[name]))
	}
	for i := len(names) - 1; i >= 0; i-- {
		f := tree[names[i]]
		if f.mode.IsDir() {
			errs = errors.Join(errs, os.Chmod(filepath.Join(dir, names[i]), f.mode.Perm()))
		}
		errs = errors.Join(errs, setSimTime(filepath.Join(dir, names[i]), f.modified))
	}
	return errs
}

func writeSimFile(name string, f simFile) error {
	switch f.mode.Type() {
	case fs.ModeDir:
		return os.Mkdir(name, 0o755)
	case fs.ModeSymlink:
		return os.Symlink(string(f.data), name)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	for off := 0; off < len(f.data) && err == nil; off += simPage {
		if page := f.data[off:min(off+simPage, len(f.data))]; !isHole(page) { // a page of nothing is a hole
			_, err = file.WriteAt(page, int64(off))
		}
	}
	return errors.Join(err, file.Truncate(int64(len(f.data))), file.Chmod(f.mode.Perm()))
}

func setSimTime(name string, t time.Time) error {
	ts := unix.NsecToTimespec(t.UnixNano())
	return unix.UtimesNanoAt(unix.AT_FDCWD, name, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW)
}

// A simDisk knows what a power cut leaves of a directory. Files keep what was
// synced of them and any part of the rest, page by page. Names are kept as
// file systems with a journal keep them: those up to some moment, which is not
// before the last sync of anything.
type simDisk struct {
	root   string
	synced map[uint64][]byte    // by inode: what is sure to be there
	coming []string             // names of files that were synced before they got them
	past   []map[string]simFile // the trees since the last sync, before each change of a name
}

func newSimDisk(root string) *simDisk {
	d := &simDisk{root: root, synced: map[uint64][]byte{}}
	for _, f := range readTree(root) {
		d.synced[f.inode] = f.data
	}
	return d
}

// before is told of each change before it is made.
func (d *simDisk) before(what change, name string) {
	d.arrive()
	switch what {
	case changeSync:
		if f, err := readSimFile(name); err != nil {
			d.coming = append(d.coming, name)
		} else if f.mode.IsRegular() {
			d.synced[f.inode] = f.data
		}
		d.past = nil
	case changeCreate:
		if _, err := os.Lstat(name); err == nil {
			return
		}
		fallthrough
	case changeRename, changeRemove, changeMkdir, changeLink:
		d.past = append(d.past, readTree(d.root))
	}
}

// arrive looks for files that were synced without a name and may have one now.
func (d *simDisk) arrive() {
	d.coming = slices.DeleteFunc(d.coming, func(name string) bool {
		f, err := readSimFile(name)
		if err == nil {
			d.synced[f.inode] = f.data
		}
		return err == nil
	})
}

const simPage = 4096

// cut returns what a power cut leaves now.
func (d *simDisk) cut(pick func(int) int) map[string]simFile {
	d.arrive()
	now := readTree(d.root)
	tree := now
	if n := pick(len(d.past) + 1); n < len(d.past) {
		tree = d.past[n]
	}
	latest := map[uint64][]byte{}
	for _, f := range now {
		latest[f.inode] = f.data
	}
	for name, f := range tree {
		if !f.mode.IsRegular() {
			continue
		}
		data := f.data
		if l, ok := latest[f.inode]; ok {
			data = l
		}
		f.data = torn(d.synced[f.inode], data, pick)
		tree[name] = f
	}
	return tree
}

// torn mixes what a file surely holds with what was written since.
func torn(synced, now []byte, pick func(int) int) []byte {
	if bytes.Equal(synced, now) {
		return now
	}
	out := make([]byte, min(len(synced), len(now))+pick(max(len(now)-len(synced), 0)+1))
	copy(out, synced)
	mood := pick(3) // all of it, nothing, or some pages
	for off := 0; off < len(out); off += simPage {
		end := min(off+simPage, len(out))
		if mood == 0 || mood == 2 && pick(2) == 0 {
			copy(out[off:end], now[off:end])
		}
	}
	return out
}

// damage spoils some bytes of private files below dir, as bad memory or a
// careless program does, and returns whether it found one.
func damage(dir string, pick func(int) int) (found bool) {
	tree := readTree(dir)
	for _, name := range sortedKeys(tree) {
		f := tree[name]
		if !isPrivate(filepath.Base(name)) || !f.mode.IsRegular() || len(f.data) == 0 || pick(2) == 0 {
			continue
		}
		found = true
		switch at := pick(len(f.data)); pick(3) {
		case 0:
			f.data[at] ^= 1 << pick(8)
		case 1:
			f.data = f.data[:at]
		default:
			if strings.HasSuffix(name, journalSuffix) {
				f.data = append(f.data, f.data[at:]...)
			} else {
				clear(f.data[at:])
			}
		}
		os.WriteFile(filepath.Join(dir, name), f.data, 0o600)
	}
	return found
}
