package listing

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
)

// Order is what entries are sorted by.
type Order uint8

// The orders. Whatever it is, directories come first and names decide last.
const (
	ByName Order = iota
	ByExtension
	BySize
	ByTime
)

// String returns the word for the screen.
func (o Order) String() string {
	return [...]string{"name", "extension", "size", "time"}[min(o, ByTime)]
}

// A View says what of a directory is shown, and how.
type View struct {
	Order   Order
	Reverse bool
	Hidden  bool   // names that begin with a dot as well
	Filter  string // only names that hold it, or match it if it is a mask
}

// Arrange returns the indexes of the entries to show, in order.
func Arrange(entries []session.Entry, v View) []int32 {
	keys := make([]key, 0, len(entries))
	match := matcher(v.Filter)
	for i := range entries {
		e := &entries[i]
		if !v.Hidden && strings.HasPrefix(e.Name, ".") || !match(e.Name) {
			continue
		}
		keys = append(keys, key{prefix: prefix(e.Name), at: int32(i), file: e.Kind != session.Directory})
	}
	slices.SortFunc(keys, func(a, b key) int { return compare(entries, v, a, b) })
	out := make([]int32, len(keys))
	for i, k := range keys {
		out[i] = k.at
	}
	return out
}

// key holds of an entry what decides most comparisons: a million of them are
// sorted while somebody waits.
type key struct {
	prefix uint64
	at     int32
	file   bool
}

func compare(entries []session.Entry, v View, a, b key) int {
	if a.file != b.file {
		if b.file {
			return -1
		}
		return 1
	}
	x, y := &entries[a.at], &entries[b.at]
	c := 0
	switch v.Order {
	case ByExtension:
		c = Natural(path.Ext(x.Name), path.Ext(y.Name))
	case BySize:
		c = cmp.Compare(y.Size, x.Size)
	case ByTime:
		c = y.Modified.Compare(x.Modified)
	}
	if c == 0 {
		if c = cmp.Compare(a.prefix, b.prefix); c == 0 {
			c = Natural(x.Name, y.Name)
		}
	}
	if v.Reverse {
		return -c
	}
	return c
}

// Less tells whether an entry comes before another one under v.
func Less(v View, x, y session.Entry) bool {
	pair := []session.Entry{x, y}
	kx := key{prefix: prefix(x.Name), file: x.Kind != session.Directory}
	ky := key{prefix: prefix(y.Name), file: y.Kind != session.Directory, at: 1}
	return compare(pair, v, kx, ky) < 0
}

// matcher returns what a filter lets through: letters match in either case, and
// a filter with * or ? in it is a mask for the whole name.
func matcher(filter string) func(string) bool {
	if filter == "" {
		return func(string) bool { return true }
	}
	if strings.ContainsAny(filter, "*?") {
		return func(name string) bool { return Match(filter, name) }
	}
	low := strings.ToLower(filter)
	return func(name string) bool { return strings.Contains(strings.ToLower(name), low) }
}

// Match tells whether a name fits one of the masks, which commas separate:
// "*.mkv,*.srt". A mask that cannot be understood matches nothing.
func Match(masks, name string) bool {
	name = strings.ToLower(name)
	for mask := range strings.SplitSeq(strings.ToLower(masks), ",") {
		if ok, err := path.Match(strings.TrimSpace(mask), name); err == nil && ok {
			return true
		}
	}
	return false
}
