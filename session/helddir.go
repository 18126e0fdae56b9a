package session

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// heldDirs keeps the directories of a tree open that were used last, so that
// ten thousand files in one of them cost one walk. A directory that is held
// stays the one it was, whatever is done to its name.
type heldDirs struct {
	tree   *Dir
	opened func(Path) // called for each directory with something in it, when it is opened; may be nil

	mu   sync.Mutex
	over bool // after close nothing is held any more
	open map[Path]*heldDir
	idle []*heldDir // held by nobody, the oldest first
}

// A heldDir is an open directory; release gives it back.
type heldDir struct {
	root *os.Root
	dot  *os.File // root once more, as a descriptor
	path Path
	uses int

	// fresh: there was nothing in it when it was opened, so that what a
	// transfer brings need not be looked for first. A partial that is kept ends it.
	fresh   atomic.Bool
	unnamed atomic.Bool // put does not work here
	looked  bool        // for what is in it
}

// maxIdle is how many directories stay open that nobody uses.
const maxIdle = 32

func newHeldDirs(tree *Dir) *heldDirs {
	return &heldDirs{tree: tree, open: make(map[Path]*heldDir)}
}

// hold opens the directory p, or returns it if it is open.
func (h *heldDirs) hold(p Path) (d *heldDir, err error) {
	err = h.patiently(func() error {
		d, err = h.holdNow(p)
		return err
	})
	return d, err
}

// patiently opens something. Where the process has as many files open as it may
// have, the directories that nobody uses are closed and the transfer's other
// goroutines are given some seconds to be done with theirs.
func (h *heldDirs) patiently(open func() error) error {
	const patience, pause = 5 * time.Second, 10 * time.Millisecond
	err := open()
	for waited := time.Duration(0); waited < patience && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)); waited += pause {
		if !h.closeIdle() {
			<-time.After(pause)
		}
		err = open()
	}
	return err
}

// closeIdle closes the directories that nobody uses, and reports whether there
// were any.
func (h *heldDirs) closeIdle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	idle := h.idle
	h.idle = nil
	for _, d := range idle {
		h.drop(d)
	}
	return len(idle) > 0
}

func (h *heldDirs) holdNow(p Path) (*heldDir, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d, ok := h.open[p]; ok {
		if d.uses == 0 {
			h.idle = remove(h.idle, d)
		}
		d.uses++
		h.look(d)
		return d, nil
	}
	d, err := h.openNow(p)
	if err != nil {
		return nil, err
	}
	d.uses = 1
	h.look(d)
	return d, nil
}

// look finds out whether anything is in d, once; h.mu is held.
func (h *heldDirs) look(d *heldDir) {
	if d.looked || h.opened == nil {
		return
	}
	d.looked = true
	if isEmpty(d.dot) {
		d.fresh.Store(true)
	} else {
		h.opened(d.path)
	}
}

// openNow opens the directory p by way of the one that it is in, which stays open as
// well: next to a directory that a transfer comes to there are others. h.mu is held.
func (h *heldDirs) openNow(p Path) (*heldDir, error) {
	parent, name := p.Split()
	if name == "" || h.tree.host != nil { // a Host follows links
		return h.openFar(p)
	}
	if err := h.tree.vet(name); err != nil {
		return nil, about(p, err)
	}
	in, err := h.open[parent], error(nil)
	if in == nil {
		if in, err = h.openFar(parent); err != nil {
			return nil, err
		}
		defer h.rest(in)
	}
	d := &heldDir{path: p}
	if d.root, d.dot, err = in.enter(name); err != nil {
		return nil, about(p, err)
	}
	h.open[p] = d
	return d, nil
}

// openFar opens the directory p from the root on; h.mu is held.
func (h *heldDirs) openFar(p Path) (*heldDir, error) {
	if h.over {
		return nil, fs.ErrClosed
	}
	root, err := h.tree.open(p)
	if err != nil {
		return nil, err
	}
	dot, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, err
	}
	d := &heldDir{root: root, dot: dot, path: p}
	h.open[p] = d
	return d, nil
}

// release gives d back.
func (h *heldDirs) release(d *heldDir) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.uses--; d.uses == 0 {
		h.rest(d)
	}
}

// rest keeps d, which nobody uses, for a while; h.mu is held.
func (h *heldDirs) rest(d *heldDir) {
	if h.over {
		h.drop(d)
		return
	}
	h.idle = append(h.idle, d)
	if len(h.idle) > maxIdle {
		h.drop(h.idle[0])
		h.idle = h.idle[1:]
	}
}

// drop closes d; h.mu is held.
func (h *heldDirs) drop(d *heldDir) {
	d.dot.Close()
	d.root.Close()
	delete(h.open, d.path)
}

// close closes all directories, those that are held when they are released.
func (h *heldDirs) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	for _, d := range h.idle {
		h.drop(d)
	}
	h.idle = nil
}

func remove(s []*heldDir, d *heldDir) []*heldDir {
	for i := range s {
		if s[i] == d {
			return append(s[:i], s[i+1:]...)
		}
	}
	return s
}
