package transport

import "time"

// A fecProber finds out whether packets with headers get through. QUIC's own
// discovery of the path's MTU (RFC 8899) is done without headers and ends up to
// 20 bytes below the MTU: a packet that grows by a header may be too long.
type fecProber struct {
	limit int // largest packet with a header that arrived; 0: none
	tries int
	at    time.Time
}

// probeSizes are tried, the largest first: all that QUIC could send, its packets
// on paths with 1,400 bytes (tunnels), and those on a path that carries no more
// than QUIC demands.
var probeSizes = []int{1452 + fecHeader, 1360 + fecHeader, 1280 + fecHeader}

const (
	probesEach  = 3
	probePeriod = 30 * time.Second // between rounds, when nothing arrived
)

// next returns the size of a probe, if one is to be sent now.
func (p *fecProber) next(now time.Time, rtt time.Duration) (size int, ok bool) {
	if p.limit > 0 || now.Before(p.at) {
		return 0, false
	}
	size = probeSizes[min(p.tries/probesEach, len(probeSizes)-1)]
	if p.tries++; p.tries < probesEach*len(probeSizes) {
		p.at = now.Add(2*rtt + 50*time.Millisecond)
	} else {
		p.tries, p.at = 0, now.Add(probePeriod)
	}
	return size, true
}

// arrived takes the answer.
func (p *fecProber) arrived(size int) { p.limit = max(p.limit, size) }

// fits tells whether packets of that size, with headers, get through.
func (p *fecProber) fits(size int) bool { return size <= p.limit }
