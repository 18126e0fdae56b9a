package session

import "time"

// A meter measures a rate over the last seconds. It is told how much there is
// at a moment and forgets what is older than its window; it starts no clock.
type meter struct {
	samples []sample // one per step at the most, the oldest first
}

type sample struct {
	at    time.Time
	total int64
}

const (
	meterWindow = 5 * time.Second
	meterStep   = 250 * time.Millisecond
	// Before this much was seen, a rate says more about the start than about
	// what will come, and no time is foretold from it.
	meterStable = time.Second
)

// add tells that at now total has been done.
func (m *meter) add(now time.Time, total int64) {
	if n := len(m.samples); n > 1 && now.Sub(m.samples[n-2].at) < meterStep {
		m.samples[n-1] = sample{now, total}
	} else {
		m.samples = append(m.samples, sample{now, total})
	}
	old := 0
	for old < len(m.samples)-2 && now.Sub(m.samples[old+1].at) >= meterWindow {
		old++
	}
	m.samples = append(m.samples[:0], m.samples[old:]...)
}

// reset forgets everything, as after a pause.
func (m *meter) reset() { m.samples = m.samples[:0] }

// rate returns what was done per second up to now, over the window.
func (m *meter) rate(now time.Time) float64 {
	if len(m.samples) == 0 {
		return 0
	}
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	d := now.Sub(first.at).Seconds()
	if d <= 0 || now.Sub(last.at) > meterWindow {
		return 0
	}
	return max(0, float64(last.total-first.total)/d)
}

// eta returns how long left will take at the present rate, or -1 if that
// cannot be said yet.
func (m *meter) eta(now time.Time, left int64) time.Duration {
	if left <= 0 {
		return 0
	}
	r := m.rate(now)
	if r < 1 || now.Sub(m.samples[0].at) < meterStable {
		return -1
	}
	return timeFor(left, r)
}

// timeFor returns how long left takes at so many bytes a second, or -1 if that
// is no answer.
func timeFor(left int64, perSecond float64) time.Duration {
	if s := float64(left) / perSecond; perSecond >= 1 && s < 100*365*24*3600 {
		return time.Duration(s * float64(time.Second)).Round(time.Second)
	}
	return -1
}
