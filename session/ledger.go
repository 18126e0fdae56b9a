package session

import (
	"cmp"
	"slices"
	"sort"
	"sync"
	"time"

	"lukechampine.com/blake3"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A ledger counts what a transfer has to do and has done, at the end that
// asked for it. The loops of sender and receiver write into it; the engine
// reads it when somebody looks. It survives attempts: begin starts each, and
// what an earlier one finished is not counted again.
//
// A nil ledger counts nothing: that is what the end that was asked has.
type ledger struct {
	observe func(Item) // may be nil
	telling sync.Mutex // held while observe runs, so that it runs once at a time

	mu       sync.Mutex
	t        Transfer // its counters only
	settled  settled
	restored bool  // the counts are those of an engine before this one
	signs    int64 // of life, that nothing else counts
	light    bool  // of one attempt: what is settled is not remembered
	types    typeCounts
	verified int64 // bytes that came over the link and were verified, in all attempts
	active   map[uint64]*activeFile
	streams  map[int]*activeStream
	rate     meter

	way  transport.Path // from peer to peer, as the sender said last; "": it said none
	past bool           // the last chunk did not pass here
}

// settled are the items that are over, and what they count for: another
// attempt of the same run passes over them. Paths are kept as hashes, 16 bytes
// each, so that a million files do not fill the memory.
type settled struct {
	items       map[[16]byte]bool // true: it failed
	files, dirs int64
	bytes       int64

	failedFiles, failedDirs int64 // of these
}

func keyOf(p Path) [16]byte {
	h := blake3.Sum256([]byte(p.raw))
	return [16]byte(h[:16])
}

type activeFile struct {
	FileProgress
	id     uint64
	sent   int64
	reused int64
}

type activeStream struct {
	StreamProgress
	file  uint64
	total int64 // bytes verified by way of it, of all files
	rate  meter
}

const (
	maxActive   = 32  // files of a snapshot
	maxFailures = 100 // failed items that are kept

	// maxSettled is how many items are remembered as settled, in 32 MiB. Another
	// attempt comes by the others again, and finds most of them there.
	maxSettled = 1 << 20
)

func newLedger(observe func(Item)) *ledger {
	return &ledger{observe: observe, settled: settled{items: map[[16]byte]bool{}}, active: map[uint64]*activeFile{}, streams: map[int]*activeStream{}}
}

// begin starts an attempt: what was under way in the last one is not any more,
// and the walk counts anew, from what is settled on.
func (l *ledger) begin() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.active)
	clear(l.streams)
	l.rate.reset()
	s := &l.settled
	if l.restored { // what an engine before this one counted is counted again
		l.t.Skipped, l.t.Failures, l.t.Failed, l.restored = 0, 0, nil, false
	}
	l.t.Files, l.t.FilesDone, l.t.Dirs = s.files, s.files, s.dirs
	l.t.Bytes, l.t.Verified = s.bytes, s.bytes
	l.t.Counted, l.t.Straight = false, ""
	l.way, l.past = "", false
}

// seen tells that the walk came by an entry. It reports false for one that is
// settled.
func (l *ledger) seen(p Path, k EntryKind, size int64) bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.light {
		if _, ok := l.settled.items[keyOf(p)]; ok {
			return false
		}
	}
	if k == Directory {
		l.t.Dirs++
	} else {
		l.t.Files++
		l.t.Bytes += size
	}
	return true
}

// counted tells that the walk is over.
func (l *ledger) counted() {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.t.Counted = true
	l.mu.Unlock()
}

// start tells that a file is under way.
func (l *ledger) start(id uint64, p, name Path, size int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active[id] = &activeFile{id: id, FileProgress: FileProgress{Path: p, Name: name, Size: size}}
}

// reuse tells that n bytes of a file need not be sent; a negative n takes that
// back.
func (l *ledger) reuse(id uint64, n int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.active[id]; f != nil {
		f.reused += n
		f.Verified += n
		l.t.Reused += n
		l.t.Verified += n
	}
}

