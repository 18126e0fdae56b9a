package queuedb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

// left makes a queue of n transfers, as a process leaves it that closes it.
// With a backup, that has the first half of them.
func left(t *testing.T, dir string, n int, backedUp bool) {
	t.Helper()
	s := opened(t, dir)
	s.now = func() time.Time { return day }
	for i := 1; i <= n; i++ {
		must(t, s.Write([]session.Record{job(i)}, nil))
		if backedUp && i == n/2 {
			s.mu.Lock()
			s.backup()
			s.mu.Unlock()
		}
	}
	s.changes = false // no other backup
	shut(t, s)
}

// Each way in which a file can be of no use, with and without a backup.
func TestDamage(t *testing.T) {
	ways := map[string]func(t *testing.T, path string){
		"empty": func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) },
		"truncated": func(t *testing.T, path string) {
			fi, err := os.Stat(path)
			must(t, err)
			must(t, os.Truncate(path, fi.Size()/2))
		},
		"truncated in the header": func(t *testing.T, path string) { must(t, os.Truncate(path, 50)) },
		"no database": func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("text ", 5000)), 0o600))
		},
		"overwritten": func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			must(t, err)
			_, err = f.WriteAt(make([]byte, 12<<10), 4096)
			must(t, errors.Join(err, f.Close()))
		},
		"of another program": func(t *testing.T, path string) {
			must(t, os.Remove(path))
			s, err := openFile(context.Background(), path, time.Now)
			must(t, err)
			_, err = s.conn.ExecContext(t.Context(), "PRAGMA application_id = 5; CREATE TABLE other (x)")
			must(t, errors.Join(err, s.disconnect()))
		},
		"without a table": func(t *testing.T, path string) {
			s, err := openFile(context.Background(), path, time.Now)
			must(t, err)
			_, err = s.conn.ExecContext(t.Context(), "DROP TABLE transfers")
			must(t, errors.Join(err, s.disconnect()))
		},
	}
	for what, damage := range ways {
		for _, backedUp := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, backup %t", what, backedUp), func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, name)
				left(t, dir, 40, backedUp)
				damage(t, path)
				if what == "empty" && !backedUp {
					t.Skip("nobody can tell that from a new one")
				}
				s := opened(t, dir)
				r, err := s.Restore()
				must(t, err)
				want, words := 20, "between "+day.Local().Format("2 Jan 2006 15:04:05")+" and "
				if !backedUp {
					want, words = 0, "there is no good backup"
				}
				if len(r.Active) != want || len(r.Notices) != 1 || !strings.Contains(r.Notices[0], words) {
					t.Errorf("%d transfers, %q", len(r.Active), r.Notices)
				}
				aside, _ := filepath.Glob(path + asideSuffix + "*")
				if len(aside) != 1 || !strings.Contains(r.Notices[0], filepath.Base(aside[0])) {
					t.Errorf("kept aside: %q", aside)
				}
				must(t, s.Write([]session.Record{job(99)}, nil))
				shut(t, s)
				s = opened(t, dir)
				if r, err := s.Restore(); err != nil || len(r.Active) != want+1 || len(r.Notices) != 0 {
					t.Errorf("after that: %+v, %v", r, err)
				}
			})
		}
	}
}

// A large file is checked when nobody waits for it. Damage ends the writing, and
// is repaired by the next process.
func TestDamageOfALargeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	left(t, dir, 10, true)
	s := opened(t, dir)
	r := job(11)
	r.Job = make([]byte, checkBelow+1)
	must(t, s.Write([]session.Record{r}, nil))
	s.changes = false
	shut(t, s)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt(make([]byte, 4096), 8<<20) // in the middle of the job
	must(t, errors.Join(err, f.Close()))

	s = opened(t, dir)
	s.mu.Lock()
	if !s.unchecked {
		t.Fatal("it was checked")
	}
	s.checkLater(t.Context())
	s.mu.Unlock()
	if err := s.Write([]session.Record{job(12)}, nil); !errors.Is(err, errDamaged) {
		t.Errorf("written: %v", err)
	}
	shut(t, s)
	s = opened(t, dir)
	if r, err := s.Restore(); err != nil || len(r.Active) != 5 || len(r.Notices) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := os.Stat(path + checkSuffix); err == nil {
		t.Error("it is still said to be damaged")
	}
}

