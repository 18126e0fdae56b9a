package transport

import (
	"crypto/rand"
	"slices"
	"syscall"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// An endpoint is the desk of its logins.
var _ desk = (*Endpoint)(nil)

// A place is taken by a client that was admitted.
type place struct {
	since time.Time
	link  *link         // nil until ready is closed
	ready chan struct{} // closed when the login is over
}

func (e *Endpoint) reserve() (linkID, *wire.Refused) {
	var id linkID
	rand.Read(id[:]) // never fails
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.admission().MaxClients; n > 0 && len(e.places) >= n {
		return id, busy(len(e.places), n, e.oldest())
	}
	e.places[id] = place{since: time.Now(), ready: make(chan struct{})}
	return id, nil
}

func (e *Endpoint) oldest() time.Time {
	times := make([]time.Time, 0, len(e.places))
	for _, p := range e.places {
		times = append(times, p.since)
	}
	return slices.MinFunc(times, time.Time.Compare)
}

func (e *Endpoint) release(id linkID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p, ok := e.places[id]; ok {
		delete(e.places, id)
		close(p.ready)
	}
}

func (e *Endpoint) joinable(id linkID, client Fingerprint, lane int) (first [32]byte, ok bool) {
	p, ok := e.placeOf(id)
	if !ok {
		return first, false
	}
	<-p.ready // the client can be faster than our own goroutine
	l := e.placed(id)
	if l == nil || l.peer.Key != client || lane > e.admission().maxLanes() {
		return first, false
	}
	return l.first, true
}

func (e *Endpoint) phraseWait() time.Duration { return e.phrases.wait(time.Now()) }

func (e *Endpoint) phraseWrong() { e.phrases.add(time.Now()) }

// placed returns the link of that id, of ours or of our family's.
func (e *Endpoint) placed(id linkID) *link {
	p, _ := e.placeOf(id)
	return p.link
}

func (e *Endpoint) placeOf(id linkID) (p place, ok bool) {
	e.mu.Lock()
	p, ok = e.places[id]
	family := e.family
	e.mu.Unlock()
	for _, other := range family {
		if ok {
			break
		}
		other.mu.Lock()
		p, ok = other.places[id]
		other.mu.Unlock()
	}
	return p, ok
}

// register makes a link known until it is dead. It fails after Close.
func (e *Endpoint) register(l *link) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.links[l] = struct{}{}
	_, l.askable = e.conn.(syscall.Conn)
	e.wait.Go(func() { e.watchOver(l) })
	return true
}

// registerAdmitted is register for a link that takes a place. The id of a link
// that we dialled is the server's choice, and no place of ours.
func (e *Endpoint) registerAdmitted(l *link) bool {
	if !e.register(l) {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p, ok := e.places[l.id]; ok {
		e.places[l.id] = place{since: p.since, link: l, ready: p.ready}
		close(p.ready)
	}
	return true
}

func (e *Endpoint) unregister(l *link) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.links, l)
	if len(e.links) == 0 && e.cfg.alone != nil {
		e.cfg.alone()
	}
	if e.places[l.id].link == l {
		delete(e.places, l.id)
	}
}
