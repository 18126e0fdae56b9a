package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
)

// A Directory is a Bucket of files. One process has it at a time.
//
//	DIR/bargee-store   the lock, and the sign that the directory is one of these
//	DIR/objects/KEY    an object
//	DIR/begun/N        what is being put, or is on its way out; gone at the next Open
//
// An object is written under a name of its own, synced, renamed, and then the
// directory that has got it is synced. The lock makes a look and a rename one step:
// there is nobody else.
type Directory struct {
	root  *os.Root
	lock  *os.File
	begun atomic.Uint64
	names [64]sync.Mutex // of keys, by hash: a look and a rename
	steps func(step)     // of tests: called between the steps of a Put

	mu    sync.Mutex
	syncs map[string]*dirSync // of directories that are being synced
}

// A step of a Put is what has just been done.
type step int

const (
	stepWritten step = iota // all bytes are in the file
	stepSynced              // and on disk
	stepNamed               // the file has its name
	stepKept                // and the directory knows it after a loss of power
)

const (
	signName   = "bargee-store"
	objectsDir = "objects"
	begunDir   = "begun"
)

// OpenDirectory opens the store in a directory, which is made if it does not exist,
// and removes what was begun there and not finished. ErrInUse: another process has it.
func OpenDirectory(dir string) (*Directory, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &Directory{root: root, syncs: map[string]*dirSync{}, steps: func(step) {}}
	if err := d.open(); err != nil {
		d.Close()
		return nil, fmt.Errorf("the store %s: %w", dir, err)
	}
	return d, nil
}

