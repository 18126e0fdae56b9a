package session

import (
	"context"
	"iter"
	"os"
	"path/filepath"
)

// A Host is the file system of this machine as a Tree, from "/" on; on Windows
// its root holds the volumes. It has the rights of whoever runs the program,
// and links to directories lead where they point, as in a shell: it is for the
// person in front of it, and must never be served to anybody else.
type Host struct{ disk }

var _ Tree = (*Host)(nil)

// NewHost returns this machine's file system.
func NewHost() *Host {
	h := &Host{}
	h.disk = disk{ground: h}
	return h
}

// PathOf returns the path of the file that the system calls name; a name that
// is not absolute is seen from the current directory.
func (h *Host) PathOf(name string) (Path, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return Path{}, about(Path{}, err)
	}
	p, err := ParsePath(hostRaw(abs))
	if err != nil {
		return Path{}, about(Path{}, err)
	}
	return p, nil
}

// Name returns what the system calls p, an absolute name. It is as raw as p:
// not to be shown.
func (h *Host) Name(p Path) string { return hostName(p) }

// Dir opens the directory p as a jail. The caller closes it.
func (h *Host) Dir(p Path) (*Dir, error) {
	root, err := h.open(p)
	if err != nil {
		return nil, about(p, err)
	}
	return newDir(root), nil
}

// open opens the directory p, or where it leads. The caller closes it.
func (h *Host) open(p Path) (*os.Root, error) {
	name := hostName(p)
	fi, err := os.Stat(name) // before it is opened: a FIFO would wait
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, newError(NotADirectory, p, "is %s, not a directory", nounOf(fi))
	}
	return os.OpenRoot(name)
}

func (h *Host) makeAll(p Path) error { return os.MkdirAll(hostName(p), 0o777) }

// Stat describes p itself: a link, not what it points to.
func (h *Host) Stat(ctx context.Context, p Path) (Entry, error) {
	if _, ok := volumes(); ok && p.Parent().IsRoot() {
		return Entry{Name: p.raw, Kind: Directory}, nil // the root or a volume: the system describes neither
	}
	return h.disk.Stat(ctx, p)
}

// List yields the entries of p in the disk's order; on Windows, of the root,
// the volumes.
func (h *Host) List(ctx context.Context, p Path) iter.Seq2[Entry, error] {
	if p.IsRoot() {
		if all, ok := volumes(); ok {
			return func(yield func(Entry, error) bool) {
				for _, name := range all {
					if !yield(Entry{Name: name, Kind: Directory}, nil) {
						return
					}
				}
			}
		}
	}
	return h.disk.List(ctx, p)
}

// Open opens a regular file for reading, or the one that a link leads to.
func (h *Host) Open(ctx context.Context, p Path) (File, error) {
	return h.disk.Open(ctx, h.behind(p))
}

// Hash returns the digest of a file, or of the one that a link leads to.
func (h *Host) Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error) {
	return h.disk.Hash(ctx, h.behind(p), a)
}

// behind returns where the link p leads, and p where it leads nowhere or is none.
func (h *Host) behind(p Path) Path {
	name, err := filepath.EvalSymlinks(hostName(p))
	if err != nil {
		return p
	}
	if q, err := h.PathOf(name); err == nil {
		return q
	}
	return p
}
