package session

import (
	"context"
	"slices"
	"sync"

	"github.com/bargee/bargee/transport"
)

// A pool hands out the chunks that are to be sent, to as many data streams as
// ask, the file that was wanted first going first. A chunk whose stream died is
// put back to the front.
type pool struct {
	mu     sync.Mutex
	more   sync.Cond
	files  []*outFile // that have chunks to send
	closed bool

	// What goes by way of who asked for the transfer is to wait: there is a straight
	// way to the receiver, or may be at once.
	diverts bool
}

func newPool() *pool {
	p := &pool{}
	p.more.L = &p.mu
	return p
}

// add tells that f has chunks to send; a file that is in the pool stays where
// it is.
func (p *pool) add(f *outFile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !f.pooled {
		f.pooled = true
		p.files = append(p.files, f)
	}
	p.more.Broadcast()
}

// again puts chunk i of f back, ahead of all others.
func (p *pool) again(f *outFile, i uint64) {
	f.mu.Lock()
	f.todo.add(i)
	f.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !f.pooled {
		f.pooled = true
		p.files = slices.Insert(p.files, 0, f)
	}
	p.more.Broadcast()
}

// divert has those who send by way of the asker wait, or go on.
func (p *pool) divert(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.diverts = yes
	p.more.Broadcast()
}

// next returns a chunk to send on st, stream number id. It waits for one, calling idle first, and
// reports false when the transfer is over or dead says that st is.
func (p *pool) next(st transport.Stream, id int, dead func() bool, idle func()) (f *outFile, i uint64, ok bool) {
	takeTurn(context.Background(), st)
	p.mu.Lock()
	defer p.mu.Unlock()
	told := false
	for {
		if p.closed || dead() {
			return nil, 0, false
		}
		for len(p.files) > 0 && (!p.diverts || id > maxStreams) {
			f := p.files[0]
			if i, ok := f.take(); ok {
				return f, i, true
			}
			f.pooled = false
			p.files = p.files[1:]
		}
		if !told {
			told = true
			p.mu.Unlock()
			idle()
			p.mu.Lock()
			continue
		}
		p.more.Wait()
		p.mu.Unlock()
		takeTurn(context.Background(), st)
		p.mu.Lock()
	}
}

// wake has those who wait look whether their streams are dead.
func (p *pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more.Broadcast()
}

// close ends all waiting.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.more.Broadcast()
}

// take takes the first chunk of f that is to be sent.
func (f *outFile) take() (uint64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return 0, false
	}
	i, ok := f.todo.takeFirst()
	if ok {
		f.owed.remove(i)
	}
	return i, ok
}
