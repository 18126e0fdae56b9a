package session

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
)

// A scannedDir is a directory with all that is in it, as a scan tells it.
type scannedDir struct {
	path    Path        // below the directory that is scanned
	entries []scanEntry // in the order of foldCompare
	hidden  bool        // the filters leave something in it out
	err     error       // not all of it could be read
}

// A scanEntry is an entry and what distinguishes it from another one that gets its
// name; 0: not known.
type scanEntry struct {
	Entry
	identity uint64
}

// A scanHead says what has to be known of the disk that is scanned.
type scanHead struct {
	modes fs.FileMode // that files can get: without the umask, and none where there are no modes
	folds bool        // names that differ in upper and lower case only are one
}

// scanFilter says what is left out of a scan.
type scanFilter struct {
	out, only rules
	identity  bool
}

// leavesOut tells whether the entry at p is left out.
func (f *scanFilter) leavesOut(p string, k EntryKind) bool {
	if f.out.leavesOut(p, k == Directory) {
		return true
	}
	return k != Directory && len(f.only) > 0 && !f.only.has(p)
}

// foldCompare orders the names of a directory: with A to Z read as a to z, and
// where that says they are the same, by their bytes.
func foldCompare(a, b string) int {
	if c := foldOnly(a, b); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// foldOnly is foldCompare for disks that do not tell such names apart.
func foldOnly(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lowered(a[i]), lowered(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lowered(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// comparePaths orders directories as a scan comes by them, by cmp for names.
func comparePaths(a, b Path, cmp func(a, b string) int) int {
	x, y := a.raw, b.raw
	for x != "" && y != "" {
		var i, j string
		i, x, _ = strings.Cut(x, "/")
		j, y, _ = strings.Cut(y, "/")
		if c := cmp(i, j); c != 0 {
			return c
		}
	}
	return len(x) - len(y)
}

// A scanWay is a directory on the way to where a scan is, with the directories in it
// that are still to come, the next one last.
type scanWay struct {
	dir  *os.Root
	path Path
	left []string
}

// scan yields the directory p and all below it, in an order that two scans have in
// common. What cannot be read is told with the directory that it is in; an error
// is the last thing that is yielded: p itself cannot be read, or ctx is over.
func (d *disk) scan(ctx context.Context, p Path, f scanFilter) iter.Seq2[scannedDir, error] {
	return func(yield func(scannedDir, error) bool) {
		dir, err := d.open(p)
		if err != nil {
			yield(scannedDir{}, about(p, err))
			return
		}
		way := []scanWay{{dir: dir}}
		defer func() {
			for _, at := range way {
				at.dir.Close()
			}
		}()
		s := d.scanOne(ctx, &way[0], &f)
		if s.err != nil && len(s.entries) == 0 {
			yield(scannedDir{}, about(p, s.err))
			return
		}
		for {
			switch {
			case ctx.Err() != nil:
				yield(scannedDir{}, about(p, context.Cause(ctx)))
				return
			case !yield(s, nil):
				return
			}
			next, ok := d.nextWay(&way)
			if !ok {
				return
			}
			if next.err == nil {
				next = d.scanOne(ctx, &way[len(way)-1], &f)
			}
			s = next
		}
	}
}

// nextWay enters the next directory. One that cannot be entered is told with its
// error, and is not on the way.
func (d *disk) nextWay(way *[]scanWay) (s scannedDir, ok bool) {
	for {
		at := &(*way)[len(*way)-1]
		n := len(at.left) - 1
		if n < 0 {
			if len(*way) == 1 {
				return s, false
			}
			at.dir.Close()
			*way = (*way)[:len(*way)-1]
			continue
		}
		name := at.left[n]
		at.left = at.left[:n]
		p, err := at.path.Join(name)
		if err != nil || len(*way) >= MaxDepth {
			return scannedDir{path: at.path.Append(Path{name}), err: newError(Limit, Path{}, "too deep or too long a path")}, true
		}
		sub, err := enter(at.dir, name)
		if err != nil {
			return scannedDir{path: p, err: err}, true
		}
		*way = append(*way, scanWay{dir: sub, path: p})
		return scannedDir{path: p}, true
	}
}

// scanOne reads a directory, and notes those in it.
func (d *disk) scanOne(ctx context.Context, at *scanWay, f *scanFilter) scannedDir {
	s := scannedDir{path: at.path}
	list, err := openEntries(at.dir)
	if err != nil {
		s.err = err
		return s
	}
	defer list.Close()
	below := ""
	if !at.path.IsRoot() {
		below = at.path.raw + "/"
	}
	_, s.err = inBatches(ctx, list.Readdirnames, func(name string) bool {
		if isPrivate(name) {
			return true
		}
		e, err := describeAt(at.dir, list, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return true
		case err != nil:
			e.Entry = Entry{Name: name, Kind: Other}
			s.err = err
		}
		if (len(f.out) > 0 || len(f.only) > 0) && f.leavesOut(below+name, e.Kind) {
			s.hidden = true
			return true
		}
		s.entries = append(s.entries, e)
		return true
	})
	slices.SortFunc(s.entries, func(a, b scanEntry) int { return foldCompare(a.Name, b.Name) })
	for i := len(s.entries) - 1; i >= 0; i-- {
		if s.entries[i].Kind == Directory {
			at.left = append(at.left, s.entries[i].Name)
		}
	}
	return s
}

// scanHead describes the disk under p. Whether it folds names shows where one of
// them is found by another one that is not there.
func (d *disk) scanHead(p Path) (h scanHead, err error) {
	h.modes = scanModes &^ umask()
	dir, err := d.open(p)
	if err != nil {
		return h, about(p, err)
	}
	defer dir.Close()
	list, err := openEntries(dir)
	if err != nil {
		return h, about(p, err)
	}
	defer list.Close()
	names, err := list.Readdirnames(listBatch)
	if len(names) == 0 {
		return h, nil // nothing that could be taken for something else; err will show again
	}
	for _, name := range names {
		other := swapCase(name)
		if other == name || slices.Contains(names, other) {
			continue
		}
		a, err := dir.Lstat(name)
		if err != nil {
			continue
		}
		b, err := dir.Lstat(other)
		h.folds = err == nil && os.SameFile(a, b)
		return h, nil
	}
	return h, nil
}

// swapCase turns the letters from a to z around.
func swapCase(s string) string {
	b := []byte(s)
	for i, c := range b {
		if l := lowered(c); 'a' <= l && l <= 'z' {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}
