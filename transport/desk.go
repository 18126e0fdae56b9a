package transport

import (
	"crypto/rand"
	"slices"
	"sync"
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

// A book has the links that were admitted: by an endpoint, and by those that stand
// for it at relays. What limits how many there are, or how many phrases are tried,
// counts all of them.
type book struct {
	mu      sync.Mutex
	places  map[linkID]place
	phrases tries
}

func newBook() *book { return &book{places: map[linkID]place{}} }

// bookOf is the book of an endpoint with that Config.
func bookOf(cfg Config) *book {
	if cfg.direct != nil {
		return cfg.direct.book
	}
	return newBook()
}

func (e *Endpoint) reserve() (linkID, *wire.Refused) {
	var id linkID
	rand.Read(id[:]) // never fails
	b := e.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := e.admission().MaxClients; n > 0 && len(b.places) >= n {
		return id, busy(len(b.places), n, b.oldest())
	}
	b.places[id] = place{since: time.Now(), ready: make(chan struct{})}
	return id, nil
}

func (b *book) oldest() time.Time {
	times := make([]time.Time, 0, len(b.places))
	for _, p := range b.places {
		times = append(times, p.since)
	}
	return slices.MinFunc(times, time.Time.Compare)
}

func (e *Endpoint) release(id linkID) {
	e.book.mu.Lock()
	defer e.book.mu.Unlock()
	if p, ok := e.book.places[id]; ok {
		delete(e.book.places, id)
		close(p.ready)
	}
}

func (b *book) find(id linkID) (p place, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok = b.places[id]
	return p, ok
}

// enter notes the link of a place.
func (b *book) enter(l *link) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, ok := b.places[l.id]; ok {
		b.places[l.id] = place{since: p.since, link: l, ready: p.ready}
		close(p.ready)
	}
}

// strike frees the place of a link.
func (b *book) strike(l *link) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.places[l.id].link == l {
		delete(b.places, l.id)
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

func (e *Endpoint) phraseWait() time.Duration { return e.book.phrases.wait(time.Now()) }

func (e *Endpoint) phraseWrong() { e.book.phrases.add(time.Now()) }

// placed returns the link of that id, of ours or of our family's.
func (e *Endpoint) placed(id linkID) *link {
	p, _ := e.placeOf(id)
	return p.link
}

func (e *Endpoint) placeOf(id linkID) (p place, ok bool) {
	if p, ok = e.book.find(id); ok {
		return p, ok
	}
	e.mu.Lock()
	family := e.family
	e.mu.Unlock()
	for _, other := range family {
		if p, ok = other.book.find(id); ok {
			break
		}
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
	e.book.enter(l)
	return true
}

func (e *Endpoint) unregister(l *link) {
	e.mu.Lock()
	delete(e.links, l)
	alone := len(e.links) == 0
	e.mu.Unlock()
	if l.home.from == nil {
		e.book.strike(l)
	}
	if alone && e.cfg.alone != nil {
		e.cfg.alone()
	}
}
