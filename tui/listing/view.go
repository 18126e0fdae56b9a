package listing

import (
	"cmp"
	"path"

	"github.com/bargee/bargee/session"
)

// Order is what entries are sorted by.
type Order uint8

// The orders. Whatever it is, directories come first and names decide last.
const (
	ByName Order = iota
	ByExtension
	BySize // the largest first
	ByTime // the newest first
)

// String returns the word for the screen.
func (o Order) String() string {
	return [...]string{"name", "extension", "size", "time"}[min(o, ByTime)]
}

// NeedsDetails tells whether more must be known than the names.
func (o Order) NeedsDetails() bool { return o == BySize || o == ByTime }

// A View says what of a directory is shown, and how.
type View struct {
	Order   Order
	Reverse bool   // directories stay first
	Hidden  bool   // names that begin with a dot as well
	Filter  string // only names that hold it, or match it if it is a mask
	Without *Set   // not these; it never changes. Nil: none
}

// An item is what of an entry decides where it stands.
type item struct {
	name       string
	dir        bool
	size, time int64
}

// compare orders by o, not reversed. It is 0 for one and the same name only.
func compare(o Order, a, b *item) int {
	if a.dir != b.dir {
		if a.dir {
			return -1
		}
		return 1
	}
	c := 0
	switch o {
	case ByExtension:
		c = fold(path.Ext(a.name), path.Ext(b.name))
	case BySize:
		c = cmp.Compare(b.size, a.size)
	case ByTime:
		c = cmp.Compare(b.time>>1, a.time>>1) // as a key holds it
	}
	return cmp.Or(c, Natural(a.name, b.name))
}

// Compare compares two entries as v has them in order.
func (v View) Compare(x, y session.Entry) int {
	a, b := itemOf(&x), itemOf(&y)
	c := compare(v.Order, &a, &b)
	if v.Reverse && a.dir == b.dir {
		return -c
	}
	return c
}
