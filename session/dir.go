package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// A Dir is a directory of this machine as a jail: nothing outside of it can be
// reached through it, whatever names, links or races a peer comes up with. It
// is what a server serves, and what transfers read from and write to.
//
// Links are listed and can be renamed and removed, but never followed, not
// even where they point back inside.
type Dir struct {
	disk
	root *os.Root
	host *Host // of Machine, which has no root: directories are reached by it
}

var _ Tree = (*Dir)(nil)

// OpenDir opens the directory name. The caller closes it.
func OpenDir(name string) (*Dir, error) {
	// A FIFO would hold OpenRoot up until somebody writes to it.
	if fi, err := os.Stat(name); err != nil {
		return nil, about(Path{}, err)
	} else if !fi.IsDir() {
		return nil, newError(NotADirectory, Path{}, "%s is %s, not a directory", Display(name), nounOf(fi))
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, about(Path{}, err)
	}
	return newDir(root), nil
}

// OpenDirIn is OpenDir of name, relative to the directory jail: no link leads out of
// it, also none that took the place of a directory a moment ago.
func OpenDirIn(jail, name string) (*Dir, error) {
	in, err := os.OpenRoot(jail)
	if err != nil {
		return nil, about(Path{}, err)
	}
	defer in.Close()
	root, err := in.OpenRoot(name + "/.") // nothing but a directory
	if err != nil {
		return nil, about(Path{}, err)
	}
	return newDir(root), nil
}

func newDir(root *os.Root) *Dir {
	d := &Dir{root: root}
	d.disk = disk{ground: d, jail: true}
	return d
}

// Machine is all of this machine's file system, to be served to nobody but who
// logged in as the user that the program runs as, by ssh for instance: links to
// directories lead where they point, as in that user's shell.
func Machine() *Dir {
	d := &Dir{host: NewHost()}
	d.disk = disk{ground: d, jail: true}
	return d
}

// Close releases the directory.
func (d *Dir) Close() error {
	if d.host != nil {
		return nil
	}
	return d.root.Close()
}

// open opens the directory p. The caller closes it.
func (d *Dir) open(p Path) (*os.Root, error) {
	if d.host != nil {
		return d.openAnywhere(p)
	}
	return d.walk(p, enter)
}

func (d *Dir) openAnywhere(p Path) (*os.Root, error) {
	if err := d.vetAll(p); err != nil {
		return nil, err
	}
	root, err := d.host.open(p)
	if err != nil {
		return nil, about(p, err)
	}
	return root, nil
}

func (d *Dir) vetAll(p Path) error {
	for at, name := range p.steps() {
		if err := d.vet(name); err != nil {
			return about(at, err)
		}
	}
	return nil
}

// makeAll makes the directory p, and those above it, where they are missing.
func (d *Dir) makeAll(p Path) error {
	if d.host != nil {
		if err := d.vetAll(p); err != nil {
			return err
		}
		return d.host.makeAll(p)
	}
	dir, err := d.walk(p, func(dir *os.Root, name string) (*os.Root, error) {
		sub, err := enter(dir, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return sub, err
		}
		if err := dir.Mkdir(name, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		return enter(dir, name)
	})
	if err != nil {
		return err
	}
	return dir.Close()
}

// walk goes from the root to p, one directory at a time, by step. So each
// directory is looked at before it is entered: os.Root alone would follow
// links that stay inside.
func (d *Dir) walk(p Path, step func(dir *os.Root, name string) (*os.Root, error)) (*os.Root, error) {
	dir, err := d.top()
	if err != nil || p.IsRoot() {
		return dir, err
	}
	for at, name := range p.steps() {
		if err := d.vet(name); err != nil {
			dir.Close()
			return nil, about(at, err)
		}
		next, err := step(dir, name)
		dir.Close()
		if err != nil {
			return nil, about(at, err)
		}
		dir = next
	}
	return dir, nil
}

// top opens the root itself once more, and says so if it was deleted: the
// system goes on calling it an empty directory.
func (d *Dir) top() (*os.Root, error) {
	dir, err := d.root.OpenRoot(".")
	if err != nil {
		return nil, about(Path{}, err)
	}
	if fi, err := dir.Lstat("."); err != nil || wasRemoved(fi) {
		dir.Close()
		return nil, newError(NotFound, Path{}, "the directory itself is gone")
	}
	return dir, nil
}

// enter opens the directory name in dir. A link is refused wherever it points,
// also one that took the directory's place after it was looked at. The "/."
// has the system open nothing but a directory, so that a FIFO put there cannot
// hold us up.
func enter(dir *os.Root, name string) (*os.Root, error) {
	seen, err := dir.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, newError(NotADirectory, Path{}, "is %s, not a directory", nounOf(seen))
	}
	sub, err := dir.OpenRoot(name + "/.")
	if err != nil {
		return nil, orReplaced(err)
	}
	if is, err := sub.Lstat("."); err != nil || !os.SameFile(seen, is) {
		sub.Close()
		return nil, errReplaced
	}
	return sub, nil
}

// errReplaced: a name led elsewhere when it was opened than just before.
var errReplaced = newError(Changed, Path{}, "was replaced while it was opened")

// orReplaced returns the error of an open that followed a look. What is no
// error of the system is os.Root's own, that a link leads out: no link was
// there when it was looked at.
func orReplaced(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return err
	}
	return errReplaced
}

// nounOf says in a word what fi is, with its article.
func nounOf(fi os.FileInfo) string {
	switch m := fi.Mode(); {
	case m.IsRegular():
		return "a regular file"
	case m.IsDir():
		return "a directory"
	case m&os.ModeSymlink != 0:
		return "a link"
	case m&os.ModeNamedPipe != 0:
		return "a FIFO"
	case m&os.ModeSocket != 0:
		return "a socket"
	case m&os.ModeDevice != 0:
		return "a device"
	}
	return "something special"
}

// The names of partials and journals: what the receiver keeps beside a file
// that is not complete. Peers neither see nor touch them.
const (
	privatePrefix = ".bargee-"
	partialSuffix = ".part"
	journalSuffix = ".journal"
)

// isPrivate tells whether name is that of a partial or a journal, also on disks
// that do not tell upper from lower case.
func isPrivate(name string) bool {
	if len(name) < len(privatePrefix) || !strings.EqualFold(name[:len(privatePrefix)], privatePrefix) {
		return false
	}
	name = strings.ToLower(name)
	return strings.HasSuffix(name, partialSuffix) || strings.HasSuffix(name, journalSuffix)
}

// vet refuses a name that a peer may not use, or that this system would take
// for another one.
func (d *disk) vet(name string) error {
	if !d.jail {
		return nil
	}
	if isPrivate(name) {
		return newError(BadName, Path{}, "the name is reserved for partials")
	}
	if why := unfit(name); why != "" {
		return fmt.Errorf("%s: %w", why, ErrPath)
	}
	return nil
}