func (d *Directory) open() (err error) {
	if d.lock, err = d.root.OpenFile(signName, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := lockFile(d.lock); err != nil {
		return err
	}
	if err := d.root.RemoveAll(begunDir); err != nil {
		return err
	}
	for _, name := range []string{begunDir, objectsDir} {
		if err := d.root.MkdirAll(name, 0o700); err != nil {
			return err
		}
	}
	return syncDir(d.root, ".")
}

// Close gives the directory to the next process.
func (d *Directory) Close() error {
	if d.lock != nil {
		d.lock.Close()
	}
	return d.root.Close()
}

// Shared is false: the lock keeps others out.
func (d *Directory) Shared() bool { return false }

// Free returns how much the disk has free for who may not use its reserve.
func (d *Directory) Free(context.Context) (int64, bool) {
	free, err := freeOf(d.root)
	return free, err == nil
}

// Put writes an object.
func (d *Directory) Put(ctx context.Context, key string, size int64, r io.Reader, c Condition) (Object, error) {
	if err := checkKey(key); err != nil {
		return Object{}, err
	}
	if c.IfAbsent { // before the body is read; and once more with the name held
		if _, err := d.root.Lstat(path.Join(objectsDir, key)); err == nil {
			return Object{}, fmt.Errorf("%s: %w", key, d.exists(key))
		}
	}
	temporary := d.nextBegun()
	if err := d.write(ctx, temporary, size, r); err != nil {
		d.root.Remove(temporary)
		return Object{}, fmt.Errorf("%s: %w", key, full(err))
	}
	if err := d.name(ctx, temporary, key, c); err != nil {
		d.root.Remove(temporary)
		return Object{}, fmt.Errorf("%s: %w", key, full(err))
	}
	return d.Stat(ctx, key)
}

func (d *Directory) nextBegun() string {
	return path.Join(begunDir, strconv.FormatUint(d.begun.Add(1), 10))
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// write makes a file of the body, and has it on disk.
func (d *Directory) write(ctx context.Context, name string, size int64, r io.Reader) error {
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	buffer := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buffer)
	body := &exact{r: r, left: size}
	for {
		n, err := fill(body, *buffer)
		if _, err := f.Write((*buffer)[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			break
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	d.steps(stepWritten)
	if err := f.Sync(); err != nil {
		return err
	}
	d.steps(stepSynced)
	return f.Close()
}

// fill reads until b is full, or to an error: what comes over a network comes in small
// pieces.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}

// name gives a file its key, if the condition holds, and syncs what names it.
func (d *Directory) name(ctx context.Context, temporary, key string, c Condition) error {
	file := path.Join(objectsDir, key)
	mu := d.nameOf(key)
	mu.Lock()
	err := d.holds(ctx, key, c)
	if err == nil {
		err = d.rename(temporary, file)
	}
	mu.Unlock()
	if errors.Is(err, ErrExists) {
		return d.exists(key)
	}
	if err != nil {
		return err
	}
	d.steps(stepNamed)
	if err := d.syncDir(path.Dir(file)); err != nil {
		return err
	}
	d.steps(stepKept)
	return nil
}

// exists returns ErrExists once that is so after a loss of power, too: who put the
// object may not have come so far yet, and who hears ErrExists relies on it.
func (d *Directory) exists(key string) error {
	if err := d.syncDir(path.Join(objectsDir, path.Dir(key))); err != nil {
		return err
	}
	return ErrExists
}

func (d *Directory) nameOf(key string) *sync.Mutex {
	sum := sha256.Sum256([]byte(key))
	return &d.names[sum[0]%byte(len(d.names))]
}

// holds says what a condition lacks; the key is held.
func (d *Directory) holds(ctx context.Context, key string, c Condition) error {
	if !c.IfAbsent && c.IfMatch == "" {
		return nil
	}
	o, err := d.Stat(ctx, key)
	switch {
	case c.IfAbsent && err == nil:
		return ErrExists
	case c.IfAbsent && errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && o.ETag != c.IfMatch, errors.Is(err, fs.ErrNotExist):
		return ErrChanged
	}
	return err
}

// rename moves a file to its name. The directory it belongs to may have to be made,
// and may go while it is empty: another object of it was deleted.
func (d *Directory) rename(from, to string) error {
	for range 100 {
		err := d.root.Rename(from, to)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := d.makeDir(path.Dir(to)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("%s is taken away again and again", path.Dir(to))
}

// makeDir makes a directory and has it on disk.
func (d *Directory) makeDir(name string) error {
	err := d.root.Mkdir(name, 0o700)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist) && name != objectsDir:
		if err := d.makeDir(path.Dir(name)); err != nil {
			return err
		}
		return d.makeDir(name)
	case err != nil:
		return err
	}
	return d.syncDir(path.Dir(name))
}

// Open opens the file of an object.
func (d *Directory) Open(ctx context.Context, key string) (io.ReadSeekCloser, Object, error) {
	if err := checkKey(key); err != nil {
		return nil, Object{}, err
	}
	f, err := d.root.Open(path.Join(objectsDir, key))
	if err != nil {
		return nil, Object{}, fmt.Errorf("%s: %w", key, err)
	}
	o, err := objectOf(f, key)
	if err != nil {
		f.Close()
		return nil, Object{}, err
	}
	return f, o, nil
}

// Stat looks at an object.
func (d *Directory) Stat(ctx context.Context, key string) (Object, error) {
	f, o, err := d.Open(ctx, key)
	if err == nil {
		f.Close()
	}
	return o, err
}

// smallObject is up to where an ETag is of the content: what is replaced under a
// condition is small, and its content is all that must not change unnoticed.
const smallObject = 64 << 10

// objectOf describes an open file, and leaves it where it was.
func objectOf(f *os.File, key string) (Object, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", key, err)
	}
	o := Object{Key: key, Size: info.Size(), Modified: info.ModTime()}
	if o.Size > smallObject {
		o.ETag = fmt.Sprintf("%x-%x", o.Size, o.Modified.UnixNano())
		return o, nil
	}
	content := make([]byte, o.Size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, o.Size), content); err != nil {
		return o, fmt.Errorf("%s: %w", key, err)
	}
	sum := sha256.Sum256(content)
	o.ETag = hex.EncodeToString(sum[:16])
	return o, nil
}
