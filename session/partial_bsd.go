//go:build unix && !linux

package session

import (
	"time"

	"golang.org/x/sys/unix"
)

// futimes has microseconds only here; setTime with a name has nanoseconds.
func futimes(fd int, t time.Time) error {
	tv := unix.NsecToTimeval(t.UnixNano())
	return unix.Futimes(fd, []unix.Timeval{tv, tv})
}
