package tui

import "time"

// On a slow line (Options.Slow, or a terminal that did not keep up a moment ago)
// keys are answered at once as ever, but what moves by itself does so seldom:
// a frame of eight streams is about 1 KB at 160x48.
const (
	slowFrames   = 20                      // frames a second at most, while keys are pressed
	slowInterval = 2500 * time.Millisecond // between looks at what runs
	slowFor      = 30 * time.Second
)

// spared is the pause before the next look at the engine, stretched where the
// line is slow.
func (a *App) spared(pause time.Duration) time.Duration {
	if a.opts.Slow || a.now().Before(a.slowUntil) {
		return max(pause, slowInterval)
	}
	return pause
}
