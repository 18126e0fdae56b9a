package tui

import (
	"math"
	"time"

	"github.com/bargee/bargee/session"
)

// figures are the numbers of a transfer as they stand on the screen. Measured,
// they tremble all the time; shown, each changes at most once a second, and only
// if it says something else than before: that is calmer, and costs fewer bytes.
type figures struct {
	at      time.Time // when they were looked at last
	rate    float64
	eta     time.Duration // negative: it cannot be told yet
	since   time.Time     // since when a time left could be told
	streams []streamFigure
}

// A streamFigure is a stream as it stands on the screen.
type streamFigure struct {
	id, lane int
	file     session.Path // the root: it is idle
	share    float64      // of its part of the file, 0 to 1
	rate     float64
}

const (
	figureStep   = time.Second
	figureFresh  = 2 * time.Second // after its start: what is a second old would be far off then
	figureWorth  = 0.06            // a rate that changed by less stays as it is
	etaStable    = 3 * time.Second // how long a time left must have been known before it is shown
	etaTolerance = 0.10            // and how far off it may be before it is corrected
)

// look takes in what was measured, if it is time to.
func (f *figures) look(t *session.Transfer, now time.Time) {
	due := f.at.IsZero() || now.Sub(f.at) >= figureStep-figureStep/8
	due = due || (f.rate > 0) != (t.Rate > 0) || len(t.Streams) != len(f.streams) // it began, or stopped: that is told at once
	age := now.Sub(t.Started)
	if fresh := age >= 0 && age < figureFresh; !due && !fresh {
		return
	}
	if due {
		f.lookETA(t, now)
		f.at = now
	}
	f.rate = steady(f.rate, t.Rate)
	old := f.streams
	f.streams = make([]streamFigure, len(t.Streams))
	for i, s := range t.Streams {
		now := streamFigure{s.ID, s.Lane, s.File, share(t, s), s.Rate}
		for _, o := range old {
			if o.id == s.ID {
				now.rate = steady(o.rate, s.Rate)
			}
		}
		f.streams[i] = now
	}
}

// lookETA lets the time left run down by the clock, and corrects it if what is
// measured says otherwise. While it is counted what there is, or just after the
// start, there is none.
func (f *figures) lookETA(t *session.Transfer, now time.Time) {
	if t.ETA < 0 || !t.Counted {
		f.eta, f.since = -1, time.Time{}
		return
	}
	if f.since.IsZero() {
		f.since, f.eta = now, -1
	}
	if now.Sub(f.since) < etaStable {
		return
	}
	expected := f.eta - now.Sub(f.at)
	off := (expected - t.ETA).Abs()
	if f.eta >= 0 && expected >= 0 && off <= max(time.Duration(etaTolerance*float64(t.ETA)), time.Second) {
		f.eta = expected
		return
	}
	f.eta = t.ETA
}

// steady returns the new figure if it is worth a change.
func steady(old, new float64) float64 {
	if math.Abs(new-old) <= figureWorth*old {
		return old
	}
	return new
}

// shownETA is a time left as it is written: to the second when it is near, else
// in steps that are no finer than the guess.
func shownETA(d time.Duration) time.Duration {
	step := time.Second
	switch {
	case d < 0:
		return d
	case d >= time.Hour:
		step = time.Minute
	case d >= 10*time.Minute:
		step = 10 * time.Second
	case d >= 2*time.Minute:
		step = 5 * time.Second
	}
	return d.Round(step)
}
