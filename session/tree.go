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

	// Names is List without a look at each entry: it yields names and kinds as
	// the directory itself tells them, a million in a second. Size is -1 where
	// the rest is not known, to be asked for by StatAll; a peer of an older
	// version lists instead, and its entries are whole.
	Names(ctx context.Context, dir Path) iter.Seq2[Entry, error]

	// Stat describes p itself: a link, not what it points to.
	Stat(ctx context.Context, p Path) (Entry, error)

	// StatAll describes up to MaxStatNames names of one directory, in the order
	// in which they were asked for. One that is not there is Gone.
	StatAll(ctx context.Context, dir Path, names []string) ([]Entry, error)

	// Watch yields what changes in dir, not below it, until ctx ends: first an
	// empty Change, from which on nothing is missed, then what came together, at
	// most WatchRate times a second. An error is the last thing it yields:
	// NotFound when dir was removed or has another name now, Changed when
	// another directory has its place, Refused where nothing more can be watched.
	Watch(ctx context.Context, dir Path) iter.Seq2[Change, error]

	// Measure counts what is in the directory p and below, without following
	// links; it yields what it has so far up to MeasureRate times a second, and
	// at the end the whole, which is Done. A file counts 1.
	Measure(ctx context.Context, p Path) iter.Seq2[Measured, error]

	// Find yields what is in dir and below and fits q, without following links.
	// A Found without a path is no hit: it tells how far the search is. After
	// MaxFound hits it ends with Limit.
	Find(ctx context.Context, dir Path, q Query) iter.Seq2[Found, error]

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

	// Chmod sets the permission bits of p, the other bits of mode are of no
	// account. A link has none of its own (NotAFile), and what it points to is
	// left alone.
	Chmod(ctx context.Context, p Path, mode fs.FileMode) error

	// Symlink makes the link p, which must be new (Exists). Its target is kept
	// verbatim and looked at by nobody: it may lead anywhere or nowhere.
	Symlink(ctx context.Context, target string, p Path) error

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
	Gone  // StatAll: nothing has the name
)

// String returns the word of JSON: file, dir, link or other; or gone.
func (k EntryKind) String() string {
	return [...]string{"file", "dir", "link", "other", "gone"}[min(k, Gone)]
}

// An Entry is a name in a directory and what lies under it.
type Entry struct {
	Name     string // raw bytes, never to be shown but through Display; "" for the root
	Kind     EntryKind
	Size     int64       // bytes; of a file only. -1: nothing below is known, see Names
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

// Limits of what a Tree is asked for at once, and tells.
const (
	MaxStatNames = 1024   // names of one StatAll
	MaxFound     = 10_000 // hits of one Find
	MaxTarget    = 4096   // bytes of a link's target
	MaxPattern   = 1024   // bytes of a Query's pattern
	WatchRate    = 4      // Changes a second
	MeasureRate  = 4      // Measured a second, and Found without a path
)

// A Change says which names of a directory came, went or changed. The names
// are not told how: StatAll knows. Again: there were more than could be kept,
// and the directory has to be read again.
type Change struct {
	Names []string
	Again bool
}

// A Measured is what was counted so far.
type Measured struct {
	Files  int64 // all that is no directory
	Dirs   int64 // below, without the one that is measured
	Bytes  int64 // of regular files; one with several names counts once
	Failed int64 // directories that could not be read
	Done   bool  // this is all
}

// A Query says what to look for: names that contain Pattern, upper and lower
// case alike; or with Glob, a pattern with *, ?, [a-z], {a,b} and **, which is
// held against names, and if it has a slash, against paths below the directory.
type Query struct {
	Pattern string
	Glob    bool
}

// A Found is something that fits a Query, or says how far the search is.
type Found struct {
	Path     Path // in the tree; the root: this is no hit
	Entry    Entry
	Searched int64 // names that were held against the query so far
}