// The newest backup that is good is taken.
func TestBadBackups(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	left(t, dir, 10, true)
	must(t, os.WriteFile(path+backupSuffix+day.Add(time.Hour).Format(stampFormat), []byte("not a backup at all"), 0o600))
	must(t, os.WriteFile(path+backupSuffix+"sometime", nil, 0o600))
	must(t, os.Truncate(path, 5000))
	s := opened(t, dir)
	if r, err := s.Restore(); err != nil || len(r.Active) != 5 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A process that ends while it repairs is gone on from.
func TestRepairIsFinished(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	left(t, dir, 10, true)
	must(t, os.Rename(path, path+asideSuffix+"then"))
	must(t, copyFile(backups(path)[0], path+newSuffix))
	s := opened(t, dir)
	if r, err := s.Restore(); err != nil || len(r.Active) != 5 {
		t.Errorf("%+v, %v", r, err)
	}
}

// What a newer version wrote is left alone.
func TestNewerVersion(t *testing.T) {
	dir := t.TempDir()
	left(t, dir, 3, true)
	s := opened(t, dir)
	_, err := s.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", Version+1))
	must(t, err)
	shut(t, s)
	before, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	if _, err := Open(dir); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "update") {
		t.Errorf("%v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || string(after) != string(before) {
		t.Errorf("the file is another one, %v", err)
	}
}

// Backups are made where something changed, and three are kept.
func TestBackups(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	at := day
	s.now = func() time.Time { return at }
	for i := range 5 {
		must(t, s.Write([]session.Record{job(i + 1)}, nil))
		at = at.Add(backupEvery)
		s.mu.Lock()
		s.backup()
		s.mu.Unlock()
	}
	list := backups(s.path)
	if len(list) != mostBackups {
		t.Fatalf("%q", list)
	}
	if newest, ok := stampOf(list[0]); !ok || !newest.Equal(at) || s.changes || s.due() {
		t.Errorf("%v, %t", newest, s.changes)
	}
	must(t, s.Write([]session.Record{job(6)}, nil))
	at = at.Add(backupEvery)
	shut(t, s)
	if newest, _ := stampOf(backups(s.path)[0]); !newest.Equal(at) {
		t.Errorf("the newest is of %v", newest)
	}
	if part, _ := filepath.Glob(filepath.Join(dir, "*"+partSuffix)); len(part) > 0 {
		t.Errorf("%q is left", part)
	}
}

// Without permission the engine gets an error, and goes on in memory with it.
func TestReadOnly(t *testing.T) {
	if os.Geteuid() == 0 || os.PathSeparator != '/' {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
		checkMemory(t, filepath.Join(dir, "file", "state"))
		return
	}
	dir := filepath.Join(t.TempDir(), "state")
	must(t, os.Mkdir(dir, 0o500))
	checkMemory(t, dir)
}

func checkMemory(t *testing.T, dir string) {
	t.Helper()
	e := session.NewEngine(session.EngineConfig{Store: In(dir)})
	defer e.Close()
	work := t.TempDir()
	must(t, os.WriteFile(filepath.Join(work, "a"), []byte("a"), 0o600))
	p, err := session.NewHost().PathOf(filepath.Join(work, "a"))
	must(t, err)
	to, err := session.NewHost().PathOf(filepath.Join(work, "b"))
	must(t, err)
	id, err := e.Submit(session.Job{Sources: []session.Path{p}, Destination: to, Options: session.DefaultOptions()})
	must(t, err)
	if tr, err := e.Wait(t.Context(), id); err != nil || tr.State != session.StateDone {
		t.Errorf("%v, %v", tr.State, err)
	}
	if n := e.Notices(); len(n) != 1 || !strings.HasPrefix(n[0].Text, "the queue is not being saved: ") {
		t.Errorf("%v", n)
	}
}

// A full disk: the queue goes on, and catches up later.
func TestDiskFull(t *testing.T) {
	s := opened(t, t.TempDir())
	_, err := s.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 30")
	must(t, err)
	var refused error
	for i := 1; i < 100 && refused == nil; i++ {
		r := job(i)
		r.Job = []byte(strings.Repeat("x", 4000))
		refused = s.Write([]session.Record{r}, nil)
	}
	if refused == nil {
		t.Fatal("it is never full")
	}
	_, err = s.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 1000000")
	must(t, err)
	must(t, s.Write([]session.Record{job(1000)}, nil))
	if got, err := s.Load([]session.TransferID{1, 1000}); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", ids(got), err)
	}
}
