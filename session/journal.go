package session

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
)

// A journal says which chunks of a partial were verified. It is a file beside
// the partial: a header, then a record for each chunk, appended after the
// chunk was written. Every record has a checksum, so a torn or flipped one is
// passed over and costs one chunk. What a journal claims is only where to
// start: before the file is committed, the claimed chunks are read again from
// the disk, and the sender compares their values with its own file.
//
//	header  8 magic · 8 size · 4 chunk size · 16 boot id · 4 CRC-32C
//	record  8 index · 32 value · 4 CRC-32C        (little-endian)
type journal struct {
	file *os.File
}

const (
	journalMagic  = "bargeej1" // the digit is the version; others are begun anew
	journalHeader = 40
	journalRecord = 44
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errNoJournal means that there is nothing to resume from.
var errNoJournal = errors.New("no journal of this file")

// begin empties the journal and writes its header.
func (j *journal) begin(l layout) error {
	if err := truncate(j.file, 0); err != nil {
		return err
	}
	b := make([]byte, 0, journalHeader)
	b = append(b, journalMagic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(l.size))
	b = binary.LittleEndian.AppendUint32(b, uint32(l.chunkSize))
	b = append(b, bootID()...)
	b = sealRecord(b)
	if err := writeAt(j.file, b, 0); err != nil {
		return err
	}
	_, err := j.file.Seek(0, io.SeekEnd)
	return err
}

// add appends a verified chunk.
func (j *journal) add(index uint64, v value) error {
	b := make([]byte, 0, journalRecord)
	b = binary.LittleEndian.AppendUint64(b, index)
	b = append(b, v[:]...)
	return appendTo(j.file, sealRecord(b))
}

// read returns the layout for which the journal was begun, the chunks that it
// claims and whether that was since this machine's last start: only then is
// what was written before a record sure to be still there. It leaves the file
// ready for add. A journal that is not one of a file of size bytes, or of
// another version, is errNoJournal.
func (j *journal) read(size int64) (l layout, claims map[uint64]value, sameBoot bool, err error) {
	b, err := io.ReadAll(io.LimitReader(io.NewSectionReader(j.file, 0, 1<<62), journalHeader+8*maxChunks*journalRecord))
	if err != nil {
		return l, nil, false, err
	}
	l, sameBoot, ok := parseJournalHeader(b)
	if !ok || l.size != size {
		return l, nil, false, errNoJournal
	}
	records := b[journalHeader:]
	claims = make(map[uint64]value, len(records)/journalRecord)
	for ; len(records) >= journalRecord; records = records[journalRecord:] {
		if index, v, ok := parseJournalRecord(records[:journalRecord], l.count()); ok {
			claims[index] = v
		}
	}
	// A torn record at the end would shift all that is appended behind it.
	end := int64(len(b) - len(records))
	if len(records) > 0 {
		if err := truncate(j.file, end); err != nil {
			return l, nil, false, err
		}
	}
	_, err = j.file.Seek(end, io.SeekStart)
	return l, claims, sameBoot, err
}

func parseJournalHeader(b []byte) (l layout, sameBoot, ok bool) {
	if len(b) < journalHeader || string(b[:8]) != journalMagic || !sealed(b[:journalHeader]) {
		return l, false, false
	}
	size := binary.LittleEndian.Uint64(b[8:])
	l.chunkSize = int(binary.LittleEndian.Uint32(b[16:]))
	if size > 1<<63-1 || l.chunkSize < minChunkSize || l.chunkSize > maxChunkSize || l.chunkSize&(l.chunkSize-1) != 0 {
		return l, false, false
	}
	l.size = int64(size)
	// A machine that cannot tell its boot counts as rebooted.
	boot := string(b[20:36])
	return l, boot == bootID() && boot != noBootID, true
}

func parseJournalRecord(b []byte, count uint64) (index uint64, v value, ok bool) {
	index = binary.LittleEndian.Uint64(b)
	return index, value(b[8:40]), sealed(b) && index < count
}

// sealRecord appends the checksum of b to b.
func sealRecord(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// sealed tells whether b ends with the checksum of what is before.
func sealed(b []byte) bool {
	n := len(b) - 4
	return binary.LittleEndian.Uint32(b[n:]) == crc32.Checksum(b[:n], castagnoli)
}

// noBootID is the id of a machine that has none.
const noBootID = "0000000000000000"
