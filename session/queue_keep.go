package session

import (
	"sort"
	"sync"
	"time"
)

// A keeper writes what changes in the queue to its Store: all that came while it
// wrote what came before, in one go. Who tells a person that something is done
// awaits it first; a transfer never does.
//
// While writing fails, the queue goes on in memory and what is to be written is
// kept, one record for each transfer.
type keeper struct {
	store Store
	gate  sync.Locker  // Engine.mu: what changes under it at once is written at once
	tell  func(string) // a notice; called without a lock

	mu       sync.Mutex
	pending  map[TransferID]*Record
	writing  map[TransferID]*Record // taken out of pending, and not yet in the store
	settings *Settings
	asked    int64 // number of the last change
	kept     int64 // number of the last one that is in the store
	failing  error
	changed  chan struct{} // closed when kept or failing is another one
	wake     chan struct{}
	stop     chan struct{}
	stopped  chan struct{}
}

const (
	// keepPatience is how long a person is kept waiting for a store that hangs.
	keepPatience = 5 * time.Second

	// keepAgain is when writing is tried again that failed.
	keepAgain = 5 * time.Second
)

func newKeeper(s Store, gate sync.Locker, tell func(string)) *keeper {
	k := &keeper{
		store: s, gate: gate, tell: tell, pending: map[TransferID]*Record{}, changed: make(chan struct{}),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go k.run()
	return k
}

// put asks for a change to be written. A nil keeper keeps nothing.
func (k *keeper) put(r *Record) {
	if k == nil || r.ID < 0 { // see KeepLater
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if old := k.pending[r.ID]; old != nil {
		old.merge(r)
	} else {
		k.pending[r.ID] = r
	}
	k.stir()
}

func (k *keeper) set(s Settings) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.settings = &s
	k.stir()
}

// stir wakes the writer; k.mu is held.
func (k *keeper) stir() {
	k.asked++
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// await waits until all is written that was asked for up to now, or cannot be.
func (k *keeper) await() {
	if k == nil {
		return
	}
	var late <-chan time.Time
	k.mu.Lock()
	for asked := k.asked; k.kept < asked && k.failing == nil; {
		changed := k.changed
		k.mu.Unlock()
		if late == nil {
			timer := time.NewTimer(keepPatience)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-changed:
		case <-late:
			return
		}
		k.mu.Lock()
	}
	k.mu.Unlock()
}

// unsaved returns those of ids that are not in the store as they are now.
func (k *keeper) unsaved() (ids map[TransferID]bool) {
	ids = map[TransferID]bool{}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range []map[TransferID]*Record{k.pending, k.writing} {
		for id := range m {
			ids[id] = true
		}
	}
	return ids
}

func (k *keeper) run() {
	defer close(k.stopped)
	for last := false; !last; {
		select {
		case <-k.wake:
		case <-k.stop:
			last = true
		}
		if err := k.write(); err != nil && !last {
			select {
			case <-time.After(keepAgain):
			case <-k.stop:
			}
			k.mu.Lock()
			k.stir()
			k.mu.Unlock()
		}
	}
}

// write writes what is pending. It is in writing until it is written, since a
// reader of the store must know what is newer than that.
func (k *keeper) write() error {
	k.gate.Lock()
	k.mu.Lock()
	asked, settings, was := k.asked, k.settings, k.failing
	k.writing, k.pending = k.pending, map[TransferID]*Record{}
	batch := make([]Record, 0, len(k.writing))
	for _, r := range k.writing {
		batch = append(batch, *r)
	}
	k.mu.Unlock()
	k.gate.Unlock()
	sort.Slice(batch, func(i, j int) bool { return batch[i].ID < batch[j].ID })
	var err error
	if len(batch) > 0 || settings != nil {
		err = k.store.Write(batch, settings)
	}
	k.mu.Lock()
	k.failing = err
	if err == nil {
		k.kept = asked
		if k.settings == settings {
			k.settings = nil
		}
	} else {
		k.putBack()
	}
	k.writing = nil
	close(k.changed)
	k.changed = make(chan struct{})
	k.mu.Unlock()
	switch {
	case err != nil && was == nil:
		k.tell("the queue is not being saved, and goes on in memory: " + Display(plain(err).Error()))
	case err == nil && was != nil:
		k.tell("the queue is being saved again")
	}
	return err
}

// putBack makes pending what could not be written; k.mu is held.
func (k *keeper) putBack() {
	for id, r := range k.writing {
		if newer := k.pending[id]; newer != nil {
			r.merge(newer)
		}
		k.pending[id] = r
	}
}

// close writes the rest and closes the store.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	close(k.stop)
	<-k.stopped
	return k.store.Close()
}
