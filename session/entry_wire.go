package session

import (
	"fmt"
	"io/fs"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// permBits are the bits of a mode that are taken from a peer and told to one:
// what runs with another's rights (setuid, setgid) is never copied.
const permBits = 0o777

// entryToWire returns e as it travels.
func entryToWire(e Entry) *wire.Entry {
	s, ns := timeToWire(e.Modified)
	return &wire.Entry{
		Name: []byte(e.Name), Kind: wire.EntryKind(e.Kind), Size: uint64(max(e.Size, 0)),
		Mode: uint32(e.Mode & permBits), ModifiedS: s, ModifiedNs: ns, Target: []byte(e.Target),
	}
}

// entryFromWire returns what e describes; the limits of its numbers were
// checked when it was decoded. The name must be one, or empty for the root.
func entryFromWire(e *wire.Entry) (Entry, error) {
	name := string(e.GetName())
	if name != "" {
		if err := checkName(name); err != nil {
			return Entry{}, fmt.Errorf("entry: %w: %w", err, wire.ErrInvalid)
		}
	}
	return Entry{
		Name: name, Kind: EntryKind(e.GetKind()), Size: int64(e.GetSize()),
		Mode: fs.FileMode(e.GetMode() & permBits), Modified: timeFromWire(e.GetModifiedS(), e.GetModifiedNs()),
		Target: string(e.GetTarget()),
	}, nil
}

func timeToWire(t time.Time) (s int64, ns uint32) { return t.Unix(), uint32(t.Nanosecond()) }

// The years 1 to 9999 in seconds since 1970: RFC 3339 has no others, and with
// far-off ones time.Time counts round.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// timeFromWire returns the time that a peer named, or the nearest one in reach.
func timeFromWire(s int64, ns uint32) time.Time {
	if s < firstSecond {
		return time.Unix(firstSecond, 0)
	}
	if s > lastSecond {
		return time.Unix(lastSecond, 0)
	}
	return time.Unix(s, int64(ns))
}

// algorithms is the table between words and wire numbers.
var algorithms = map[Algorithm]wire.Algorithm{
	BLAKE3: wire.Algorithm_ALGORITHM_BLAKE3,
	SHA256: wire.Algorithm_ALGORITHM_SHA256,
}

func algorithmFromWire(a wire.Algorithm) Algorithm {
	for word, number := range algorithms {
		if number == a {
			return word
		}
	}
	return ""
}
