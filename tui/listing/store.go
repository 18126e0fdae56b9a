package listing

import (
	"io/fs"
	"math"
	"slices"
	"time"

	"github.com/bargee/bargee/session"
)

// An ID stands for an entry of a Store, for its place in the order of arrival.
type ID uint32

func (id ID) block() int { return int(id >> blockBits) }
func (id ID) at() int    { return int(id & (BlockSize - 1)) }
func (id ID) chunk() int { return int(id >> chunkBits) }

// A Store holds a directory. It has one owner; others read Snapshots of it. The
// zero Store is empty.
type Store struct {
	Snapshot
	extra  map[ID]extra
	fresh  Set    // entries whose details are as new as the last reading
	known  int    // how many are
	epoch  uint32 // older chunks of details may be in a Snapshot
	shared bool   // so may the table of them
}

// A Snapshot is a Store as it was once. It may be read by several goroutines.
type Snapshot struct {
	blocks  []*Block
	details []*detail // BlockSize/chunkSize for each block
	version uint64    // grows with each change of what is known
}

// Freeze returns s as it is now.
func (s *Store) Freeze() Snapshot {
	s.epoch++
	s.shared = true
	return Snapshot{slices.Clip(s.blocks), slices.Clip(s.details), s.version}
}

// Append takes in a block; its entries get the next IDs.
func (s *Store) Append(b *Block) (first ID) {
	first = s.Next()
	s.blocks = append(s.blocks, b)
	for i := range BlockSize / chunkSize {
		var d *detail
		if i < len(b.details) {
			d = b.details[i]
		}
		s.details = append(s.details, d)
		if d == nil {
			continue
		}
		d.epoch = s.epoch
		for j, k := range d.kind {
			if k != 0 {
				s.mark(first + ID(i<<chunkBits+j))
			}
		}
	}
	for i, x := range b.extra {
		s.setExtra(first+ID(i), x)
	}
	b.details, b.extra = nil, nil
	return first
}

// Seen notes that an entry was asked about, whatever came of it.
func (s *Store) Seen(id ID) { s.mark(id) }

func (s *Store) mark(id ID) {
	if s.fresh.Add(id) {
		s.known++
	}
}

func (s *Store) setExtra(id ID, x extra) {
	if s.extra == nil {
		s.extra = make(map[ID]extra)
	}
	s.extra[id] = x
}

// Set notes what is known of an entry by now, also that it is Gone; with its Size
// -1 nothing is. An entry that became a directory, or ceased to be one, is another
// entry: Set returns false and does nothing.
func (s *Store) Set(id ID, e session.Entry) bool {
	if e.Kind != session.Gone && (e.Kind == session.Directory) != s.IsDir(id) {
		return false
	}
	if e.Size < 0 && e.Kind != session.Gone {
		return true // that it is there is no news
	}
	if was := s.Entry(id); was.Size >= 0 && e.Size >= 0 && same(was, e) {
		s.mark(id)
		return true
	}
	if s.shared {
		s.details, s.shared = slices.Clone(s.details), false
	}
	d := &s.details[id.chunk()]
	switch {
	case *d == nil:
		*d = &detail{epoch: s.epoch}
	case (*d).epoch != s.epoch:
		c := **d
		*d = &c
		c.epoch = s.epoch
	}
	s.version++
	s.mark(id)
	if x, plain := (*d).set(int(id&(chunkSize-1)), &e); !plain {
		s.setExtra(id, x)
	} else if s.extra != nil {
		delete(s.extra, id)
	}
	return true
}

// same tells whether b says of an entry what a does.
func same(a, b session.Entry) bool {
	return a.Kind == b.Kind && a.Size == b.Size && a.Mode == b.Mode.Perm() && a.Target == b.Target && a.Modified.Equal(b.Modified)
}

// Expire makes all that is known of the entries old, after the directory was
// read again. It is still shown.
func (s *Store) Expire() { s.fresh, s.known = Set{}, 0 }

// Fresh tells whether what is known of an entry is as new as the last reading.
func (s *Store) Fresh(id ID) bool { return s.fresh.Has(id) }

// Known returns for how many entries that is so.
func (s *Store) Known() int { return s.known }

// Wanting returns those of ids for which it is not so, in the order of arrival:
// where a disk keeps names in some order of its own, it is that.
func (s *Store) Wanting(ids []ID) []ID {
	out := make([]ID, 0, max(len(ids)-s.known, 0))
	for _, id := range ids {
		if !s.Fresh(id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Entry returns all that is known of an entry; Size is -1 where that is its name
// and kind only.
func (s *Store) Entry(id ID) session.Entry {
	e := s.Snapshot.Entry(id)
	if x, ok := s.extra[id]; ok {
		e.Target = x.target
		if !x.time.IsZero() {
			e.Modified = x.time
		}
	}
	return e
}

// Entry is Store's, but for targets of links, and with times only from 1678 to
// 2262.
func (s *Snapshot) Entry(id ID) session.Entry {
	e := session.Entry{Name: s.Name(id), Kind: s.blocks[id.block()].kinds[id.at()], Size: -1}
	d, i := s.details[id.chunk()], id&(chunkSize-1)
	if d == nil || d.kind[i] == 0 {
		return e
	}
	e.Kind, e.Size, e.Mode = session.EntryKind(d.kind[i]-1), d.size[i], fs.FileMode(d.mode[i])
	if d.time[i] != noTime {
		e.Modified = time.Unix(0, d.time[i])
	}
	return e
}

// Name returns the raw bytes of an entry's name.
func (s *Snapshot) Name(id ID) string { return s.blocks[id.block()].name(id.at()) }

// Size returns the size of an entry, -1 if that is not known.
func (s *Snapshot) Size(id ID) int64 {
	if d, i := s.details[id.chunk()], id&(chunkSize-1); d != nil && d.kind[i] != 0 {
		return d.size[i]
	}
	return -1
}

// IsDir tells whether an entry stands among the directories.
func (s *Snapshot) IsDir(id ID) bool {
	return s.blocks[id.block()].kinds[id.at()] == session.Directory
}

// Gone tells whether an entry is known not to be there any more.
func (s *Snapshot) Gone(id ID) bool {
	d := s.details[id.chunk()]
	return d != nil && d.kind[id&(chunkSize-1)] == uint8(session.Gone)+1
}

func (s *Snapshot) item(id ID) item {
	it := item{s.Name(id), s.IsDir(id), -1, noTime}
	if d, i := s.details[id.chunk()], id&(chunkSize-1); d != nil && d.kind[i] != 0 {
		it.size, it.time = min(d.size[i], math.MaxInt64-1), d.time[i]
	}
	if it.dir {
		it.size = 0
	}
	return it
}

func itemOf(e *session.Entry) item {
	it := item{e.Name, e.Kind == session.Directory, min(e.Size, math.MaxInt64-1), noTime}
	if !e.Modified.IsZero() {
		it.time = e.Modified.UnixNano()
	}
	if it.dir {
		it.size = 0
	}
	return it
}

// Version grows with each change of what is known of entries that are there.
func (s *Snapshot) Version() uint64 { return s.version }

// Next returns the ID that the next block begins with.
func (s *Snapshot) Next() ID { return ID(len(s.blocks) << blockBits) }
