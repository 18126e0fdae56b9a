package listing

import (
	"math"
	"strings"
	"time"

	"github.com/bargee/bargee/session"
)

// BlockSize is how many entries a Block has at the most.
const BlockSize = 1 << blockBits

const blockBits = 12

// A Block is entries that came together. It never changes, but for what is
// known of them, which the Store takes over.
type Block struct {
	names   string // all of them, one behind the other
	ends    []uint32
	kinds   []session.EntryKind
	details []*detail // of each chunkSize entries; nil where nothing is known
	extra   map[int]extra
	ascii   bool // all names are
}

// Len returns how many entries b has.
func (b *Block) Len() int { return len(b.ends) }

func (b *Block) name(i int) string {
	from := uint32(0)
	if i > 0 {
		from = b.ends[i-1]
	}
	return b.names[from:b.ends[i]]
}

// chunkSize is how many entries share the memory for what is known of them.
// What is looked at lies all over a large directory.
const chunkSize = 1 << chunkBits

const chunkBits = 7

// detail is what is known of chunkSize entries.
type detail struct {
	size, time [chunkSize]int64
	mode       [chunkSize]uint16
	kind       [chunkSize]uint8 // 0: nothing is known; else the kind and 1
	epoch      uint32           // of the Store that may write here
}

// extra is what few entries have.
type extra struct {
	target string
	time   time.Time // beyond what nanoseconds in 64 bits can tell
}

const noTime = math.MinInt64

// set writes e; ok is false if there is something extra about it.
func (d *detail) set(i int, e *session.Entry) (x extra, ok bool) {
	t := int64(noTime)
	if !e.Modified.IsZero() {
		t = e.Modified.UnixNano()
		if !time.Unix(0, t).Equal(e.Modified) {
			x.time = e.Modified
			t = math.MaxInt64
			if e.Modified.Year() < 1970 {
				t = noTime + 1
			}
		}
	}
	d.size[i], d.time[i] = max(e.Size, 0), t
	d.mode[i], d.kind[i] = uint16(e.Mode.Perm()), uint8(e.Kind)+1
	x.target = e.Target
	return x, x == extra{}
}

// A Builder makes a Block. The zero Builder is ready for use.
type Builder struct {
	names strings.Builder
	b     Block
	wide  bool
}

// Add appends an entry: with its Size -1 only name and kind are known.
func (w *Builder) Add(e session.Entry) {
	i := len(w.b.ends)
	w.names.WriteString(e.Name)
	w.b.ends = append(w.b.ends, uint32(w.names.Len()))
	w.b.kinds = append(w.b.kinds, e.Kind)
	w.wide = w.wide || !isASCII(e.Name)
	if e.Size < 0 {
		return
	}
	for len(w.b.details) <= i>>chunkBits {
		w.b.details = append(w.b.details, nil)
	}
	d := &w.b.details[i>>chunkBits]
	if *d == nil {
		*d = new(detail)
	}
	if x, plain := (*d).set(i&(chunkSize-1), &e); !plain {
		if w.b.extra == nil {
			w.b.extra = make(map[int]extra)
		}
		w.b.extra[i] = x
	}
}

// Len returns how many entries were added. No more fit than BlockSize.
func (w *Builder) Len() int { return len(w.b.ends) }

// Block returns what was added, in as little memory as it takes, and begins
// anew.
func (w *Builder) Block() *Block {
	b := w.b
	b.names = strings.Clone(w.names.String())
	b.ends = append(make([]uint32, 0, len(b.ends)), b.ends...)
	b.kinds = append(make([]session.EntryKind, 0, len(b.kinds)), b.kinds...)
	b.ascii = !w.wide
	w.names.Reset()
	w.b = Block{ends: w.b.ends[:0], kinds: w.b.kinds[:0]}
	w.wide = false
	return &b
}
