package transport

import (
	"crypto/rand"
	"sync"
)

// An Errand is what a peer shows that comes to bring one thing, for which a third one
// sent it, and has no grant (Remote.Errand). It is a secret, made by who lets it in
// and handed on by the third. The zero Errand is none.
type Errand [16]byte

// IsZero tells whether e is none.
func (e Errand) IsZero() bool { return e == Errand{} }

// String hides it.
func (e Errand) String() string { return hiddenSecret }

// Errands are those that are awaited. The zero Errands is none, and ready to be used
// from several goroutines.
type Errands struct {
	mu      sync.Mutex
	awaited map[Errand]awaited
}

type awaited struct {
	key  Fingerprint
	take func(Link)
}

// Expect lets the peer with that key in, for as long as it is not cancelled, whatever
// its grants are. Its links do not come out of Endpoint.Accept: each is given to take,
// in a goroutine of its own, which has to close it. They have no Grant.
func (es *Errands) Expect(key Fingerprint, take func(Link)) (e Errand, cancel func()) {
	rand.Read(e[:]) // never fails
	es.mu.Lock()
	defer es.mu.Unlock()
	if es.awaited == nil {
		es.awaited = map[Errand]awaited{}
	}
	es.awaited[e] = awaited{key, take}
	return e, func() {
		es.mu.Lock()
		defer es.mu.Unlock()
		delete(es.awaited, e)
	}
}

// due returns what takes the link of a peer that came for e; nil: nobody does.
func (es *Errands) due(e Errand, key Fingerprint) func(Link) {
	if es == nil {
		return nil
	}
	es.mu.Lock()
	defer es.mu.Unlock()
	if a := es.awaited[e]; a.key == key {
		return a.take
	}
	return nil
}
