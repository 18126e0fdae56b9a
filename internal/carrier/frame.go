package carrier

import (
	"encoding/binary"
	"errors"
)

// Protocol is the ALPN of the connection.
const Protocol = "bargee-relay/1"

// WebProtocol is the ALPN of a connection that begins with a pass of PassSize bytes and
// then is one of HTTP/1.1; see wire.WebOpened.
const (
	WebProtocol = "bargee-http/1"
	PassSize    = 32
)

// Limits of frames.
const (
	MaxPacket  = 1500      // bytes of a packet
	MaxPackets = 64        // of a frame, which is what UDP_SEGMENT takes
	MaxFrame   = 1<<16 - 1 // bytes of its packets
	headSize   = 4
)

// ErrFrame says that what came is no frame.
var ErrFrame = errors.New("not a frame of packets")

// A head says what a frame has.
type head struct {
	segment int // size of all packets but the last, which may be shorter
	size    int // of all together
}

func parseHead(b [headSize]byte) (h head, err error) {
	h = head{int(binary.BigEndian.Uint16(b[:])), int(binary.BigEndian.Uint16(b[2:]))}
	if h.segment == 0 || h.segment > MaxPacket || h.size == 0 || h.size > h.segment*MaxPackets {
		return h, ErrFrame
	}
	if h.size < h.segment {
		return h, ErrFrame // a single packet is as large as it says
	}
	return h, nil
}

func (h head) put(b []byte) {
	binary.BigEndian.PutUint16(b, uint16(h.segment))
	binary.BigEndian.PutUint16(b[2:], uint16(h.size))
}

// room is how many bytes more a frame can take of packets of a size: all of its
// own, or alone a smaller one, which ends it.
func (h head) room(segment int, alone bool) int {
	if h.segment == 0 || h.size%h.segment != 0 || segment > h.segment || segment < h.segment && !alone {
		return 0
	}
	return (min(MaxPackets, MaxFrame/h.segment) - h.size/h.segment) * h.segment
}

// A queue is what waits to be sent: frames, as they go out. It is pure; its
// caller holds the lock.
type queue struct {
	frames []byte
	last   int  // where the last frame begins
	open   bool // there is one, and it may grow
	limit  int  // bytes of frames
}

// add puts packets of one size, the last of which may be shorter, at the end, and
// returns how many bytes of them did not fit.
func (q *queue) add(packets []byte, segment int) (over int) {
	for len(packets) > 0 {
		segment = min(segment, len(packets))
		h, start := q.lastHead()
		fits := h.room(segment, len(packets) == segment)
		if fits == 0 {
			h, start = head{segment: segment}, len(q.frames)
			fits = h.room(segment, true)
		}
		free := q.limit - max(len(q.frames), start+headSize)
		n := min(len(packets), fits)
		if n > free {
			n = max(free, 0) / segment * segment
		}
		if n == 0 {
			return len(packets)
		}
		if h.size == 0 {
			q.frames = append(q.frames, 0, 0, 0, 0)
		}
		q.frames = append(q.frames, packets[:n]...)
		h.size += n
		h.put(q.frames[start:])
		q.last, q.open = start, true
		packets = packets[n:]
	}
	return 0
}

// lastHead is the head of the last frame, and where it is; a zero head: there is
// none that may grow.
func (q *queue) lastHead() (h head, start int) {
	if !q.open {
		return head{}, 0
	}
	return head{int(binary.BigEndian.Uint16(q.frames[q.last:])), int(binary.BigEndian.Uint16(q.frames[q.last+2:]))}, q.last
}

// take takes all frames out and leaves the queue with another buffer.
func (q *queue) take(other []byte) (frames []byte) {
	frames = q.frames
	q.frames, q.open = other[:0], false
	return frames
}
