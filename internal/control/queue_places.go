package control

import (
	"context"
	"errors"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// Known lists the peers that need no secret.
func (q *Queue) Known() []session.KnownPeer { return q.local.Known() }

// Tree returns the tree of a place, over a link of this process.
func (q *Queue) Tree(id session.PlaceID) (session.Tree, error) { return q.local.Tree(id) }

// Peer returns the peer at a place, over a link of this process.
func (q *Queue) Peer(ctx context.Context, id session.PlaceID) (*session.Remote, error) {
	return q.local.Peer(ctx, id)
}

// Connect links to the peer that target names and adds it as a place.
func (q *Queue) Connect(ctx context.Context, target, secret string) (session.PlaceID, error) {
	id, err := q.local.Connect(ctx, target, secret)
	if err != nil {
		return 0, err
	}
	at := q.cfg.Reach.Address(target)
	at.Secret = secret
	q.mu.Lock()
	defer q.mu.Unlock()
	q.targets[id] = at
	return id, nil
}

// Expect adds the peer that target names as a place that is linked to when a
// transfer needs it: it need not be there now.
func (q *Queue) Expect(target, secret string) (session.PlaceID, error) {
	id, err := q.local.Expect(target, secret)
	if err != nil {
		return 0, err
	}
	at := q.cfg.Reach.Address(target)
	at.Secret = secret
	q.mu.Lock()
	defer q.mu.Unlock()
	q.targets[id], q.later[id] = at, true
	return id, nil
}

// Adopt makes a place of a link that came in, as session.Engine.Adopt does. It needs
// the queue to run here: no other process could link there.
func (q *Queue) Adopt(target string, l transport.Link) (session.PlaceID, error) {
	if c, err := q.decided(q.ctx); err != nil || c != nil {
		return 0, &session.Error{Kind: session.Refused, Err: errors.New("another bargee of yours runs the queue, which cannot use a link to here")}
	}
	id, err := q.local.Adopt(target, l)
	if err != nil {
		return 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.targets[id] = q.cfg.Reach.Address(target)
	return id, nil
}

// Disconnect closes our link to a place, and that of the engine if it is a
// place of its own.
func (q *Queue) Disconnect(id session.PlaceID) error {
	if e, _, ok := q.now(); ok && id < 0 {
		return e.Disconnect(-id)
	}
	return q.local.Disconnect(id)
}

// Pin remembers the peer at a place under name.
func (q *Queue) Pin(ctx context.Context, id session.PlaceID, name string) error {
	return q.local.Pin(ctx, id, name)
}

// Places lists the places of this process; with the figures of the links over
// which another process transfers, if that runs the queue. Places that only it
// has have negative numbers.
func (q *Queue) Places() []session.Place {
	mine := q.local.Places()
	_, c, ok := q.now()
	if !ok || c == nil {
		return mine
	}
	theirs, err := c.PlacesAt()
	if err != nil {
		return mine
	}
	back := q.match(theirs)
	for _, p := range theirs {
		if p.ID == session.Here {
			continue
		}
		here := back[p.ID]
		if here < 0 {
			p.Place.ID = here
			if word, err := q.cfg.Reach.Word(p.At); err == nil { // for Connect here
				p.Place.Target = word
			}
			mine = append(mine, p.Place)
			continue
		}
		for i := range mine {
			if mine[i].ID == here && p.State == session.PlaceConnected {
				mine[i].Lanes, mine[i].Choice = p.Lanes, p.Choice
			}
		}
	}
	return mine
}

// match finds which of the engine's places are ours, and remembers it. The
// others are their negative numbers.
func (q *Queue) match(theirs []PlaceAt) map[session.PlaceID]session.PlaceID {
	q.mu.Lock()
	defer q.mu.Unlock()
	back := map[session.PlaceID]session.PlaceID{session.Here: session.Here}
	for _, p := range theirs {
		if p.ID == session.Here {
			continue
		}
		back[p.ID] = -p.ID
		for id, t := range q.targets {
			if t.same(p.At) && (back[p.ID] < 0 || id < back[p.ID]) {
				back[p.ID] = id
			}
		}
	}
	for id, there := range q.there { // what we asked for we know best
		if _, ok := back[there]; ok {
			back[there] = id
		}
	}
	q.back = back
	return back
}

// same tells whether both are one peer, reached the same way.
func (t Target) same(o Target) bool { return t.Address == o.Address && t.Lanes == o.Lanes }

// placeThere returns the place of ours as c's engine has it.
func (q *Queue) placeThere(ctx context.Context, c *Client, id session.PlaceID) (session.PlaceID, error) {
	if id <= session.Here {
		return -id, nil
	}
	q.mu.Lock()
	there, ok := q.there[id]
	to, known := q.targets[id]
	later := q.later[id]
	q.mu.Unlock()
	if ok {
		return there, nil
	}
	if !known {
		return 0, &session.Error{Kind: session.NotFound, Err: errors.New("there is no such place")}
	}
	ask := c.Connect
	if later {
		ask = c.Expect
	}
	there, err := ask(ctx, to)
	if err != nil {
		return 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.client == c {
		q.there[id] = there
	}
	return there, nil
}

// jobThere returns j with the places of c's engine.
func (q *Queue) jobThere(ctx context.Context, c *Client, j session.Job) (session.Job, error) {
	var err error
	if j.From, err = q.placeThere(ctx, c, j.From); err != nil {
		return j, err
	}
	j.To, err = q.placeThere(ctx, c, j.To)
	return j, err
}

// rowHere returns a row of c's engine with the places of this process.
func (q *Queue) rowHere(c *Client, rows ...session.Transfer) []session.Transfer {
	for i := range rows {
		j := &rows[i].Job
		j.From, j.To = q.placeHere(c, j.From), q.placeHere(c, j.To)
	}
	return rows
}

func (q *Queue) placeHere(c *Client, id session.PlaceID) session.PlaceID {
	if id == session.Here {
		return id
	}
	q.mu.Lock()
	here, ok := q.back[id]
	q.mu.Unlock()
	if ok {
		return here
	}
	if theirs, err := c.PlacesAt(); err == nil {
		if here, ok := q.match(theirs)[id]; ok {
			return here
		}
	}
	return -id
}

// A dialing is a place that is being made for others.
type dialing struct {
	done chan struct{}
	id   session.PlaceID
	err  error
}

// connectFor returns the place of a target for another process, one for all who
// ask for it.
func (q *Queue) connectFor(ctx context.Context, to Target) (session.PlaceID, error) {
	for _, p := range q.local.Places() {
		if (p.State == session.PlaceConnected || p.State == session.PlaceReconnecting) && p.ID != session.Here && q.addressOf(p).same(to) {
			return p.ID, nil
		}
	}
	q.mu.Lock()
	d := q.dialing[to]
	if d == nil {
		d = &dialing{done: make(chan struct{})}
		q.dialing[to] = d
		go q.dialFor(to, d)
	}
	q.mu.Unlock()
	select {
	case <-d.done:
		return d.id, d.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// expectFor does the same for one that need not be there now.
func (q *Queue) expectFor(to Target) (session.PlaceID, error) {
	word, err := q.cfg.Reach.Word(to)
	if err != nil {
		return 0, err
	}
	id, err := q.local.Expect(word, to.Secret)
	if err != nil {
		return 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.targets[id]; !ok || to.Secret != "" {
		q.targets[id] = to
	}
	return id, nil
}

func (q *Queue) dialFor(to Target, d *dialing) {
	word, err := q.cfg.Reach.Word(to)
	if err == nil {
		d.id, err = q.local.Connect(q.ctx, word, to.Secret)
	}
	d.err = err
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil {
		q.targets[d.id] = to
	}
	delete(q.dialing, to)
	close(d.done)
}

// addressOf returns where a place of ours is.
func (q *Queue) addressOf(p session.Place) Target {
	q.mu.Lock()
	t, ok := q.targets[p.ID]
	q.mu.Unlock()
	if !ok {
		t = q.cfg.Reach.Address(p.Target)
	}
	t.Secret = ""
	return t
}
