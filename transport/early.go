package transport

import (
	"context"
	"slices"
	"time"
)

// dialEarly makes a connection a link before the peer has let us in; see
// Remote.Early. That is safe where nothing depends on what the peer would prove: its
// key is the one that we wanted, or nobody's. A server reads no stream but the first
// before it has let somebody in; what comes on others waits.
func (e *Endpoint) dialEarly(w winner, d door, login clientLogin, r Remote) (*link, error) {
	l := e.dialled(w, d.ch)
	l.admitted = make(chan struct{})
	if !e.register(l) {
		w.conn.CloseWithError(codeClosed, "")
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	n := newLane(1, e.cfg.path, w.conn, nil)
	l.attach(n)
	if !e.begin() {
		l.Close("the program ends")
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	go func() {
		defer e.wait.Done()
		e.finishLogin(l, n, w, d, login, r)
	}()
	return l, nil
}

// finishLogin runs the login of a link that is in use already.
func (e *Endpoint) finishLogin(l *link, n *lane, w winner, d door, login clientLogin, r Remote) {
	late := time.Now().Add(e.cfg.HandshakeTimeout)
	ctx, cancel := context.WithDeadlineCause(e.ctx, late, fail(ErrUnreachable, "no answer from %s within %v", w.address, e.cfg.HandshakeTimeout))
	defer cancel()
	in, err := e.enter(ctx, w, d, login)
	if err != nil {
		l.refused = err
		close(l.admitted)
		l.end(err, "")
		return
	}
	l.id, l.most, l.full = in.link, in.maxLanes, in.peer(l.peer, d.ch)
	e.renewed(w.key, in.kem, r.Key, in.next)
	close(l.admitted)
	n.correct(e.member(w.conn, in.fec, d.ch.fec, clientRole))
	e.widen(ctx, l, r.Lanes)
	e.seekDirect(l, append(slices.Clone(e.also), in.direct...))
}

// Entered waits until the peer has let us in, and returns nil, or until it has not,
// and returns why. Only a link that was dialled early (Remote.Early) has to wait.
func Entered(ctx context.Context, l Link) error {
	q, ok := l.(*link)
	if !ok {
		return nil
	}
	select {
	case <-q.admitted:
		return q.refused
	case <-q.done:
		return q.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// hearOutTime is how long at most a link that was dialled early is kept for its login
// when it is to be closed.
const hearOutTime = 250 * time.Millisecond

// hearOut waits a moment for the login of a link that was dialled early. What a caller
// asked for may be answered, and the caller be done, before the first stream was read:
// whoever only ever asks briefly would never hear which key the peer will have.
func (l *link) hearOut() {
	late := time.NewTimer(hearOutTime)
	defer late.Stop()
	select {
	case <-l.admitted:
	case <-l.done:
	case <-late.C:
	}
}
