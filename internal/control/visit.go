package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bargee/bargee/session"
)

// A Visit is a look at the queue, and a word with it, that makes nothing run: by
// way of who runs it, or where nobody does with an engine that stands still. As
// long as that lasts nobody else can begin to run the queue.
type Visit struct {
	Engine

	client *Client
	local  *session.Engine
	lock   *Lock
}

// NewVisit visits the queue of cfg.Room. Of cfg it uses the room, what keeps the
// queue and how peers are called.
func NewVisit(ctx context.Context, cfg QueueConfig) (*Visit, error) {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, longestWait) {
		l, err := cfg.Room.Lock()
		if err == nil {
			return visitAlone(cfg, l)
		}
		if !errors.Is(err, ErrHeld) {
			return nil, &session.Error{Kind: session.Refused, Err: err}
		}
		c, err := Dial(ctx, ClientConfig{Path: cfg.Room.Socket(), Role: Screen, Agent: cfg.Agent, World: World()})
		switch {
		case err == nil:
			return &Visit{Engine: c, client: c}, nil
		case errors.Is(err, ErrSilent):
			return nil, &session.Error{Kind: session.Timeout, Err: fmt.Errorf("process %d, which runs it, does not answer", cfg.Room.Holder())}
		case errors.Is(err, ErrForeign):
			return nil, &session.Error{Kind: session.Refused, Err: err}
		}
		select { // it is coming, or going
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, &session.Error{Kind: session.Timeout, Err: fmt.Errorf("process %d has it, and cannot be asked", cfg.Room.Holder())}
		}
	}
}

// visitAlone opens a queue that nobody runs.
func visitAlone(cfg QueueConfig, l *Lock) (*Visit, error) {
	s := &openedStore{Store: cfg.Store()}
	e := session.EngineConfig{Store: s, Still: true}
	if cfg.Reach != nil {
		e.Reach = cfg.Reach
	}
	v := &Visit{local: session.NewEngine(e), lock: l}
	v.Engine = v.local
	v.local.Concurrency() // waits until the queue is there
	if s.failed != nil {
		return nil, errors.Join(s.failed, v.Close())
	}
	return v, nil
}

// An openedStore remembers why it could not be opened.
type openedStore struct {
	session.Store
	failed error
}

func (s *openedStore) Restore() (*session.Restored, error) {
	r, err := s.Store.Restore()
	s.failed = err
	return r, err
}

// Owner says who runs the queue; ok is false if nobody does.
func (v *Visit) Owner() (process int, role Role, ok bool) {
	if v.client == nil {
		return 0, 0, false
	}
	return v.client.Process, v.client.Owner, true
}

// Done is closed when who ran the queue has ended; it is nil where nobody did.
func (v *Visit) Done() <-chan struct{} {
	if v.client == nil {
		return nil
	}
	return v.client.Done()
}

// Look is Page, and says why there is none.
func (v *Visit) Look(tab session.Tab, offset, limit int) (session.Page, error) {
	if v.client == nil {
		return v.Page(tab, offset, limit), nil
	}
	return v.client.page(tab, offset, limit)
}

// Close ends the visit.
func (v *Visit) Close() error {
	if v.client != nil {
		return v.client.Close()
	}
	return errors.Join(v.local.Close(), v.lock.Release())
}
