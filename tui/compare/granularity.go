package compare

import (
	"time"

	"github.com/bargee/bargee/session"
)

// enoughFiles is how many files must all have even seconds before a disk is
// taken for one that keeps no others: by chance four have, one time in sixteen.
const enoughFiles = 4

// Granularity is how exactly the disk of a side keeps modification times, judged
// by what it has: 2 s (FAT), 1 s, or the largest of ms, µs, 100 ns (NTFS) and ns
// of which all times are multiples.
func Granularity(s Side) time.Duration {
	files, even := 0, true
	step := time.Second
	for _, id := range s.Base {
		e := s.Of.Entry(id)
		if e.Kind != session.RegularFile || e.Modified.IsZero() {
			continue
		}
		files++
		ns := time.Duration(e.Modified.Nanosecond())
		for ns%step != 0 {
			step = finer(step)
		}
		if even = even && e.Modified.Unix()%2 == 0; step == time.Nanosecond {
			return step
		}
	}
	if files == 0 {
		return time.Nanosecond
	}
	if step == time.Second && even && files >= enoughFiles {
		return 2 * time.Second
	}
	return step
}

func finer(step time.Duration) time.Duration {
	switch step {
	case time.Second:
		return time.Millisecond
	case time.Millisecond:
		return time.Microsecond
	case time.Microsecond:
		return 100
	}
	return 1
}
