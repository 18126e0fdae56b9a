package listing

import (
	"slices"
	"sort"
	"strings"

	"github.com/bargee/bargee/session"
)

// Rows are the entries that are shown, in order. They never change.
type Rows struct {
	dirs, files [2][]ID // each without the hidden names in the middle
	view        View
}

// Len returns how many there are.
func (r *Rows) Len() int { return length(r.dirs) + length(r.files) }

func length(part [2][]ID) int { return len(part[0]) + len(part[1]) }

// At returns the i-th one.
func (r *Rows) At(i int) ID {
	part := r.dirs
	if d := length(part); i >= d {
		part, i = r.files, i-d
	}
	if r.view.Reverse {
		i = length(part) - 1 - i
	}
	if i < len(part[0]) {
		return part[0][i]
	}
	return part[1][i-len(part[0])]
}

// Index returns where an entry stands, -1 if it is not shown.
func (r *Rows) Index(id ID) int {
	before := 0
	for _, part := range [][2][]ID{r.dirs, r.files} {
		i := slices.Index(part[0], id)
		if i < 0 {
			if i = slices.Index(part[1], id); i >= 0 {
				i += len(part[0])
			}
		}
		if i >= 0 {
			if r.view.Reverse {
				i = length(part) - 1 - i
			}
			return before + i
		}
		before += length(part)
	}
	return -1
}

// Place returns where an entry that is in no Store would stand.
func (r *Rows) Place(s *Snapshot, e session.Entry) int {
	want := itemOf(&e)
	return sort.Search(r.Len(), func(i int) bool {
		it := s.item(r.At(i))
		c := compare(r.view.Order, &it, &want)
		if r.view.Reverse && it.dir == want.dir {
			c = -c
		}
		return c >= 0
	})
}

// Plain returns the rows of a view that shows the base as it is, or without
// hidden names, which stand together there. It copies nothing. Other views take
// a Job; then ok is false.
func Plain(s *Snapshot, base []ID, v View) (rows Rows, ok bool) {
	if v.Order != ByName || v.Filter != "" || v.Without != nil {
		return Rows{}, false
	}
	rows = divide(s, base, v)
	if !v.Hidden {
		rows.dirs[0], rows.dirs[1] = withoutHidden(s, rows.dirs[0])
		rows.files[0], rows.files[1] = withoutHidden(s, rows.files[0])
	}
	return rows, true
}

// divide tells directories, which come first, from the rest.
func divide(s *Snapshot, ids []ID, v View) Rows {
	n := sort.Search(len(ids), func(i int) bool { return !s.IsDir(ids[i]) })
	return Rows{dirs: [2][]ID{ids[:n], nil}, files: [2][]ID{ids[n:], nil}, view: v}
}

func withoutHidden(s *Snapshot, ids []ID) (before, after []ID) {
	from := sort.Search(len(ids), func(i int) bool { return s.Name(ids[i]) >= "." })
	to := from + sort.Search(len(ids)-from, func(i int) bool { return s.Name(ids[from+i]) >= "/" })
	return ids[:from], ids[to:]
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }
