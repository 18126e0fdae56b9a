package transport

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// This file adds lanes to a link and takes them away, on the side that dialled.

// AutoLanes as Remote.Lanes leaves the number to what the lanes achieve.
const AutoLanes = -1

const (
	lanesAtATime = 16 // that are joined
	farAway      = 20 * time.Millisecond

	leastTick = 50 * time.Millisecond // between views of a link
	idleTick  = time.Second

	drainPatience = 30 * time.Second // for the streams of a lane that is taken away
	drainTick     = 100 * time.Millisecond
)

// A LaneChoice is how many lanes a link shall have, and why, in a few words.
type LaneChoice struct {
	Lanes int
	Why   string
}

// usefulLanes returns how many lanes a link over that round trip begins with.
// Near by, a second one uses a second core for its packets; from far away,
// quic-go's congestion control (Reno) takes so long to grow its window again
// after a loss that four windows, each a quarter as large, fill the path better.
//
// Over TCP a lane's first windows come faster than TCP's, which begins as small and
// grows no faster. They wait, quic-go takes that for a full path (HyStart) and goes
// on from some 80 packets, one more each round trip: it takes 16 such lanes to have
// about what scp has, a window of 2 MiB.
func usefulLanes(path Path, rtt time.Duration) int {
	switch {
	case rtt < farAway:
		return 2
	case path == PathTCP:
		return 16
	}
	return 4
}

// widen gives a new link its lanes: n, or as many as are useful, and then
// follows what they achieve. From far away the further ones come while the
// first one is used already.
func (e *Endpoint) widen(ctx context.Context, l *link, n int) {
	if n != AutoLanes {
		n = max(1, min(n, l.most))
		l.choose(n, "fixed")
		e.addLanes(ctx, l, n)
		return
	}
	lanes := l.living()
	if len(lanes) == 0 {
		return // it is dead already
	}
	rtt := lanes[0].stats().RTT
	s := newSteer(usefulLanes(e.cfg.path, rtt), l.most)
	l.choose(s.want, s.why)
	if rtt < farAway {
		e.addLanes(ctx, l, s.want)
	}
	if e.begin() {
		go func() {
			defer e.wait.Done()
			e.keepSteering(l, s)
		}()
	}
}

// keepSteering does what s says until l is dead.
func (e *Endpoint) keepSteering(l *link, s *steer) {
	ctx, cancel := context.WithCancel(e.ctx)
	var adding sync.WaitGroup
	defer adding.Wait()
	defer cancel()
	asked := l.using() // lanes that are there or were asked for
	timer := time.NewTimer(0)
	defer timer.Stop()
	var t laneTally
	for {
		select {
		case <-l.done:
			return
		case <-timer.C:
		}
		if l.Err() != nil { // its lanes go one by one, and are not to be replaced
			return
		}
		v := t.view(l, time.Now())
		want, why := s.see(v)
		l.choose(want, why)
		if want > asked {
			adding.Go(func() { e.addLanes(ctx, l, want) })
		} else if v.lanes > want {
			e.retire(l, v.lanes-want)
		}
		asked = want
		tick := max(leastTick, v.rtt)
		if !v.busy || tick > idleTick {
			tick = idleTick
		}
		timer.Reset(tick)
	}
}

// A laneTally adds up the counters of lanes, also of those that are gone.
type laneTally struct {
	bytes, sent, lost uint64
	seen              map[*lane]laneCount
}

type laneCount struct{ bytes, sent, lost uint64 }

func (t *laneTally) view(l *link, now time.Time) laneView {
	v := laneView{now: now}
	seen := map[*lane]laneCount{}
	best := l.bestPath()
	var rtts, all []time.Duration
	for _, n := range l.living() {
		st := n.conn.ConnectionStats()
		c := laneCount{st.BytesSent - min(st.BytesLost, st.BytesSent) + st.BytesReceived, st.PacketsSent, st.PacketsLost}
		seen[n] = c
		old := t.seen[n]
		t.bytes += c.bytes - min(old.bytes, c.bytes)
		t.sent += c.sent - old.sent
		t.lost += c.lost - old.lost // may be below, and then wraps around, and back
		all = append(all, st.SmoothedRTT)
		if n.leaving() || n.path != best {
			continue
		}
		v.lanes++
		v.corrects = v.corrects || n.corrects()
		if n.bulk.Load() > 0 {
			v.busy = true
			rtts = append(rtts, st.SmoothedRTT)
		}
	}
	t.seen = seen
	v.bytes, v.sent, v.lost = t.bytes, t.sent, t.lost
	if len(rtts) == 0 {
		rtts = all
	}
	if len(rtts) > 0 {
		slices.Sort(rtts)
		v.rtt = rtts[len(rtts)/2]
	}
	return v
}

// addLanes brings l up to n lanes on the way that new ones take. A lane that does
// not come is left out: the link works without it, and Lanes tells.
func (e *Endpoint) addLanes(ctx context.Context, l *link, n int) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.HandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(e.ctx, cancel)
	defer stop()
	if l.route().from.cfg.path == PathSSH {
		n = min(n, overPipe)
	}
	slots := make(chan struct{}, lanesAtATime)
	var wait sync.WaitGroup
	for range n - l.using() {
		slots <- struct{}{}
		if l.Err() != nil {
			break
		}
		wait.Go(func() {
			defer func() { <-slots }()
			way := l.route()
			if err := way.addLane(ctx, l); err != nil && l.Err() == nil {
				e.cfg.Report(way.address, fmt.Errorf("a further lane: %w", err))
			}
		})
	}
	wait.Wait()
}

// retire takes n lanes away: the newest that carry no requests. Each ends when
// its streams have.
func (e *Endpoint) retire(l *link, n int) {
	for _, old := range l.leave(n) {
		if !e.begin() {
			return
		}
		go func() {
			defer e.wait.Done()
			old.drain()
		}()
	}
}

func (l *link) Choice() (LaneChoice, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.choice
	if c.Lanes == 0 { // the other side's
		c = LaneChoice{Lanes: len(l.lanes), Why: "by the other side"}
	}
	return c, l.changed
}

// choose notes how many lanes there shall be.
func (l *link) choose(n int, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := (LaneChoice{n, why}); c != l.choice {
		l.choice = c
		l.change()
	}
}

// change tells that lanes or their choice are not what they were; l.mu is held.
func (l *link) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// using is how many lanes of the best path there are that stay.
func (l *link) using() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.best() {
		if !m.leaving() {
			n++
		}
	}
	return n
}

// nextID returns the number for a new lane: not one that was used shortly
// before, which the peer may not know to be free yet.
func (l *link) nextID() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range l.most {
		l.lastID = max(2, (l.lastID+1)%(l.most+1))
		if !slices.ContainsFunc(l.lanes, func(n *lane) bool { return n.id == l.lastID }) {
			break
		}
	}
	return l.lastID
}

// leave takes the n newest lanes of the best path that carry no requests out of
// the choice for streams and returns them; the first one stays.
func (l *link) leave(n int) (gone []*lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lanes := l.best()
	for i := len(lanes) - 1; i > 0 && len(gone) < n; i-- {
		if m := lanes[i]; !m.leaving() && m.control.Load() == 0 {
			close(m.left)
			gone = append(gone, m)
		}
	}
	if len(gone) > 0 {
		l.change()
	}
	return gone
}
