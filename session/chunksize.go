package session

import (
	"math/bits"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// A passage is what a receiver knows of the way to it; zero values are not known.
type passage struct {
	rtt     time.Duration
	rate    float64 // bytes a second that came lately
	streams int     // that carry a transfer
	loss    float64 // share of packets
}

const (
	farAway     = 20 * time.Millisecond
	chunkTime   = 50 * time.Millisecond // that a stream takes for a chunk, about
	farChunk    = 128 << 10             // from far away, where nothing else is known, or much is lost
	wholeFile   = 256 << 10             // is one chunk, if it is there within wholeWithin
	fastChunk   = 4 << 20               // the largest for speed's sake
	lossyFrom   = 0.001
	wholeWithin = time.Second
)

// chunkSizeFor returns the chunk size for a file of size bytes, a power of two
// inside lo to hi. A chunk is what a kill, a cut or a dead lane costs, what a
// slow link's progress is counted in, and what the fastest stream waits for at
// the end of a file; but each takes an acknowledgement and a line of the
// journal. So it is what a stream brings in a twentieth of a second. All streams
// together have roomMost. Small files are one chunk, which needs no journal, if
// they are there within a second. Large ones have at most maxChunks.
func chunkSizeFor(size int64, p passage, lo, hi int) int {
	c := defaultChunkSize
	if p.rate > 0 {
		c = powerOfTwo(p.rate * chunkTime.Seconds() / float64(max(p.streams, 1)))
	} else if p.rtt >= farAway {
		c = farChunk
	}
	if p.loss >= lossyFrom {
		c = min(c, farChunk)
	}
	c = min(c, fastChunk, powerOfTwo(roomMost/float64(2*max(p.streams, 1))))
	if size <= wholeFile && (p.rate == 0 || float64(size) < p.rate*wholeWithin.Seconds()) {
		c = max(c, wholeFile)
	}
	c = max(c, minChunkSize)
	for c < maxChunkSize && (layout{size, c}).count() > maxChunks {
		c <<= 1
	}
	return min(max(c, lo), hi)
}

// powerOfTwo returns the largest that is not above x.
func powerOfTwo(x float64) int {
	if x < 1 {
		return 1
	}
	return 1 << (bits.Len64(uint64(min(x, 1<<40))) - 1)
}

// A sounding finds out about the passage of a link, now and then.
type sounding struct {
	mu       sync.Mutex
	at       time.Time
	received uint64
	known    passage
}

const soundEvery = 500 * time.Millisecond

// see returns what is known of the passage with these lanes.
func (s *sounding) see(now time.Time, lanes []transport.LaneStats) passage {
	s.mu.Lock()
	defer s.mu.Unlock()
	passed := now.Sub(s.at)
	if passed < soundEvery || len(lanes) == 0 || lanes[0].Path == transport.PathMemory {
		return s.known
	}
	var received uint64
	for i, l := range lanes {
		received += l.Received
		s.known.loss = max(s.known.loss, l.FEC.Loss) // of what we send, and so perhaps of what comes
		if i == 0 || l.RTT < s.known.rtt {
			s.known.rtt = l.RTT
		}
	}
	s.known.streams = streamsFor(0, len(lanes))
	if !s.at.IsZero() && received > s.received {
		// The fastest counts: a pause says nothing about the link.
		s.known.rate = max(s.known.rate, float64(received-s.received)/passed.Seconds())
	}
	s.at, s.received = now, received
	return s.known
}
