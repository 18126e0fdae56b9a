package session

import (
	"slices"
	"sync"
)

// moved collects what a move has brought to its destination and still has to
// remove at the source.
type moved struct {
	mu    sync.Mutex
	items []Item
}

// note remembers it, if it is at the destination now, and passes it on.
func (m *moved) note(observe func(Item)) func(Item) {
	return func(it Item) {
		if it.Result == Copied || it.Result == Resumed || it.Result == Unchanged {
			m.mu.Lock()
			m.items = append(m.items, Item{Path: it.Path, Kind: it.Kind})
			m.mu.Unlock()
		}
		if observe != nil {
			observe(it)
		}
	}
}

// list returns what is to be removed; forget says that all of it was.
func (m *moved) list() []Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.items)
}

func (m *moved) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = nil
}
