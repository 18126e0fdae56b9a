package relay

import "sync"

// A hold keeps the first packets for a leg that is not bound yet: the two of a
// session hear of it at the same time, and who is nearer to the relay would lose
// the beginning of its handshake, and some hundred milliseconds with it. Once taken
// it holds nothing more: what comes later for a leg without an address is lost.
type hold struct {
	mu    sync.Mutex
	kept  [][]byte
	taken bool
}

// mostHeld is how many packets are held: those of a handshake's first flight.
const mostHeld = 4

// put keeps the packets of a buffer; false: they are not held.
func (h *hold) put(b []byte, segment int) (held bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.taken || len(h.kept)+(len(b)+segment-1)/segment > mostHeld || segment > maxHeld {
		return false
	}
	for len(b) > 0 {
		n := min(segment, len(b))
		h.kept = append(h.kept, append([]byte(nil), b[:n]...))
		b = b[n:]
	}
	return true
}

// maxHeld is the size of QUIC's largest packets.
const maxHeld = 1500

// take returns what is held, once.
func (h *hold) take() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.kept
	h.kept, h.taken = nil, true
	return kept
}
