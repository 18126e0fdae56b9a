package tui

import (
	"io"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
)

// output stands between Bubble Tea and the terminal and never lets it wait. A
// terminal that stops reading (Ctrl-S, a dead ssh link, a suspended laptop)
// would else stop the whole loop, since the renderer holds its lock while it
// writes.
//
// It takes whole frames into a small backlog that a goroutine writes out. When
// that is full it drops frames, all of them, until the terminal has read the
// backlog; a frame only makes sense after the one before it, so the screen is
// then drawn anew: see drainedMsg.
type output struct {
	w io.Writer

	mu       sync.Mutex
	wake     *sync.Cond
	backlog  []byte
	writing  bool
	dropping bool
	closed   bool
	err      error

	drained chan struct{} // gets a value when all was written after a drop
	idle    chan struct{} // closed when the goroutine is over
}

// maxBacklog is what an output holds at most for a terminal that does not read:
// several full frames of a large one.
const maxBacklog = 64 << 10

func newOutput(w io.Writer) *output {
	o := &output{w: w, drained: make(chan struct{}, 1), idle: make(chan struct{})}
	o.wake = sync.NewCond(&o.mu)
	go o.run()
	return o
}

// Write takes a frame, or drops it; it never waits.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return 0, o.err
	case o.dropping && !o.closed:
		return len(p), nil
	case len(o.backlog)+len(p) > maxBacklog && len(o.backlog) > 0:
		o.dropping = true
		return len(p), nil
	}
	o.backlog = append(o.backlog, p...)
	o.wake.Broadcast()
	return len(p), nil
}

// run writes the backlog out until Close.
func (o *output) run() {
	defer close(o.idle)
	o.mu.Lock()
	defer o.mu.Unlock()
	var batch []byte
	for {
		for len(o.backlog) == 0 && !o.closed {
			o.wake.Wait()
		}
		if len(o.backlog) == 0 || o.err != nil {
			return
		}
		batch, o.backlog = o.backlog, batch[:0]
		o.writing = true
		o.mu.Unlock()
		_, err := o.w.Write(batch)
		o.mu.Lock()
		o.writing, o.err = false, err
		o.wake.Broadcast()
		if o.dropping && len(o.backlog) == 0 {
			o.dropping = false
			select {
			case o.drained <- struct{}{}:
			default:
			}
		}
	}
}

// Close writes out what is left, but does not wait for ever for a terminal that
// does not read.
func (o *output) Close() error {
	o.mu.Lock()
	o.closed = true
	o.wake.Broadcast()
	o.mu.Unlock()
	select {
	case <-o.idle:
	case <-time.After(time.Second):
	}
	return nil
}

// terminal is an output to a terminal. Bubble Tea asks for the descriptor to
// find out that it is one, and how large.
type terminal struct {
	*output
	term.File
}

func (t terminal) Write(p []byte) (int, error) { return t.output.Write(p) }

// Close does nothing: the terminal belongs to somebody else.
func (t terminal) Close() error { return nil }

// drainedMsg says that the terminal reads again after frames were dropped.
type drainedMsg struct{}

func (drainedMsg) apply(a *App) tea.Cmd {
	a.slowUntil = a.now().Add(slowFor)
	return tea.Batch(tea.ClearScreen, a.waitForDrain())
}

func (a *App) waitForDrain() tea.Cmd {
	if a.out == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case <-a.out.drained:
			return drainedMsg{}
		case <-a.ctx.Done():
			return nil
		}
	}
}
