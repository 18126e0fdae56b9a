package transport

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/quic-go/quic-go"
)

// A route is how the side that dialled makes lanes: from which endpoint, and
// where to.
type route struct {
	from *Endpoint
	candidate
}

// rank says which path is better; less is.
func (p Path) rank() int {
	switch p {
	case PathDirect:
		return 0
	case PathTCP:
		return 2
	}
	return 1
}

// pathOf is the way that a connection which came in takes: at a relay some come
// over TCP.
func (e *Endpoint) pathOf(conn *quic.Conn) Path {
	if from, ok := conn.RemoteAddr().(*net.UDPAddr); ok && from.Zone == "tcp" { // relay.Plane.Own says so
		return PathTCP
	}
	return e.cfg.path
}

// addLane adds a lane to l.
func (r route) addLane(ctx context.Context, l *link) error {
	w, err := r.from.connect(ctx, r.candidate, l.pins())
	if err != nil {
		return err
	}
	return r.join(ctx, l, w)
}

// join makes a connection a lane of l.
func (r route) join(ctx context.Context, l *link, w winner) error {
	e, id := r.from, l.nextID()
	d, err := e.knock(ctx, w)
	var in entry
	if err == nil {
		in, err = e.enter(ctx, w, d, clientLogin{pinned: true, join: &clientJoin{link: l.id, lane: id, first: l.first}})
	}
	if err == nil && !l.attach(newLane(id, e.cfg.path, w.conn, e.member(w.conn, in.fec, d.ch.fec, clientRole))) {
		err = fail(ErrClosed, "the link ended meanwhile")
	}
	if err != nil {
		w.conn.CloseWithError(codeLimit, "")
		return fmt.Errorf("lane %d: %w", id, err)
	}
	return nil
}

// Upgrade has a link that was dialled here, by way of a relay say, go on from e,
// directly: at the first of addresses that shows the peer's key. From then on new
// lanes are made there and new streams take them; one lane of the old path stays,
// and is used again when the last of the better path is dead. The peer's endpoint
// there must be of the family of the one that admitted the link (Join).
func (e *Endpoint) Upgrade(ctx context.Context, on Link, addresses []string) error {
	l, ok := on.(*link)
	if !ok || l.home.from == nil {
		return fail(ErrProtocol, "upgrade: the link was not dialled here")
	}
	if !e.begin() {
		return fail(ErrClosed, "upgrade: the endpoint was closed")
	}
	defer e.wait.Done()
	ctx, cancel := context.WithTimeout(ctx, e.cfg.HandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(e.ctx, cancel)
	defer stop()
	candidates, err := resolve(ctx, addresses)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	for i := range candidates {
		candidates[i].as = l.home.as // the lanes of a link have one key
	}
	won, err := e.race(ctx, candidates, l.pins())
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	way := route{e, won.candidate}
	if err := way.join(ctx, l, won); err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	for _, old := range l.takeWay(way) {
		if e.begin() {
			go func() {
				defer e.wait.Done()
				old.drain()
			}()
		}
	}
	if c, _ := l.Choice(); c.Lanes > 1 {
		e.addLanes(ctx, l, c.Lanes)
	}
	return nil
}

// Join lets lanes that come to e join the links that other admitted: they are two
// ways to the same peer. Those that were closed are forgotten.
func (e *Endpoint) Join(other *Endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.family = append(slices.DeleteFunc(slices.Clone(e.family), func(o *Endpoint) bool { return o.ctx.Err() != nil }), other)
}

// route is the way that new lanes take.
func (l *link) route() route {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.way
}

// takeWay makes a way that of new lanes, and returns the lanes of worse paths that
// are not needed any more: all but the first.
func (l *link) takeWay(way route) (old []*lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.way = way
	standby := false
	for _, n := range l.lanes {
		switch {
		case n.path.rank() <= way.from.cfg.path.rank() || n.leaving():
		case !standby:
			standby = true
		default:
			close(n.left)
			old = append(old, n)
		}
	}
	l.change()
	return old
}

// turnBack makes the first way that of new lanes again when no lane of a later one
// is left; l.mu is held.
func (l *link) turnBack() {
	if l.home.from == nil || l.way == l.home {
		return
	}
	if !slices.ContainsFunc(l.lanes, func(n *lane) bool { return n.path == l.way.from.cfg.path }) {
		l.way = l.home
	}
}

// best returns the lanes of the best path that has any, by number; l.mu is held.
func (l *link) best() []*lane {
	lanes := l.lanes
	path := l.bestOf()
	if slices.ContainsFunc(lanes, func(n *lane) bool { return n.path != path }) {
		lanes = slices.DeleteFunc(slices.Clone(lanes), func(n *lane) bool { return n.path != path })
	}
	return lanes
}

func (l *link) bestPath() Path {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bestOf()
}

func (l *link) bestOf() (best Path) {
	for i, n := range l.lanes {
		if i == 0 || n.path.rank() < best.rank() {
			best = n.path
		}
	}
	return best
}
