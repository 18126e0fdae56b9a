package session

import (
	"context"
	"io/fs"
	"os"
	"strings"
)

// Occupied returns how many bytes of the disk names in dir have, with all below
// and with the partials of an earlier transfer beside them: so much less is needed
// when that goes on. What cannot be read counts nothing.
func (h *Host) Occupied(ctx context.Context, dir Path, names []string) (bytes int64) {
	top := map[string]bool{}
	for _, n := range names {
		top[n] = true
	}
	s := &settlement{}
	root, err := h.open(dir)
	if err != nil {
		return 0
	}
	defer root.Close()
	f, err := root.Open(".")
	if err != nil {
		return 0
	}
	defer f.Close()
	_, _ = inBatches(ctx, f.ReadDir, func(e fs.DirEntry) bool {
		switch {
		case isPartial(e.Name()), top[e.Name()] && !e.IsDir():
			s.add(root, e)
		case top[e.Name()]:
			w := &walker{d: &h.disk, ctx: ctx, visit: func(at *walkedDir, e fs.DirEntry) bool {
				s.add(at.dir, e)
				return true
			}}
			_ = w.walkAll(dir.Append(Path{e.Name()}))
		}
		return true
	})
	return s.bytes
}

// isPartial tells whether name is that of a partial.
func isPartial(name string) bool {
	return isPrivate(name) && strings.HasSuffix(strings.ToLower(name), partialSuffix)
}

// A settlement adds up what lies on a disk.
type settlement struct{ bytes int64 }

func (s *settlement) add(dir *os.Root, e fs.DirEntry) {
	if !e.Type().IsRegular() {
		return
	}
	fi, err := dir.Lstat(e.Name())
	switch {
	case err != nil:
	case isPartial(e.Name()): // as long as the file or not, it has the blocks that were reserved
		s.bytes += allocated(fi)
	default:
		s.bytes += max(fi.Size(), allocated(fi))
	}
}
