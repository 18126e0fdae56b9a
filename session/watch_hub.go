package session

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"
)

const (
	maxWatched = 256 // directories, of a process
	maxChanged = 256 // names in one Change
)

// watches are what this process watches: the system lets it have few places to
// be told at, and as many watchers of a directory as there are share one.
var watches hub

// A hub hears of what changes in directories, and tells who wants to know. Its
// goroutine runs while there is anybody.
type hub struct {
	changing sync.Mutex // held while somebody comes or goes; never taken by the goroutine
	notify   *fsnotify.Watcher

	mu     sync.Mutex
	byKey  map[string]*watched
	byName map[string]*watched
}

// A watched directory, by what the system tells it apart by, and the name that
// it was given for what changes in it.
type watched struct {
	key, name string
	ears      map[*ear]struct{}
}

// An ear is somebody who wants to know of a directory.
type ear struct {
	of   *watched
	wake chan struct{} // there is something to take

	mu    sync.Mutex
	names map[string]struct{}
	again bool
	over  bool
}

// join has an ear told of what changes in dir, until it leaves.
func (h *hub) join(dir *os.Root) (*ear, error) {
	key, err := watchKey(dir)
	if err != nil {
		return nil, err
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	e := &ear{wake: make(chan struct{}, 1)}
	h.mu.Lock()
	w := h.byKey[key]
	if w != nil {
		e.of, w.ears[e] = w, struct{}{}
	}
	full := len(h.byKey) >= maxWatched
	h.mu.Unlock()
	switch {
	case w != nil:
		return e, nil
	case full:
		return nil, newError(Refused, Path{}, "%d directories are watched already", maxWatched)
	}
	if err := h.begin(); err != nil {
		return nil, whyNoWatch(err)
	}
	if err := h.watch(dir, key, e); err != nil {
		h.endIfIdle()
		return nil, whyNoWatch(err)
	}
	return e, nil
}

// begin opens the system's ear, if it is not open.
func (h *hub) begin() error {
	if h.notify != nil {
		return nil
	}
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	h.notify = n
	h.mu.Lock() // the goroutine before may still be about its last word
	defer h.mu.Unlock()
	h.byKey, h.byName = make(map[string]*watched), make(map[string]*watched)
	go h.run(n)
	return nil
}

// watch has the system tell of dir.
func (h *hub) watch(dir *os.Root, key string, e *ear) error {
	name, release, err := watchName(dir, func(name string) bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.byName[name] != nil
	})
	if err != nil {
		return err
	}
	defer release()
	e.of = &watched{key: key, name: name, ears: map[*ear]struct{}{e: {}}}
	h.mu.Lock()
	h.byKey[key], h.byName[name] = e.of, e.of
	h.mu.Unlock()
	if err := h.notify.Add(name); err != nil {
		h.mu.Lock()
		h.forget(e.of)
		h.mu.Unlock()
		return err
	}
	return nil
}

// forget takes w out; h.mu is held.
func (h *hub) forget(w *watched) {
	if h.byName[w.name] == w {
		delete(h.byName, w.name)
		delete(h.byKey, w.key)
	}
}

// leave ends what join began.
func (h *hub) leave(e *ear) {
	h.changing.Lock()
	defer h.changing.Unlock()
	h.mu.Lock()
	w := e.of
	delete(w.ears, e)
	last := len(w.ears) == 0 && h.byName[w.name] == w
	if last {
		h.forget(w)
	}
	h.mu.Unlock()
	if last {
		_ = h.notify.Remove(w.name) // it may be gone by itself
	}
	h.endIfIdle()
}

// endIfIdle closes the system's ear when nothing is watched.
func (h *hub) endIfIdle() {
	h.mu.Lock()
	idle := len(h.byKey) == 0
	h.mu.Unlock()
	if idle && h.notify != nil {
		h.notify.Close()
		h.notify = nil
	}
}

// run hands on what the system tells, until n is closed.
func (h *hub) run(n *fsnotify.Watcher) {
	for {
		select {
		case e, ok := <-n.Events:
			if !ok {
				return
			}
			h.tell(e)
		case err, ok := <-n.Errors:
			if !ok {
				return
			}
			if err != nil { // that there was more than the system keeps, or some such
				h.tellAll()
			}
		}
	}
}

func (h *hub) tell(e fsnotify.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.byName[e.Name]; w != nil {
		if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
			h.forget(w)
			for r := range w.ears {
				r.end()
			}
		}
		return
	}
	i := strings.LastIndexByte(e.Name, filepath.Separator)
	if i < 0 {
		return
	}
	if w := h.byName[e.Name[:i]]; w != nil {
		for r := range w.ears {
			r.add(e.Name[i+1:])
		}
	}
}

func (h *hub) tellAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.byKey {
		for r := range w.ears {
			r.add("")
		}
	}
}

// add notes that name changed; "" stands for any.
func (e *ear) add(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.again:
	case name == "" || len(e.names) == maxChanged:
		e.again, e.names = true, nil
	default:
		if e.names == nil {
			e.names = make(map[string]struct{})
		}
		e.names[name] = struct{}{}
	}
	e.call()
}

// end notes that there is nothing more to be told.
func (e *ear) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	e.call()
}

func (e *ear) call() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// take returns what was noted since the last time, and whether that was all.
func (e *ear) take() (c Change, over bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c.Again, over = e.again, e.over
	for name := range e.names {
		c.Names = append(c.Names, name)
	}
	e.again, e.names = false, nil
	return c, over
}

// whyNoWatch returns why the system watches nothing more, and what helps.
func whyNoWatch(err error) error {
	if why := watchLimit(err); why != "" {
		return newError(Refused, Path{}, "%s", why)
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return errors.ErrUnsupported // the name is ours, not the directory's: without /proc there is none
	}
	return err
}
