package drops

import "time"

// What a drop is at a time, and whether it may be removed: pure.

const (
	// claimLease is how long a claim that is not finished keeps a drop that nobody
	// else may take any more.
	claimLease = 24 * time.Hour
	// goneFor is how long it is remembered that a drop was there: its id is not to be
	// used again while its remains are removed.
	goneFor = 48 * time.Hour
	// settle is how long a clock that jumped has to go on without a jump, before
	// anything is removed because of what it shows.
	settle = 15 * time.Minute
	// jump is how much a clock may differ from what went by since it was looked at.
	jump = time.Minute
)

// over says why a drop is over, or "".
func (d *drop) over(now time.Time, l Limits) string {
	switch {
	case !now.Before(d.expires):
		return whyExpired
	case !d.complete && now.Sub(d.created) >= l.unfinished():
		return whyUnfinished
	}
	return ""
}

// Why a drop is gone, in words that end "it ...".
const (
	whyExpired    = "expired"
	whyUnfinished = "was never completed"
	whyRemoved    = "was removed"
	whyTaken      = "was taken"
	whyRemains    = "was removed long ago"
)

// mostOf is how many bytes an upload may have stored: what was begun once more after
// a crash has left chunks behind that are not in its list.
func mostOf(announced int64) int64 { return 2*announced + 64<<20 }

// taken tells whether nobody can take a drop, and nobody is taking it.
func taken(downloads int, slots []claimed, finished map[string]bool, now time.Time) bool {
	if downloads == 0 || len(slots) < downloads {
		return false
	}
	for _, s := range slots {
		if !finished[s.Claim] && now.Sub(s.At) < claimLease {
			return false
		}
	}
	return true
}

// A steady tells whether a clock may be believed: it went on as time did, for a
// while. A clock that jumps ahead makes everything look expired, and may be set right
// a moment later; what was removed by then is gone.
type steady struct {
	wall  time.Time
	up    time.Duration // how long the process has been running, by a clock that cannot be set
	since time.Duration // when it last jumped
	begun bool
}

// look tells it what both clocks show, and whether what the wall's shows counts.
func (s *steady) look(wall time.Time, up time.Duration) bool {
	wall = wall.Round(0) // as it would be read from a file
	if !s.begun {
		s.begun, s.since = true, up
	} else if off := wall.Sub(s.wall) - (up - s.up); off > jump || off < -jump {
		s.since = up
	}
	s.wall, s.up = wall, up
	return up-s.since >= settle
}
