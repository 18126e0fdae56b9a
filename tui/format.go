package tui

import (
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// sizeText writes bytes in at most five cells, as ls -h does.
func sizeText(n int64) cells.Text {
	if n < 1024 {
		return cells.Sayf("%dB", n)
	}
	v := float64(n)
	for _, unit := range "KMGTPE" {
		v /= 1024
		switch {
		case v < 99.95:
			return cells.Sayf("%.1f%c", v, unit)
		case v < 999.5:
			return cells.Sayf("%.0f%c", v, unit)
		}
	}
	return cells.Say("huge")
}

// rateText writes bytes a second in the units of networks.
func rateText(r float64) cells.Text {
	switch {
	case r < 0.5:
		return cells.Say("0 B/s")
	case r < 999.5:
		return cells.Sayf("%.0f B/s", r)
	}
	for _, unit := range "kMGT" {
		r /= 1000
		switch {
		case r < 9.95:
			return cells.Sayf("%.1f %cB/s", r, unit)
		case r < 999.5:
			return cells.Sayf("%.0f %cB/s", r, unit)
		}
	}
	return cells.Say("fast")
}

// shortRate is rateText in at most five cells.
func shortRate(r float64) cells.Text {
	for _, unit := range " kMGT" {
		if r < 999.5 {
			if unit == ' ' {
				return cells.Sayf("%.0fB/s", r)
			}
			return cells.Sayf("%.0f%c/s", r, unit)
		}
		r /= 1000
	}
	return cells.Say("fast")
}

// etaText writes what is left as mm:ss or h:mm:ss.
func etaText(d time.Duration) cells.Text {
	if d < 0 {
		return cells.Say("--:--")
	}
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s >= 100*3600:
		return cells.Sayf("%dd %02dh", s/86400, s/3600%24)
	case s >= 3600:
		return cells.Sayf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return cells.Sayf("%02d:%02d", s/60, s%60)
}

// dateText writes a time in six cells: the day, or the year of what is old.
func dateText(t, now time.Time) cells.Text {
	if t.IsZero() || t.Unix() == 0 {
		return cells.Say("")
	}
	t = t.In(now.Location())
	if age := now.Sub(t); age > 300*24*time.Hour || age < -24*time.Hour {
		return cells.Sayf("%6d", t.Year())
	}
	return cells.Sayf("%2d %s", t.Day(), t.Format("Jan"))
}

// dateTimeText writes a time in twelve cells.
func dateTimeText(t, now time.Time) cells.Text {
	if t.IsZero() || t.Unix() == 0 {
		return cells.Say("")
	}
	t = t.In(now.Location())
	if age := now.Sub(t); age > 300*24*time.Hour || age < -24*time.Hour {
		return cells.Sayf("%2d %s  %d", t.Day(), t.Format("Jan"), t.Year())
	}
	return cells.Sayf("%2d %s %s", t.Day(), t.Format("Jan"), t.Format("15:04"))
}

// sizeColumn is what stands in the size column of an entry.
func sizeColumn(e session.Entry) cells.Text {
	switch e.Kind {
	case session.Directory:
		return cells.Say("DIR")
	case session.Link:
		return cells.Say("LINK")
	case session.Other:
		return cells.Say("SPEC")
	}
	if e.Size < 0 {
		return cells.Say("") // not known yet
	}
	return sizeText(e.Size)
}

// countText writes a count with its noun, which takes an s for many.
func countText(n int64, noun cells.Text) cells.Text {
	if n == 1 {
		return cells.Sayf("1 %s", noun)
	}
	return cells.Sayf("%s %ss", groupText(n), noun)
}

// groupText writes a number with its thousands apart.
func groupText(n int64) cells.Text {
	if n < 1000 {
		return cells.Sayf("%d", n)
	}
	return cells.Sayf("%s,%03d", groupText(n/1000), n%1000)
}

// percent returns how much of total is done, 100 only when all of it is.
func percent(done, total int64) int {
	switch {
	case total <= 0:
		return 0
	case done >= total:
		return 100
	}
	return min(int(float64(done)/float64(total)*100), 99)
}
