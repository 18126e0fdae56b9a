package session

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
)

// Names yields the names and kinds of what is in p, as the directory has them.
func (d *disk) Names(ctx context.Context, p Path) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := d.eachName(ctx, p, yield); err != nil {
			yield(Entry{}, about(p, err))
		}
	}
}

// eachName returns nil also when yield has had enough.
func (d *disk) eachName(ctx context.Context, p Path, yield func(Entry, error) bool) error {
	dir, err := d.open(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	f, err := openEntries(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = inBatches(ctx, f.ReadDir, func(e fs.DirEntry) bool {
		if d.jail && isPrivate(e.Name()) {
			return true
		}
		return yield(Entry{Name: e.Name(), Kind: kindOf(e.Type()), Size: -1}, nil)
	})
	return err
}

// kindOf returns the kind that the type bits of a mode stand for.
func kindOf(m fs.FileMode) EntryKind {
	switch {
	case m.IsRegular():
		return RegularFile
	case m.IsDir():
		return Directory
	case m&fs.ModeSymlink != 0:
		return Link
	}
	return Other
}

// StatAll describes names in p, in their order; those that are not there are Gone.
func (d *disk) StatAll(ctx context.Context, p Path, names []string) ([]Entry, error) {
	if err := checkNames(p, names); err != nil {
		return nil, err
	}
	dir, err := d.open(p)
	if err != nil {
		return nil, about(p, err)
	}
	defer dir.Close()
	out := make([]Entry, len(names))
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, about(p, err)
		}
		out[i] = d.entryOrGone(dir, name)
	}
	return out, nil
}

// checkNames holds what is to be described in p against the limits.
func checkNames(p Path, names []string) error {
	if len(names) > MaxStatNames {
		return newError(Limit, p, "%d names at once, at most %d", len(names), MaxStatNames)
	}
	for _, name := range names {
		if err := checkName(name); err != nil {
			return about(p, err)
		}
	}
	return nil
}

// entryOrGone describes name in dir, as far as we are told.
func (d *disk) entryOrGone(dir *os.Root, name string) Entry {
	if d.vet(name) != nil {
		return Entry{Name: name, Kind: Gone} // as List leaves it out
	}
	e, err := entryAt(dir, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Entry{Name: name, Kind: Gone}
	case err != nil:
		return Entry{Name: name, Kind: Other}
	}
	return e
}
