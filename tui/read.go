package tui

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// Reading a directory takes two goroutines, so that sorting does not hold up the
// disk or the link:
//
//	tree ── readDir ──▶ intake ──▶ sortAll ──▶ parts ──▶ Update
//
// The first entries are listed with all that is known of them. If they are all
// there are, which is so of most directories, that is the end of it. Else the
// rest is read by name only.

const (
	firstPart = 1024                   // entries that are listed whole
	firstTime = 50 * time.Millisecond  // for how long, from the first one on
	settling  = 100 * time.Millisecond // the longest that the first rows wait for more
	partPause = 100 * time.Millisecond // the least between two parts
	readTurn  = 512                    // names that are read before others have their turn
	firstDraw = 20 * time.Millisecond  // for the first rows to be drawn, before the others are read
)

// part is what the screen is handed.
type part struct {
	blocks []*listing.Block // to be appended
	base   []listing.ID     // all so far, in order
	news   *news            // of a directory that was read before
	err    error
	last   bool
}

// intake is where entries wait for being sorted.
type intake struct {
	wake    chan struct{} // there is something
	settled chan struct{} // closed when there is enough to be shown
	shown   chan struct{} // closed when the first part was handed over
	done    chan struct{} // closed when no more comes

	mu      sync.Mutex
	build   listing.Builder
	full    []*listing.Block
	enough  bool
	over    bool
	err     error
	waiting bool
}

func newIntake() *intake {
	return &intake{wake: make(chan struct{}, 1), settled: make(chan struct{}), shown: make(chan struct{}), done: make(chan struct{}), waiting: true}
}

func (in *intake) add(e session.Entry) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.build.Add(e)
	if in.build.Len() == listing.BlockSize {
		in.full = append(in.full, in.build.Block())
	}
	in.signal()
}

// settle says that there is enough to be shown.
func (in *intake) settle() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.enough {
		in.enough = true
		close(in.settled)
	}
}

// giveWay waits until the first rows are on the screen: a million names keep a
// machine so busy that they would come late.
func (in *intake) giveWay(ctx context.Context) {
	select {
	case <-in.shown:
	case <-ctx.Done():
		return
	}
	select {
	case <-time.After(firstDraw):
	case <-ctx.Done():
	}
}

// end says that no more comes.
func (in *intake) end(err error) {
	in.settle()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.over, in.err = true, err
	close(in.done)
	in.signal()
}

func (in *intake) signal() {
	if in.waiting {
		in.waiting = false
		in.wake <- struct{}{}
	}
}

// take returns what has come since the last time.
func (in *intake) take() (blocks []*listing.Block, over bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.build.Len() > 0 {
		in.full = append(in.full, in.build.Block())
	}
	blocks, in.full = in.full, nil
	in.waiting = true
	return blocks, in.over, in.err
}

// readDir reads a directory into an intake.
func readDir(ctx context.Context, tree session.Tree, dir session.Path, in *intake) {
	listed := make(map[string]struct{})
	var since time.Time
	whole := true
	for e, err := range tree.List(ctx, dir) {
		if err != nil {
			in.end(err)
			return
		}
		if len(listed) == 0 {
			since = time.Now()
		}
		in.add(e)
		listed[e.Name] = struct{}{}
		if len(listed) == firstPart || time.Since(since) > firstTime {
			whole = false
			break
		}
	}
	if whole {
		in.end(nil)
		return
	}
	in.settle()
	in.giveWay(ctx)
	n := 0
	for e, err := range tree.Names(ctx, dir) {
		if err != nil {
			in.end(err)
			return
		}
		if _, ok := listed[e.Name]; ok {
			delete(listed, e.Name)
			continue
		}
		in.add(e)
		if n++; n%readTurn == 0 {
			runtime.Gosched() // a key may be waiting
		}
	}
	in.end(nil)
}

// sortAll hands over what comes in, in order with all that came before. The
// more there is, the longer it takes, and the less often it is done.
func sortAll(ctx context.Context, in *intake, parts chan<- part) {
	if !in.waitForFirst(ctx) {
		return
	}
	var s listing.Sorter
	first := true
	for {
		began := time.Now()
		p := sorted(in, &s)
		cost := time.Since(began)
		if !send(ctx, parts, p) || p.last {
			return
		}
		if first {
			first = false
			close(in.shown)
		}
		in.rest(ctx, min(max(partPause, 4*cost), time.Second))
		select {
		case <-in.wake:
		case <-ctx.Done():
			return
		}
	}
}

// sorted takes what has come, and returns it in order with all that came before.
func sorted(in *intake, s *listing.Sorter) part {
	blocks, over, err := in.take()
	s.Add(blocks...)
	return part{blocks: blocks, base: s.Base(), err: err, last: over}
}

// waitForFirst waits until there is something to be shown.
func (in *intake) waitForFirst(ctx context.Context) bool {
	select {
	case <-in.wake:
	case <-ctx.Done():
		return false
	}
	t := time.NewTimer(settling)
	defer t.Stop()
	select {
	case <-in.settled:
	case <-t.C:
	case <-ctx.Done():
		return false
	}
	return true
}

func send(ctx context.Context, parts chan<- part, p part) bool {
	select {
	case parts <- p:
		return true
	case <-ctx.Done():
		return false
	}
}

// rest lets more come in for some time, or until all is there.
func (in *intake) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-in.done:
	case <-ctx.Done():
	}
}
