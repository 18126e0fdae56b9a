package session

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"time"
)

// A Tree is a directory tree, on this machine or at a peer, as the panes and
// the commands see it. All methods may be called from several goroutines, take
// a Path of the tree, end soon after ctx does, and fail with an *Error.
type Tree interface {
	// List yields the entries of dir in the disk's order, without "." and "..",
	// as they become known; an error is the last thing it yields.
	List(ctx context.Context, dir Path) iter.Seq2[Entry, error]

	// Stat describes p itself: a link, not what it points to.
	Stat(ctx context.Context, p Path) (Entry, error)

	// Open opens a regular file for reading.
	Open(ctx context.Context, p Path) (File, error)

	// Mkdir makes a directory; with parents also those above it, and then one
	// that is there already is no error.
	Mkdir(ctx context.Context, p Path, parents bool) error

	// Rename moves from to to, and never replaces what is there (Exists).
	Rename(ctx context.Context, from, to Path) error

	// Remove removes a file, a link or an empty directory; with recursive a
	// directory and all in it. The root cannot be removed (Refused).
	Remove(ctx context.Context, p Path, recursive bool) error

	// Touch sets the modification time of p, or makes an empty file; with
	// mustBeNew an existing one is Exists.
	Touch(ctx context.Context, p Path, modified time.Time, mustBeNew bool) error

	// Hash returns the digest of a file, computed where the file is.
	Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error)

	// Space returns the free and the total bytes of the disk under the root.
	Space(ctx context.Context) (free, total uint64, err error)
}

// A File is a regular file opened for reading. ReadAt may be called from
// several goroutines; Read, Seek and Close from one.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	Stat() (Entry, error)
}

// EntryKind says what lies under a name.
type EntryKind uint8

// The kinds of entries.
const (
	RegularFile EntryKind = iota
	Directory
	Link
	Other // FIFO, socket, device: listed, never opened
)

// String returns the word of JSON: file, dir, link or other.
func (k EntryKind) String() string {
	return [...]string{"file", "dir", "link", "other"}[min(k, Other)]
}

// An Entry is a name in a directory and what lies under it.
type Entry struct {
	Name     string // raw bytes, never to be shown but through Display; "" for the root
	Kind     EntryKind
	Size     int64       // bytes; of a file only
	Mode     fs.FileMode // permission bits
	Modified time.Time
	Target   string // of a link, raw bytes
}

// An Algorithm is a way to digest a file.
type Algorithm string

// The algorithms. BLAKE3 is what transfers use and equals b3sum's digest.
const (
	BLAKE3 Algorithm = "blake3"
	SHA256 Algorithm = "sha256"
)
