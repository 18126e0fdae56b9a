package session

import (
	"errors"
	"os"
	"strings"

	"github.com/bargee/bargee/internal/wire"
)

// Extended attributes travel when they are asked for, of files and directories,
// and only those that users set: on Linux and FreeBSD the namespace "user", on
// macOS all but Apple's own. What the system keeps in others (access lists,
// capabilities, labels) means something else on another machine, or gives
// rights, and is never copied. A file that is there already keeps what it has.

// maxXattrs is how many bytes the attributes of an entry have at the most, names
// and values together. Most disks take no more than half of that.
const maxXattrs = 8 << 10

// xattrsOf reads the attributes of what was announced, or nil where there are none.
func xattrsOf(f *outFile) (*wire.Xattrs, error) {
	at := f.path
	if f.entry.Kind != Directory {
		at = f.path.Parent()
	}
	dir, err := f.dirs.hold(at)
	if err != nil {
		return nil, err
	}
	defer f.dirs.release(dir)
	file := dir.dot
	if f.entry.Kind != Directory {
		if file, err = openRegular(dir.root, f.path.Base()); err != nil {
			return nil, err
		}
		defer file.Close()
	}
	list, err := listXattrs(file)
	if errors.Is(err, errors.ErrUnsupported) {
		return &wire.Xattrs{}, nil // the disk has none
	}
	if err != nil {
		return nil, err
	}
	out := &wire.Xattrs{}
	size := 0
	for _, name := range list {
		value, err := readXattr(file, name)
		if err != nil {
			return nil, err
		}
		out.List = append(out.List, &wire.Xattr{Name: []byte(name), Value: value})
		if size += len(name) + len(value); size > maxXattrs || len(out.List) > 64 {
			return nil, newError(Limit, f.path, "it has more than 64 extended attributes or %d bytes of them, and no more are sent", maxXattrs)
		}
	}
	return out, nil
}

// checkXattrs returns the attributes that a peer announced.
func checkXattrs(x *wire.Xattrs) ([]*wire.Xattr, error) {
	size := 0
	for _, a := range x.GetList() {
		if len(a.GetName()) == 0 || strings.IndexByte(string(a.GetName()), 0) >= 0 {
			return nil, newError(Protocol, Path{}, "an extended attribute with a name that is none")
		}
		size += len(a.GetName()) + len(a.GetValue())
	}
	if size > maxXattrs {
		return nil, newError(Limit, Path{}, "%d bytes of extended attributes, at most %d", size, maxXattrs)
	}
	return x.GetList(), nil
}

// setXattrs gives a file or directory its attributes.
func setXattrs(file *os.File, list []*wire.Xattr) error {
	for _, a := range list {
		if err := before(changeXattr, file, ""); err != nil {
			return err
		}
		switch err := writeXattr(file, string(a.GetName()), a.GetValue()); {
		case errors.Is(err, errors.ErrUnsupported):
			return newError(Refused, Path{}, "the disk keeps no extended attributes")
		case err != nil:
			return &os.PathError{Op: "set attribute " + Display(string(a.GetName())) + " of", Path: file.Name(), Err: err}
		}
	}
	return nil
}

// xattrSize returns how many bytes the attributes take.
func xattrSize(list []*wire.Xattr) (n int) {
	for _, a := range list {
		n += 128 + len(a.GetName()) + len(a.GetValue())
	}
	return n
}

// xattrs returns the attributes that an announcement tells. A sender that was
// asked for them and tells of none does not know them.
func (r *receiver) xattrs(a *wire.Announce, k EntryKind) ([]*wire.Xattr, error) {
	if !r.options.KeepXattrs || k > Directory {
		return nil, nil
	}
	if a.Xattrs == nil {
		return nil, &Error{Kind: Refused, Side: Source, Err: errors.New("it tells no extended attributes; leave xattrs out")}
	}
	return checkXattrs(a.Xattrs)
}

// setDirXattrs gives a directory its attributes.
func (r *receiver) setDirXattrs(dest Path, list []*wire.Xattr) error {
	d, err := r.dirs.hold(dest)
	if err != nil {
		return err
	}
	defer r.dirs.release(d)
	return setXattrs(d.dot, list)
}
