package session

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// newJournal makes a journal of a file of 10 chunks, of which the first n are
// claimed, chunk i with the value {i+1}.
func newJournal(t testing.TB, n uint64) (*journal, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "journal")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	j := &journal{f}
	if err := j.begin(layout{10 * mib, mib}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := j.add(i, value{byte(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	return j, name
}

// lost returns how many of n claims are missing, and fails for a wrong one.
func lost(t *testing.T, claims map[uint64]value, n uint64) int {
	t.Helper()
	for i, v := range claims {
		if i >= n || v != (value{byte(i + 1)}) {
			t.Errorf("chunk %d is claimed to be %x", i, v[:2])
		}
	}
	return int(n) - len(claims)
}

func TestJournal(t *testing.T) {
	j, _ := newJournal(t, 5)
	l, claims, sameBoot, err := j.read(10 * mib)
	if err != nil || !sameBoot || l != (layout{10 * mib, mib}) || lost(t, claims, 5) != 0 {
		t.Errorf("%v %t %v %v", l, sameBoot, claims, err)
	}
	must(t, j.add(5, value{6}))
	if _, claims, _, err := j.read(10 * mib); err != nil || lost(t, claims, 6) != 0 {
		t.Errorf("after one more: %v %v", claims, err)
	}
	if _, _, _, err := j.read(10*mib + 1); !errors.Is(err, errNoJournal) {
		t.Errorf("of a file of another size: %v", err)
	}
}

// Whatever byte is flipped, no chunk is claimed wrongly, and one is lost at the
// most; a header that is flipped claims nothing.
// F52.
func TestJournalFlipped(t *testing.T) {
	j, name := newJournal(t, 4)
	good, err := os.ReadFile(name)
	must(t, err)
	for at := range good {
		for _, mask := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[at] ^= mask
			must(t, os.WriteFile(name, bad, 0o600))
			_, claims, _, err := j.read(10 * mib)
			switch {
			case at < journalHeader && !errors.Is(err, errNoJournal):
				t.Errorf("byte %d of the header: %v", at, err)
			case at >= journalHeader && (err != nil || lost(t, claims, 4) != 1):
				t.Errorf("byte %d: %d lost, %v", at, lost(t, claims, 4), err)
			}
		}
	}
}

// Cut at each length, it claims the whole records, and takes more behind them.
// F05, F53.
func TestJournalTruncated(t *testing.T) {
	j, name := newJournal(t, 3)
	good, err := os.ReadFile(name)
	must(t, err)
	for n := range len(good) + 1 {
		must(t, os.WriteFile(name, good[:n], 0o600))
		_, claims, _, err := j.read(10 * mib)
		if n < journalHeader {
			if !errors.Is(err, errNoJournal) {
				t.Errorf("%d bytes: %v", n, err)
			}
			continue
		}
		whole := (n - journalHeader) / journalRecord
		if err != nil || len(claims) != whole || lost(t, claims, uint64(whole)) != 0 {
			t.Errorf("%d bytes: %v %v", n, claims, err)
		}
		must(t, j.add(9, value{10}))
		if _, claims, _, err := j.read(10 * mib); err != nil || len(claims) != whole+1 || claims[9] != (value{10}) {
			t.Errorf("%d bytes, and a record more: %v %v", n, claims, err)
		}
	}
}

// TestJournalOfOthers holds F54.
func TestJournalOfOthers(t *testing.T) {
	j, name := newJournal(t, 3)
	good, err := os.ReadFile(name)
	must(t, err)
	for what, turn := range map[string]func(h []byte){
		"another version":        func(h []byte) { h[7] = '2' },
		"chunks of 0 bytes":      func(h []byte) { binary.LittleEndian.PutUint32(h[16:], 0) },
		"chunks of 3 bytes":      func(h []byte) { binary.LittleEndian.PutUint32(h[16:], 3) },
		"chunks of 100 KiB":      func(h []byte) { binary.LittleEndian.PutUint32(h[16:], 100<<10) },
		"chunks of 32 MiB":       func(h []byte) { binary.LittleEndian.PutUint32(h[16:], 32<<20) },
		"a size that is too big": func(h []byte) { binary.LittleEndian.PutUint64(h[8:], 1<<63) },
	} {
		h := bytes.Clone(good[:journalHeader-4])
		turn(h)
		must(t, os.WriteFile(name, append(sealRecord(h), good[journalHeader:]...), 0o600))
		if _, claims, _, err := j.read(10 * mib); !errors.Is(err, errNoJournal) {
			t.Errorf("%s: %v %v", what, claims, err)
		}
	}
	must(t, os.WriteFile(name, good, 0o600))
	reboot(t, name)
	if _, claims, sameBoot, err := j.read(10 * mib); err != nil || sameBoot || lost(t, claims, 3) != 0 {
		t.Errorf("another boot: %v %t %v", claims, sameBoot, err)
	}
}

// FuzzJournal reads whatever a journal may hold: what is claimed lies within
// the file, and what is added behind it is found again.
// It holds M113.
func FuzzJournal(f *testing.F) {
	_, name := newJournal(f, 3)
	good, _ := os.ReadFile(name)
	f.Add(good)
	f.Add(good[:len(good)-7])
	f.Add([]byte(journalMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := os.Create(filepath.Join(t.TempDir(), "journal"))
		must(t, err)
		defer file.Close()
		file.Write(b)
		j := &journal{file}
		l, claims, _, err := j.read(10 * mib)
		if err != nil {
			if !errors.Is(err, errNoJournal) || len(claims) > 0 {
				t.Errorf("%v %v", claims, err)
			}
			return
		}
		for i := range claims {
			if i >= l.count() {
				t.Errorf("chunk %d of %d", i, l.count())
			}
		}
		last := l.count() - 1
		must(t, j.add(last, value{77}))
		if _, more, _, err := j.read(10 * mib); err != nil || more[last] != (value{77}) {
			t.Errorf("what was added is not found: %v", err)
		}
		file.Seek(0, io.SeekStart)
	})
}