// carry tells that a stream works on a file now.
func (l *ledger) carry(stream, lane int, id uint64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.streams[stream]
	if s == nil {
		s = &activeStream{StreamProgress: StreamProgress{ID: stream}}
		l.streams[stream] = s
	}
	s.Lane = lane
	l.passes(lane > straightLanes)
	if f := l.active[id]; f != nil && s.file != id {
		s.file, s.File, s.Total, s.Bytes = id, f.Path, f.Size, 0
	}
}

// parted tells that a stream has ended before the transfer has.
func (l *ledger) parted(stream int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.streams, stream)
}

// crossed tells that n bytes of a file crossed the link.
func (l *ledger) crossed(id uint64, n int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Sent += n
	if f := l.active[id]; f != nil {
		f.sent += n
	}
}

// wired tells that n bytes crossed the link on a data stream.
func (l *ledger) wired(n int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.t.Wire += int64(n)
	l.mu.Unlock()
}

// verify tells that the receiver verified n bytes of a file that came by stream.
func (l *ledger) verify(stream int, id uint64, n int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Verified += n
	l.verified += n
	if f := l.active[id]; f != nil {
		f.Verified += n
	}
	if s := l.streams[stream]; s != nil {
		s.total += n
		if s.file == id {
			s.Bytes += n
		}
	}
}

// leave takes a file off the active ones and its bytes, if it was not
// finished, off the verified; l.mu is held.
func (l *ledger) leave(id uint64) *activeFile {
	f := l.active[id]
	if f == nil {
		return nil
	}
	delete(l.active, id)
	l.t.Verified -= f.Verified
	return f
}

// restart tells that a file of size bytes changed and will be seen again under
// another id.
func (l *ledger) restart(old uint64, size int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Files--
	l.t.Bytes -= size
	if f := l.leave(old); f != nil {
		l.t.Reused -= f.reused
	}
}

// over tells that an item ended as it says; Sent and Reused are filled in here.
func (l *ledger) over(id uint64, it Item) {
	if l == nil {
		return
	}
	if l.settle(id, &it) && l.observe != nil {
		l.telling.Lock()
		l.observe(it)
		l.telling.Unlock()
	}
}

// settle counts an item, and reports whether it was not settled before.
func (l *ledger) settle(id uint64, it *Item) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.leave(id); f != nil {
		it.Sent, it.Reused = f.sent, f.reused
	}
	s, fresh := l.remember(it)
	if !fresh {
		return false
	}
	if it.Result == Failed {
		l.t.Failures++
		if len(l.t.Failed) < maxFailures {
			l.t.Failed = append(l.t.Failed, *it)
		}
	}
	if it.Kind == Directory {
		s.dirs++
		if it.Result == Failed {
			s.failedDirs++
		}
		return true
	}
	s.files++
	if it.Result == Failed {
		s.failedFiles++
	}
	l.t.FilesDone++
	l.types.add(it)
	switch it.Result {
	case Copied, Resumed, Unchanged:
		s.bytes += it.Size
		l.t.Verified += it.Size
	case Skipped:
		l.t.Skipped++
		l.t.Bytes -= it.Size
	case Failed:
		l.t.Bytes -= it.Size
	}
	return true
}

// remember notes that an item is settled, and returns what it counts for; fresh is
// false where it was before. l.mu is held.
func (l *ledger) remember(it *Item) (s *settled, fresh bool) {
	if l.light {
		return &settled{}, true
	}
	key, s := keyOf(it.Path), &l.settled
	if failed, ok := s.items[key]; ok && (failed || it.Result != Failed || it.Kind != Directory) {
		return s, false
	} else if ok {
		s.dirs-- // a directory that was made and then could not be listed, or not settled
	}
	if len(s.items) >= maxSettled {
		return &settled{}, true // it is counted, and not remembered
	}
	s.items[key] = it.Result == Failed
	return s, true
}

