package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"github.com/bargee/bargee/internal/wire"
)

// This file has the records of a scan as they travel: see Scanned in session.proto.

const (
	scanEnd       = 4 // the kind of a directory's end
	scanHidden    = 1 // its flags
	scanFailed    = 2
	maxScanRecord = MaxName + MaxTarget + 64 // bytes
)

func appendScanEntry(b []byte, e *scanEntry, identity bool) []byte {
	s, ns := timeToWire(e.Modified)
	b = append(b, byte(e.Kind))
	b = append(binary.AppendUvarint(b, uint64(len(e.Name))), e.Name...)
	b = binary.AppendUvarint(b, uint64(e.Mode&permBits))
	b = binary.AppendUvarint(binary.AppendVarint(b, s), uint64(ns))
	switch e.Kind {
	case RegularFile:
		b = binary.AppendUvarint(b, uint64(max(e.Size, 0)))
	case Link:
		b = append(binary.AppendUvarint(b, uint64(len(e.Target))), e.Target...)
	}
	if identity {
		b = binary.LittleEndian.AppendUint64(b, e.identity)
	}
	return b
}

func appendScanEnd(b []byte, s *scannedDir) []byte {
	flags := byte(0)
	if s.hidden {
		flags |= scanHidden
	}
	if s.err == nil {
		return append(b, scanEnd, flags)
	}
	e := toWire(s.err)
	b = append(b, scanEnd, flags|scanFailed, byte(e.GetKind()))
	return append(binary.AppendUvarint(b, uint64(len(e.GetMessage()))), e.GetMessage()...)
}

// A scanReader makes directories of records again.
type scanReader struct {
	identity bool
	now      scannedDir
	way      []scanWay // as the other side's, without what is open
	over     bool      // no directory is to come
}

var errScan = fmt.Errorf("a scan: %w", wire.ErrInvalid)

// take reads records, and yields the directories that are whole. It reports false
// where yield has had enough.
func (r *scanReader) take(b []byte, yield func(scannedDir) bool) (more bool, err error) {
	in := scanBytes{b: b}
	for len(in.b) > 0 {
		kind := in.byte()
		if r.over || kind > scanEnd {
			return false, errScan
		}
		if kind < scanEnd {
			e := in.entry(EntryKind(kind), r.identity)
			if err := r.check(&e, in.bad); err != nil {
				return false, err
			}
			r.now.entries = append(r.now.entries, e)
			continue
		}
		in.end(&r.now)
		if in.bad {
			return false, errScan
		}
		s := r.now
		if err := r.enter(); err != nil {
			return false, err
		}
		if !yield(s) {
			return false, nil
		}
	}
	return true, nil
}

// check holds an entry against what goes before it: two of one name, or in another
// order, would have the sides of a sync compare what does not belong together.
func (r *scanReader) check(e *scanEntry, bad bool) error {
	if bad {
		return errScan
	}
	if err := checkName(e.Name); err != nil {
		return fmt.Errorf("%w: %w", err, errScan)
	}
	if n := len(r.now.entries); n > 0 && foldCompare(r.now.entries[n-1].Name, e.Name) >= 0 {
		return fmt.Errorf("names that are not in order: %w", errScan)
	}
	if isPrivate(e.Name) {
		return fmt.Errorf("a name that is reserved for partials: %w", errScan)
	}
	return nil
}

// enter goes on to the next directory.
func (r *scanReader) enter() error {
	at := scanWay{path: r.now.path}
	for i := len(r.now.entries) - 1; i >= 0; i-- {
		if r.now.entries[i].Kind == Directory {
			at.left = append(at.left, r.now.entries[i].Name)
		}
	}
	r.way = append(r.way, at)
	for len(r.way) > 0 {
		at := &r.way[len(r.way)-1]
		n := len(at.left) - 1
		if n < 0 {
			r.way = r.way[:len(r.way)-1]
			continue
		}
		p, err := at.path.Join(at.left[n])
		if err != nil || len(r.way) > MaxDepth {
			return errScan
		}
		at.left = at.left[:n]
		r.now = scannedDir{path: p}
		return nil
	}
	r.over = true
	return nil
}

// scanBytes takes records apart; bad is set where they break off or say too much.
type scanBytes struct {
	b   []byte
	bad bool
}

func (s *scanBytes) byte() byte {
	if len(s.b) == 0 {
		s.bad = true
		return 0
	}
	c := s.b[0]
	s.b = s.b[1:]
	return c
}

func (s *scanBytes) number(most uint64) uint64 {
	v, n := binary.Uvarint(s.b)
	if n <= 0 || v > most {
		s.bad, s.b = true, nil
		return 0
	}
	s.b = s.b[n:]
	return v
}

func (s *scanBytes) text(most uint64) string {
	n := s.number(most)
	if n > uint64(len(s.b)) {
		s.bad, s.b = true, nil
		return ""
	}
	t := string(s.b[:n])
	s.b = s.b[n:]
	return t
}

func (s *scanBytes) entry(kind EntryKind, identity bool) (e scanEntry) {
	e.Kind, e.Name = kind, s.text(MaxName)
	e.Mode = fs.FileMode(s.number(0o7777) & permBits)
	seconds, n := binary.Varint(s.b)
	if n <= 0 {
		s.bad, s.b = true, nil
		return e
	}
	s.b = s.b[n:]
	e.Modified = timeFromWire(seconds, uint32(s.number(999_999_999)))
	switch kind {
	case RegularFile:
		e.Size = int64(s.number(1<<63 - 1))
	case Link:
		e.Target = s.text(MaxTarget)
	}
	if identity {
		if len(s.b) < 8 {
			s.bad, s.b = true, nil
			return e
		}
		e.identity = binary.LittleEndian.Uint64(s.b)
		s.b = s.b[8:]
	}
	return e
}

// end reads what is said at the end of a directory.
func (s *scanBytes) end(d *scannedDir) {
	flags := s.byte()
	d.hidden = flags&scanHidden != 0
	if flags&scanFailed == 0 {
		return
	}
	kind := wire.Kind(s.byte())
	d.err = fromWire(&wire.Error{Kind: kind, Message: s.text(512)})
}

// errScanShort: a scan ended before it was whole.
var errScanShort = errors.New("the scan breaks off")
