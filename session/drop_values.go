package session

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// dropValues remembers the values of chunks of a drop's files as they were read from
// the depot, in a file of state. What a partial claims to have is held against them,
// so that it need not be fetched again: they were computed from bytes that had been
// opened, in the place that they have in this drop and no other one.
//
// A record is the key (3 times 4 bytes, big-endian), the value (32) and a CRC-32 of
// both. One that a crash cut off, and whatever is behind it, is not read: its chunk is
// fetched again.
type dropValues struct {
	name string

	mu    sync.Mutex
	file  *os.File // nil: nothing is remembered
	known map[valueKey]value
}

// A valueKey is a chunk of a file.
type valueKey struct{ file, chunkSize, index uint32 }

const valueRecord = 12 + 32 + 4

// openDropValues opens those of a drop; without a directory it remembers nothing.
func openDropValues(dir string, id DropID) *dropValues {
	v := &dropValues{known: map[valueKey]value{}}
	if dir == "" {
		return v
	}
	v.name = filepath.Join(dir, id.String()+".values")
	b, err := os.ReadFile(v.name)
	if err == nil {
		v.read(b)
	}
	return v
}

func (v *dropValues) read(b []byte) {
	for ; len(b) >= valueRecord; b = b[valueRecord:] {
		if crc32.ChecksumIEEE(b[:44]) != binary.BigEndian.Uint32(b[44:]) {
			return
		}
		k := valueKey{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])}
		v.known[k] = value(b[12:])
	}
}

func (v *dropValues) of(k valueKey) (value, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	val, ok := v.known[k]
	return val, ok
}

// note remembers a value. That it cannot be kept costs fetching it again, no more.
func (v *dropValues) note(k valueKey, val value) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.name == "" {
		return
	}
	if old, ok := v.known[k]; ok && old == val {
		return
	}
	v.known[k] = val
	if v.file == nil && !v.open() {
		return
	}
	var rec [valueRecord]byte
	binary.BigEndian.PutUint32(rec[:], k.file)
	binary.BigEndian.PutUint32(rec[4:], k.chunkSize)
	binary.BigEndian.PutUint32(rec[8:], k.index)
	copy(rec[12:], val[:])
	binary.BigEndian.PutUint32(rec[44:], crc32.ChecksumIEEE(rec[:44]))
	if _, err := v.file.Write(rec[:]); err != nil {
		v.file.Close()
		v.name, v.file = "", nil
	}
}

// open opens the file behind its last whole record; v.mu is held.
func (v *dropValues) open() bool {
	if os.MkdirAll(filepath.Dir(v.name), 0o700) != nil {
		return false
	}
	f, err := os.OpenFile(v.name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return false
	}
	if end, err := f.Seek(0, io.SeekEnd); err == nil && end%valueRecord != 0 {
		_ = f.Truncate(end - end%valueRecord)
	}
	v.file = f
	return true
}

func (v *dropValues) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.file == nil {
		return nil
	}
	err := v.file.Close()
	v.file = nil
	return err
}

// remove forgets all.
func (v *dropValues) remove() {
	v.close()
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.known)
	if v.name != "" {
		os.Remove(v.name)
	}
}
