package queuedb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	firstBackup  = 2 * time.Second // after the start, which it must not slow down
	backupEvery  = time.Hour
	mostBackups  = 3
	backupSuffix = ".backup-"
	asideSuffix  = ".corrupt-"
	partSuffix   = ".part" // of a file that is not whole yet
	newSuffix    = ".new"  // of a restored backup that is to take the place
)

// backups returns the backups of a file, the newest first.
func backups(path string) []string {
	found, _ := filepath.Glob(escape(path) + backupSuffix + "*Z")
	found = slices.DeleteFunc(found, func(f string) bool { _, ok := stampOf(f); return !ok })
	slices.Sort(found)
	slices.Reverse(found)
	return found
}

// escape makes a pattern of a path that matches itself only.
func escape(path string) string {
	var b []byte
	for i := range len(path) {
		if c := path[i]; c == '*' || c == '?' || c == '[' {
			b = append(b, '[', c, ']')
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// keepBackups makes backups until Close.
func (s *Store) keepBackups() {
	defer close(s.stopped)
	next := time.NewTimer(firstBackup)
	defer next.Stop()
	for first := true; ; first = false {
		select {
		case <-next.C:
		case <-s.stop:
			return
		}
		s.mu.Lock()
		s.checkLater(context.Background())
		if s.damaged == nil && (s.changes || first && s.unlike()) {
			s.backup()
		}
		s.mu.Unlock()
		next.Reset(backupEvery)
	}
}

// due tells whether the newest backup is old.
func (s *Store) due() bool {
	list := backups(s.path)
	if len(list) == 0 {
		return true
	}
	t, _ := stampOf(list[0])
	return s.now().Sub(t) >= backupEvery
}

// unlike tells whether the file was written to since the newest backup; s.mu is
// held.
func (s *Store) unlike() bool {
	list := backups(s.path)
	if len(list) == 0 {
		return true
	}
	t, _ := stampOf(list[0])
	fi, err := os.Stat(s.path)
	return err == nil && fi.ModTime().After(t.Add(time.Second))
}

// backup makes one and removes the oldest; s.mu is held. That it cannot is no
// reason to stop: the log says so.
func (s *Store) backup() {
	to := s.path + backupSuffix + s.now().UTC().Format(stampFormat)
	part := s.path + partSuffix
	err := func() error {
		_ = os.Remove(part)
		if _, err := s.conn.ExecContext(context.Background(), "VACUUM INTO ?", part); err != nil {
			return err
		}
		if err := syncFile(part); err != nil {
			return err
		}
		return os.Rename(part, to)
	}()
	if err != nil {
		_ = os.Remove(part)
		slog.Warn("the queue was not backed up", "error", err)
		return
	}
	s.changes = false
	for i, old := range backups(s.path) {
		if i >= mostBackups {
			_ = os.Remove(old)
		}
	}
}

// syncFile makes a file outlast a power cut, private, before it gets its name.
func syncFile(path string) error {
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// repair keeps a damaged file aside, puts the newest good backup in its place,
// if there is one, and returns what a person must know.
func repair(ctx context.Context, path string, now time.Time) (lost string, err error) {
	until := lastWrite(path)
	var from time.Time
	for _, b := range backups(path) {
		if err := restorable(ctx, b, path+newSuffix); err == nil {
			from, _ = stampOf(b)
			break
		} else if !isDamage(err) {
			return "", fmt.Errorf("restore %s: %w", filepath.Base(b), err)
		}
	}
	aside := path + asideSuffix + now.UTC().Format(stampFormat)
	for n := 1; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s%s%s.%d", path, asideSuffix, now.UTC().Format(stampFormat), n)
	}
	// The log first: it must not be taken for that of the file to come.
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	const stamp = "2 Jan 2006 15:04:05"
	words := "the queue's database was damaged and is kept as " + filepath.Base(aside) + "; "
	if from.IsZero() {
		return words + "there is no good backup: what was in the queue until " + until.Local().Format(stamp) + " is lost", nil
	}
	words += fmt.Sprintf("a backup is in its place: what was queued or done between %s and %s is lost",
		from.Local().Format(stamp), until.Local().Format(stamp))
	return words, finishRepair(path)
}

// finishRepair gives a restored backup its name, also if the process that
// restored it ended before it could.
func finishRepair(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := os.Rename(path+newSuffix, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// restorable copies a backup and checks the copy.
func restorable(ctx context.Context, backup, to string) error {
	if err := copyFile(backup, to); err != nil {
		return err
	}
	s, err := openFile(ctx, to, time.Now)
	if err == nil {
		err = s.disconnect()
	}
	if err == nil {
		err = syncFile(to)
	}
	if err != nil {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(to + suffix)
		}
	}
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// lastWrite is when a file or its log was written last.
func lastWrite(path string) (last time.Time) {
	for _, suffix := range []string{"", "-wal"} {
		if fi, err := os.Stat(path + suffix); err == nil && fi.ModTime().After(last) {
			last = fi.ModTime()
		}
	}
	return last
}
