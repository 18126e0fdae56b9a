package session

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A station is a receiver without a sender, in a directory of its own.
type station struct {
	*receiver
	dir string
}

func newStation(t *testing.T) *station {
	s := &station{dir: t.TempDir()}
	s.receiver = newReceiver(receiverConfig{into: openDir(t, s.dir), origin: func(p Path) Path { return p }, options: DefaultOptions()})
	s.ctx = t.Context()
	s.reuse.begun.Do(func() { close(s.reuse.ready) }) // nothing runs that would wait for it
	t.Cleanup(s.dirs.close)
	return s
}

// wanted is a file of the station for which WANT was answered.
func (s *station) wanted(t *testing.T, name string, size int64) *inFile {
	t.Helper()
	f, err := s.place(1, Path{name}, Entry{Name: name, Size: size, Mode: 0o644})
	must(t, err)
	s.files[f.id] = f
	t.Cleanup(func() { f.drop(false); s.dirs.release(f.dir) })
	s.want(f)
	return f
}

func (s *station) names(t *testing.T) []string { return names(t, s.dir) }

// names lists a directory of the disk.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

// chunkOf returns chunk i of data with its value.
func chunkOf(f *inFile, data []byte, i uint64) ([]byte, value) {
	off, n := f.span(i)
	return data[off : off+int64(n)], valueOf(data[off:off+int64(n)], i, f.chunkSize, f.single())
}

// A goroutine of a data stream may be in the middle of a chunk when the
// transfer is given up. It must leave the partial alone: it is kept for the
// next run, which may have it open by now.
func TestDroppedFileLeavesItsPartial(t *testing.T) {
	s := newStation(t)
	f := s.wanted(t, "file", 3<<20)
	data := fill(t, filepath.Join(t.TempDir(), "source"), 3<<20, 1)
	for i := range uint64(3) {
		f.begin(i)
	}
	part, v := chunkOf(f, data, 0)
	_, err := s.store(f, 0, part, v)
	must(t, err)
	f.drop(false)
	before := s.snapshotOf(t)
	part, v = chunkOf(f, data, 1)
	if _, err := s.store(f, 1, part, v); !errors.Is(err, errDropped) {
		t.Errorf("a chunk after the end: %v", err)
	}
	if after := s.snapshotOf(t); !bytes.Equal(before, after) {
		t.Error("the partial or its journal was changed after it was dropped")
	}
	g := s.wanted(t, "file", 3<<20) // Busy, if somebody holds the lock
	if g.part == nil || !g.claimed.has(0) {
		t.Fatal("the next run does not find the chunk")
	}
}

// snapshotOf returns all that is in the station's directory.
func (s *station) snapshotOf(t *testing.T) (all []byte) {
	for _, name := range s.names(t) {
		b, err := os.ReadFile(filepath.Join(s.dir, name))
		must(t, err)
		all = append(append(all, name...), b...)
	}
	return all
}

// Between the last chunk and the name the file may be given up, too: then it
// gets no name, and above all not that of a file of zeros.
func TestDroppedFileGetsNoName(t *testing.T) {
	for _, size := range []int{1000, 3 << 20} {
		s := newStation(t)
		f := s.wanted(t, "file", int64(size))
		f.state = inCommitting // as claimCommit does
		f.drop(false)
		must(t, s.commit(f, whole, make([]byte, min(size, f.chunkSize))))
		for _, name := range s.names(t) {
			if !isPrivate(name) {
				t.Errorf("%d bytes: there is %q", size, name)
			}
		}
	}
}

// A journal of another version of the file may lie there, also when the new
// one is a single chunk.
func TestSingleChunkOverAStaleJournal(t *testing.T) {
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 500 << 10, 1 << 20} {
		s := newStation(t)
		old := s.wanted(t, "file", 3<<20)
		old.begin(0)
		part, v := chunkOf(old, fill(t, filepath.Join(t.TempDir(), "old"), 3<<20, 1), 0)
		_, err := s.store(old, 0, part, v)
		must(t, err)
		old.drop(false)

		data := fill(t, filepath.Join(t.TempDir(), "new"), size, 2)
		f := s.wanted(t, "file", int64(size))
		f.begin(0)
		_, v = chunkOf(f, data, 0)
		_, err = s.keepChunk(f, 1, 1, chunkMessage(f.id, 0, data, v), data)
		must(t, err)
		got, err := os.ReadFile(filepath.Join(s.dir, "file"))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: %v, and they differ", size, err)
		}
		if n := s.names(t); len(n) != 1 {
			t.Errorf("%d bytes: there are %q", size, n)
		}
	}
}
