package session

import (
	"context"
	"sort"
	"time"
)

// A treeIndex knows the larger files of a tree by their size, so that one that
// was renamed or copied there is found. It is bounded in files, and whoever
// makes it is in time: what it does not know is sent.
type treeIndex struct {
	bySize map[int64][]*likely
	files  int
}

// A likely is a file that may be what is announced.
type likely struct {
	path     Path
	modified time.Time
	digest   *value // once it was computed
}

const (
	mostIndexed = 1 << 15         // files in an index, some 200 bytes each
	mostAlike   = 16              // of these of one size
	mostVisited = 1 << 20         // entries that are looked at
	indexTime   = 5 * time.Second // that this may take
	mostTried   = 4               // files that are digested for one that is announced
)

// add takes a file in, and reports false when the index is full.
func (x *treeIndex) add(p Path, e Entry) bool {
	if x.files == mostIndexed {
		return false
	}
	if e.Kind != RegularFile || e.Size < worthwhile || len(x.bySize[e.Size]) == mostAlike {
		return true
	}
	if x.bySize == nil {
		x.bySize = map[int64][]*likely{}
	}
	x.bySize[e.Size] = append(x.bySize[e.Size], &likely{path: p, modified: e.Modified})
	x.files++
	return true
}

// candidates returns files that may have the content of e, which shall be at
// target: those of its size, the likeliest first, and not what is there already.
func (x *treeIndex) candidates(e Entry, target Path) []*likely {
	var out []*likely
	for _, l := range x.bySize[e.Size] {
		if l.path != target {
			out = append(out, l)
		}
	}
	odds := func(l *likely) (n int) {
		if l.modified.Equal(e.Modified) { // renaming a file and copying it with its times keeps that
			n += 2
		}
		if l.path.Base() == target.Base() {
			n++
		}
		return n
	}
	sort.SliceStable(out, func(i, j int) bool { return odds(out[i]) > odds(out[j]) })
	return out[:min(len(out), mostTried)]
}

// walk fills the index with the tree under d, a directory after the other.
func (x *treeIndex) walk(ctx context.Context, d *Dir) {
	ctx, cancel := context.WithTimeout(ctx, indexTime)
	defer cancel()
	visited := 0
	for dirs := []Path{{}}; len(dirs) > 0; dirs = dirs[1:] {
		for e, err := range d.List(ctx, dirs[0]) {
			if visited++; err != nil || visited > mostVisited {
				break
			}
			p := dirs[0].Append(Path{e.Name})
			if e.Kind == Directory {
				dirs = append(dirs, p)
			} else if !x.add(p, e) {
				return
			}
		}
		if ctx.Err() != nil || visited > mostVisited {
			return
		}
	}
}

// luck bounds what is lost on files that only have the size of another: each
// costs both ends a reading. After enough misses there is no more trying.
type luck struct{ misses, hits int }

func (l luck) left() bool { return l.misses < 8+4*l.hits }

// patienceFor is how long a file of size bytes may wait for the index: little
// of what sending it takes, or of what anybody sees.
func patienceFor(size int64) time.Duration {
	return min(time.Second, max(10*time.Millisecond, time.Duration(size/2))) // half a second for a GB
}
