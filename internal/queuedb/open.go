package queuedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/bargee/bargee/session"
)

// ErrLocked means that another process has the queue.
var ErrLocked = errors.New("another process has the queue")

// name is the file's, in the directory that Open is given.
const name = "queue.db"

// checkBelow is the size up to which a file is checked before it is used: that
// takes a second for a gigabyte, at best.
const checkBelow = 16 << 20

// checkSuffix is of an empty file that says that the one beside is damaged.
const checkSuffix = ".damaged"

// Open opens the queue in a directory, and makes it there if there is none. Its
// errors match ErrLocked, ErrNewer, or say why the file cannot be used at all; a
// damaged one is replaced (see the package's words) and no error.
func Open(dir string) (*Store, error) {
	s, err := open(dir, time.Now)
	if err == nil {
		go s.keepBackups()
	}
	return s, err
}

// open is Open, but for what makes backups by the clock: whoever calls it closes
// s.stopped after s.stop.
func open(dir string, now func() time.Time) (*Store, error) {
	ctx := context.Background()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := finishRepair(path); err != nil {
		return nil, err
	}
	s, err := openFile(ctx, path, now)
	if err != nil && isDamage(err) {
		var lost string
		if lost, err = repair(ctx, path, now()); err != nil {
			return nil, err
		}
		if s, err = openFile(ctx, path, now); err == nil {
			s.notices = []string{lost}
		}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// In returns the queue in a directory, to be opened when the engine begins: its
// first frame need not wait for a disk. What Open would fail with, Restore fails
// with.
func In(dir string) session.Store { return &later{dir: dir} }

type later struct {
	dir string
	*Store
}

func (l *later) Restore() (r *session.Restored, err error) {
	if l.Store, err = Open(l.dir); err != nil {
		return nil, err
	}
	return l.Store.Restore()
}

func (l *later) Close() error {
	if l.Store == nil {
		return nil
	}
	return l.Store.Close()
}

// openFile opens and checks a file that is there, or makes it.
func openFile(ctx context.Context, path string, now func() time.Time) (s *Store, err error) {
	if err := checkEmpty(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, err
	}
	s = &Store{path: path, now: now, most: mostPast, db: db, stop: make(chan struct{}), stopped: make(chan struct{})}
	defer func() {
		if err != nil {
			_ = s.disconnect()
			s, err = nil, named(err)
		}
	}()
	if s.conn, err = db.Conn(ctx); err != nil {
		return s, err
	}
	if err = os.Chmod(path, 0o600); err != nil {
		return s, err
	}
	if err = s.check(ctx); err != nil {
		return s, err
	}
	if err = migrate(ctx, s.conn); err != nil {
		return s, err
	}
	err = s.prepare(ctx)
	if e := (*sqlite.Error)(nil); errors.As(err, &e) && e.Code()&0xff == codes.SQLITE_ERROR { // a table or column is missing
		err = fmt.Errorf("%w: %v", errForeign, err)
	}
	return s, err
}

// dsn names a file to the driver. One connection locks it until it is closed.
func dsn(path string) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	if runtime.GOOS == "windows" {
		u.Path = "/" + u.Path
	}
	u.RawQuery = url.Values{"_pragma": {
		"busy_timeout(100)", "locking_mode(exclusive)", "journal_mode(wal)", "synchronous(normal)", "journal_size_limit(4194304)",
	}}.Encode()
	return u.String()
}

// checkEmpty finds a file that lost all it had: where there is a backup, it was
// not empty before.
func checkEmpty(path string) error {
	fi, err := os.Stat(path)
	if err != nil || fi.Size() > 0 {
		return nil
	}
	if len(backups(path)) > 0 {
		return fmt.Errorf("%w: the file is empty", errForeign)
	}
	return nil
}

// check reads through a file that is small, or was found damaged by the process
// before. A large one is checked later, when nobody waits: see checkLater.
func (s *Store) check(ctx context.Context) error {
	fi, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	_, err = os.Lstat(s.path + checkSuffix)
	if fi.Size() > checkBelow && errors.Is(err, fs.ErrNotExist) {
		s.unchecked = true
		return nil
	}
	if err = quickCheck(ctx, s.conn); err == nil {
		_ = os.Remove(s.path + checkSuffix)
	}
	return err
}

// checkLater checks a large file. If it is damaged, nothing is written to it any
// more, and the next process repairs it; s.mu is held.
func (s *Store) checkLater(ctx context.Context) {
	if !s.unchecked {
		return
	}
	s.unchecked = false
	if err := quickCheck(ctx, s.conn); err != nil && isDamage(err) {
		s.damaged = fmt.Errorf("%w, and will be repaired when bargee starts again", errDamaged)
		_ = os.WriteFile(s.path+checkSuffix, nil, 0o600)
	}
}

func quickCheck(ctx context.Context, c *sql.Conn) error {
	var result string
	err := c.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result)
	if err == nil && result != "ok" {
		err = fmt.Errorf("%w: %s", errDamaged, result)
	}
	return err
}

// errDamaged is what quick_check found.
var errDamaged = errors.New("the database is damaged")

// isDamage tells whether a file is of no use as it is, and not only now.
func isDamage(err error) bool {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB, codes.SQLITE_FORMAT:
			return true
		}
		return e.Code() == codes.SQLITE_IOERR_SHORT_READ
	}
	return errors.Is(err, errForeign) || errors.Is(err, errDamaged)
}

// named returns err so that what a caller may want to know can be told.
func named(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == codes.SQLITE_BUSY || e.Code()&0xff == codes.SQLITE_LOCKED) {
		return ErrLocked
	}
	return err
}

// Close implements session.Store.
func (s *Store) Close() error {
	close(s.stop)
	<-s.stopped
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes && s.due() && s.damaged == nil {
		s.backup()
	}
	return s.disconnect()
}

// disconnect gives the file back; s.mu is held, or nobody else has s.
func (s *Store) disconnect() error {
	var err error
	for _, st := range []*sql.Stmt{s.insert, s.row, s.life} {
		if st != nil {
			err = errors.Join(err, st.Close())
		}
	}
	if s.conn != nil {
		err = errors.Join(err, s.conn.Close())
	}
	return errors.Join(err, s.db.Close())
}

// stampFormat is how times are written in the names of files.
const stampFormat = "20060102T150405Z"

func stampOf(file string) (time.Time, bool) {
	_, text, _ := strings.Cut(filepath.Base(file), "-")
	t, err := time.Parse(stampFormat, text)
	return t, err == nil
}