// retry unsettles what failed, so that the next attempt does it again.
func (l *ledger) retry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.settled
	s.files -= s.failedFiles
	s.dirs -= s.failedDirs
	s.failedFiles, s.failedDirs = 0, 0
	for key, failed := range s.items {
		if failed {
			delete(s.items, key)
		}
	}
	l.t.Failures, l.t.Failed = 0, nil
}

// fruits returns a number that grows when something was achieved that another
// attempt need not do again.
func (l *ledger) fruits() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.verified + int64(len(l.settled.items))
}

// among tells how many others put something where we do.
func (l *ledger) among(others int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.t.Others = others
	l.mu.Unlock()
}

// straight tells of a way from peer to peer without passing here. That it is closed
// says nothing of how the data went by then.
func (l *ledger) straight(s *wire.Straight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.signs++
	if !s.GetUp() {
		return
	}
	l.way = transport.PathDirect
	if p := transport.Path(s.GetPath()); p == transport.PathRelay || p == transport.PathTCP {
		l.way = p
	}
	l.passes(l.past)
}

// passes tells whether a chunk went straight, while l.mu is held.
func (l *ledger) passes(straight bool) {
	l.past, l.t.Straight = straight, ""
	if straight {
		l.t.Straight = l.way
	}
}

// sign tells that the other side is at work.
func (l *ledger) sign() {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.signs++
	l.mu.Unlock()
}

// progress returns a number that grows with every sign of life.
func (l *ledger) progress() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.signs + l.t.Sent + l.t.Wire + l.t.Verified + l.t.FilesDone + l.t.Files + l.t.Dirs
}

// counts returns how many bytes there are so far, how many of them are
// verified, and whether the first figure is final.
func (l *ledger) counts() (bytes, verified int64, counted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.t.Bytes, min(l.t.Verified, l.t.Bytes), l.t.Counted
}

// failures returns how many items failed.
func (l *ledger) failures() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.t.Failures
}

// snapshot fills in the counters of t.
func (l *ledger) snapshot(t *Transfer, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.t
	t.Files, t.Dirs, t.Bytes, t.Counted = c.Files, c.Dirs, c.Bytes, c.Counted
	t.FilesDone, t.Verified, t.Sent, t.Reused = c.FilesDone, min(c.Verified, c.Bytes), c.Sent, c.Reused
	t.Wire = c.Wire
	t.Skipped, t.Failures, t.Failed = c.Skipped, c.Failures, slices.Clone(c.Failed)
	t.Types, t.Others, t.Straight = l.types.list(), c.Others, c.Straight
	t.Active, t.Streams, t.Rate, t.ETA = nil, nil, 0, -1
	if t.State != StateRunning {
		return
	}
	l.rate.add(now, l.verified) // what was there from before says nothing of the speed
	t.Rate = l.rate.rate(now)
	if c.Counted {
		t.ETA = l.rate.eta(now, c.Bytes-c.Verified)
	}
	l.snapshotActive(t, now)
}

func (l *ledger) snapshotActive(t *Transfer, now time.Time) {
	files := make([]*activeFile, 0, len(l.active))
	for _, f := range l.active {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *activeFile) int { return cmp.Compare(a.id, b.id) })
	for _, f := range files[:min(len(files), maxActive)] {
		p := f.FileProgress
		p.Verified = min(p.Verified, p.Size)
		for id, s := range l.streams {
			if s.file == f.id {
				p.Streams = append(p.Streams, id)
			}
		}
		slices.Sort(p.Streams)
		t.Active = append(t.Active, p)
	}
	for _, s := range l.streams {
		s.rate.add(now, s.total)
		p := s.StreamProgress
		p.Rate = s.rate.rate(now)
		if _, ok := l.active[s.file]; !ok {
			p.File, p.Bytes, p.Total = Path{}, 0, 0
		}
		t.Streams = append(t.Streams, p)
	}
	sort.Slice(t.Streams, func(i, j int) bool { return t.Streams[i].ID < t.Streams[j].ID })
}
