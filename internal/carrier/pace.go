package carrier

import "time"

// How much waits at most: what goes out in patience, but never less than least.
const (
	patience = 150 * time.Millisecond
	least    = 64 << 10
	window   = 50 * time.Millisecond // of writing, over which it is measured
)

// A pace says how many bytes may wait on a connection, by how fast it took those
// before. It is pure.
type pace struct {
	most  int           // bytes, however fast it is
	rate  int           // bytes a second in the last window; 0: there was none
	bytes int           // written in this window
	busy  time.Duration // and the time that took
}

// see is told how long it took to hand bytes over.
func (p *pace) see(bytes int, took time.Duration) {
	p.bytes += bytes
	if p.busy += took; p.busy >= window {
		p.rate = perSecond(p.bytes, p.busy)
		p.bytes, p.busy = 0, 0
	}
}

// limit is how many bytes may wait.
func (p *pace) limit() int {
	if p.rate == 0 {
		return p.most
	}
	// A window that has more than the last one already need not be over.
	rate := max(p.rate, perSecond(p.bytes, window))
	return max(least, min(p.most, int(float64(rate)*patience.Seconds())))
}

func perSecond(bytes int, took time.Duration) int {
	return max(1, int(float64(bytes)/took.Seconds()))
}
