package tui

import (
	"errors"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// linkFigures are what is known about the link: how fast bytes go each way, and
// how fast they went.
type linkFigures struct {
	up, down float64       // as shown: they follow the measured ones in steps
	rtt      time.Duration // likewise
	graph    graph
	at       time.Time // of the last look at the figures

	sent, received, lost uint64 // as of the last busy poll: an idle link whispers too
}

// set takes in how fast the transfers go, and while something does what the lanes
// count.
func (l *linkFigures) set(s snapshot, busy bool, now time.Time) {
	up, down := 0.0, 0.0
	for i := range s.queue.live {
		t := &s.queue.live[i]
		if t.State != session.StateRunning {
			continue
		}
		if t.Job.To == session.Here {
			down += t.Rate
		} else {
			up += t.Rate
		}
	}
	if busy {
		l.graph.add(now, up+down)
	}
	turned := (l.up > 0) != (up > 0) || (l.down > 0) != (down > 0) // that is told at once
	if busy && !turned && now.Sub(l.at) < figureStep-figureStep/8 {
		return
	}
	l.at = now
	l.up, l.down = steady(l.up, up), steady(l.down, down)
	if busy || l.sent == 0 {
		l.sent, l.received, l.lost = 0, 0, 0
		for _, p := range s.places {
			for _, lane := range p.Lanes {
				l.sent, l.received, l.lost = l.sent+lane.Sent, l.received+lane.Received, l.lost+lane.Lost
			}
		}
	}
	// A round trip that trembles would be redrawn all the time, and never rest.
	if rtt := roundTrip(s.places); l.rtt == 0 || busy && (rtt > l.rtt*3/2 || rtt < l.rtt*2/3) {
		l.rtt = rtt
	}
}

// roundTrip is the shortest of all lanes.
func roundTrip(places []session.Place) (rtt time.Duration) {
	for _, p := range places {
		for _, lane := range p.Lanes {
			if lane.RTT > 0 && (rtt == 0 || lane.RTT < rtt) {
				rtt = lane.RTT
			}
		}
	}
	return rtt
}

// state says in room columns how it stands with the link to a place: the path,
// and of the rest what fits whole.
func (l *linkFigures) state(c canvas, p session.Place, room int) (cells.Text, cells.Style) {
	switch {
	case p.ID == session.Here:
		return cells.Say("not connected"), c.dim
	case awaited(p):
		return cells.Say("gone, can come back").Plus(c.signs.more), c.ask
	case p.State == session.PlaceReconnecting:
		t := cells.Say("reconnecting")
		if in := p.Retry.Sub(c.now); in >= time.Second {
			t = t.Plus(cells.Sayf(" in %d s", int(in/time.Second)))
		}
		return t.Plus(c.signs.more), c.ask
	case p.State == session.PlaceClosed:
		return cells.Say("closed"), c.fail
	case p.State == session.PlaceIdle:
		return cells.Say("not connected yet"), c.dim
	}
	t, more := cells.Say("connected"), []cells.Text{}
	if way := pathOf(p); way != "" {
		t = cells.Shown(way)
	}
	if l.rtt > 0 {
		more = append(more, rttText(l.rtt))
	}
	if n := len(p.Lanes); n > 1 {
		more = append(more, cells.Sayf("%d lanes", n))
	}
	for _, lane := range p.Lanes {
		if lane.FEC.Data > 0 { // the path loses packets, and we make them good
			more = append(more, cells.Say("FEC"))
			break
		}
	}
	for _, m := range append(more, cells.Say("QUIC")) {
		if longer := t.Plus(c.signs.dot, m); longer.Width(c.Method) <= room {
			t = longer
		}
	}
	return t, c.done
}

// awaited tells whether a peer has to come by itself.
func awaited(p session.Place) bool {
	return p.State == session.PlaceReconnecting && errors.Is(p.Err, session.ErrAwaited)
}

// pathOf is the way that bytes to a place take: directly, as soon as a lane does.
func pathOf(p session.Place) (way string) {
	for _, l := range p.Lanes {
		if way == "" || l.Path == "direct" {
			way = string(l.Path)
		}
	}
	return way
}

func rttText(d time.Duration) cells.Text {
	if d < time.Millisecond {
		return cells.Say("<1 ms")
	}
	return cells.Sayf("%d ms", int64(d/time.Millisecond))
}
