package session

import "sync"

// Memory for chunks. A receiver says in Ready how many bytes of chunks it has
// room for, and a sender has no more than that unacknowledged: what it holds in
// memory to read and compress, what is under way, and what the receiver holds
// to verify and write is all part of it, however many streams there are.
const (
	// roomMost is what a transfer gets while the process has as much to give.
	// It is more than a path of 10 Gbit/s keeps under way in 25 ms. A receiver may
	// have twice of it in memory: in buffers of chunks that it has begun to read,
	// and in packets of the same chunks that it has not read yet.
	roomMost = 32 << 20

	// roomTotal is what the transfers of a process share. Those that come when
	// it is given away get roomLeast each.
	roomTotal = 48 << 20
	roomLeast = 4 << 20
)

// A room bounds the bytes that are in use. Who finds it full waits; the first
// one gets in whatever it brings, so that a chunk larger than all of the room
// goes alone.
type room struct {
	mu     sync.Mutex
	freed  sync.Cond
	most   int // bytes
	used   int
	closed bool
}

func newRoom(most int) *room {
	r := &room{most: most}
	r.freed.L = &r.mu
	return r
}

// take takes n bytes, and reports false if the room was closed or dead says
// that the asker has no use for them any more. If it has to wait, it calls idle
// first.
func (r *room) take(n int, dead func() bool, idle func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for told := false; ; {
		switch {
		case r.closed || dead():
			return false
		case r.used == 0 || r.used+n <= r.most:
			r.used += n
			return true
		case !told:
			told = true
			r.mu.Unlock()
			idle()
			r.mu.Lock()
		default:
			r.freed.Wait()
		}
	}
}

func (r *room) give(n int) {
	r.mu.Lock()
	r.used -= n
	r.mu.Unlock()
	r.freed.Broadcast()
}

// lower bounds it further to most bytes, unless that is 0.
func (r *room) lower(most int) {
	r.mu.Lock()
	if most > 0 {
		r.most = min(r.most, most)
	}
	r.mu.Unlock()
}

// bound sets how much there is.
func (r *room) bound(most int) {
	r.mu.Lock()
	r.most = most
	r.mu.Unlock()
	r.freed.Broadcast()
}

// wake has those who wait look whether they are dead.
func (r *room) wake() { r.freed.Broadcast() }

// close ends all waiting.
func (r *room) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.freed.Broadcast()
}

// A stock is what the transfers of a process have to share.
type stock struct {
	mu   sync.Mutex
	left int
}

var chunkStock = stock{left: roomTotal}

// lend returns how many bytes a transfer may use. They are given back by giveBack.
func (s *stock) lend() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(max(s.left*3/4, roomLeast), roomMost)
	s.left -= n
	return n
}

func (s *stock) giveBack(n int) {
	s.mu.Lock()
	s.left += n
	s.mu.Unlock()
}
