package session

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/filelock"
)

// sweepPartials removes the partials in dir that nobody has touched for ttl
// and nobody holds, with their journals.
func sweepPartials(dir *os.Root, ttl time.Duration, now time.Time) {
	f, err := dir.Open(".")
	if err != nil {
		return // a directory that cannot be listed keeps its partials
	}
	defer f.Close()
	for {
		names, err := f.Readdirnames(512)
		for _, name := range names {
			if isPrivate(name) {
				sweepPartial(dir, name, now.Add(-ttl))
			}
		}
		if err != nil {
			return
		}
	}
}

// sweepPartial removes what belongs to the private file name, if nobody has
// touched it since before.
func sweepPartial(dir *os.Root, name string, before time.Time) {
	base, isJournal := strings.CutSuffix(name, journalSuffix)
	if !isJournal {
		base = strings.TrimSuffix(name, partialSuffix)
	}
	fi, err := dir.Lstat(name)
	switch {
	case err != nil:
	case isJournal && fi.Mode().IsRegular() && isGone(dir, base+partialSuffix):
		// Who committed the file did not get as far as to remove it.
		sweepPair(dir, base+partialSuffix, name, fi.ModTime())
	case fi.ModTime().After(before):
	case fi.Mode()&fs.ModeSymlink != 0 && strings.HasSuffix(name, linkSuffix):
		removeFrom(dir, name) // it did not get its name
	case fi.Mode().IsRegular():
		sweepPair(dir, base+partialSuffix, base+journalSuffix, before)
	}
}

func isGone(dir *os.Root, name string) bool {
	_, err := dir.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// sweepPair removes a partial and its journal. It is the partial's lock that
// decides between us and a transfer that resumes it, also where there is only a
// journal: then a partial is made to hold the lock of.
func sweepPair(dir *os.Root, part, journal string, before time.Time) {
	f, err := openOrCreate(dir, part)
	if err != nil {
		return
	}
	defer f.Close()
	if filelock.TryLock(f) != nil || !ours(dir, part, f) {
		return
	}
	if fi, err := f.Stat(); err != nil || fi.Size() > 0 && fi.ModTime().After(before) {
		return
	}
	if fi, err := dir.Lstat(journal); err == nil && fi.ModTime().After(before) {
		return
	}
	removeFrom(dir, journal)
	removeFrom(dir, part)
}
