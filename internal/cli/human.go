package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/bargee/bargee/session"
)

var errNoSize = errors.New("is no size: 512K, 10MiB, 4GB")

// parseSize reads a number of bytes as rsync does: K, M, G, T and KiB are
// powers of 1024, KB those of 1000.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "KMGTPikmgtpbB ")
	unit := strings.ToUpper(strings.TrimSpace(s[len(digits):]))
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 {
		return 0, errNoSize
	}
	base := 1024.0
	switch {
	case strings.HasSuffix(unit, "IB"):
		unit = strings.TrimSuffix(unit, "IB")
	case len(unit) == 2 && unit[1] == 'B':
		unit, base = unit[:1], 1000
	case unit == "B":
		unit = ""
	}
	power := strings.Index("KMGTP", unit) + 1
	if unit == "" {
		power = 0
	} else if power == 0 || len(unit) > 1 {
		return 0, errNoSize
	}
	for range power {
		n *= base
	}
	if n >= 1<<62 || n != float64(int64(n)) {
		return 0, fmt.Errorf("%q is no whole number of bytes that a disk can hold", s)
	}
	return int64(n), nil
}

// size returns n bytes for people.
func size(n int64) string {
	if n < 0 {
		return "?"
	}
	return humanize.Bytes(uint64(n))
}

// count returns n things for people: "1 file", "2 files".
func count(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return humanize.Comma(n) + " " + thing + "s"
}

// plural returns n things whose plural is irregular.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + many
}

// seconds returns a duration for people.
func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d min", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d h", int(d.Hours()), int(d.Minutes())%60)
}

// unixMode returns the twelve permission bits of mode as chmod has them.
func unixMode(mode fs.FileMode) uint32 {
	n := uint32(mode.Perm())
	for bit, m := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if mode&m != 0 {
			n |= bit
		}
	}
	return n
}

// modeString returns kind and permissions as ls -l does.
func modeString(e session.Entry) string {
	kind := map[session.EntryKind]string{session.RegularFile: "-", session.Directory: "d", session.Link: "l"}[e.Kind]
	if kind == "" {
		kind = "?"
	}
	return kind + e.Mode.Perm().String()[1:]
}

// shownName returns the name of an entry for people.
func (a *app) shownName(e session.Entry, name string) string {
	name = session.Display(name)
	switch e.Kind {
	case session.Directory:
		return a.paint("1;34", name) + "/"
	case session.Link:
		return a.paint("36", name)
	}
	return name
}
