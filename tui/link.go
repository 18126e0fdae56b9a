package tui

import (
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// linkFigures are what is known about the link: how fast bytes go each way, and
// how fast they went.
type linkFigures struct {
	up, down float64
	rtt      time.Duration // as shown: it follows the measured one in steps
	past     []float64     // samples of the total rate, newest last
	polls    int           // busy ones

	sent, received, lost uint64 // as of the last busy poll: an idle link whispers too
}

// A sample is taken at every fourth busy poll, once a second, and kept for a
// minute.
const (
	pollsPerSample = 4
	maxSamples     = 60
)

func (l *linkFigures) set(s snapshot, busy bool) {
	l.up, l.down = 0, 0
	for i := range s.transfers {
		t := &s.transfers[i]
		if t.State != session.StateRunning {
			continue
		}
		if t.Job.To == session.Here {
			l.down += t.Rate
		} else {
			l.up += t.Rate
		}
	}
	if busy || l.sent == 0 {
		l.sent, l.received, l.lost = 0, 0, 0
		for _, p := range s.places {
			for _, lane := range p.Lanes {
				l.sent, l.received, l.lost = l.sent+lane.Sent, l.received+lane.Received, l.lost+lane.Lost
			}
		}
	}
	if busy {
		if l.polls%pollsPerSample == 0 {
			l.past = append(l.past, l.up+l.down)
			l.past = l.past[max(0, len(l.past)-maxSamples):]
		}
		l.polls++
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
	case p.State == session.PlaceReconnecting:
		t := cells.Say("reconnecting")
		if in := p.Retry.Sub(c.now); in >= time.Second {
			t = t.Plus(cells.Sayf(" in %d s", int(in/time.Second)))
		}
		return t.Plus(c.signs.more), c.ask
	case p.State == session.PlaceClosed:
		return cells.Say("closed"), c.fail
	}
	t, more := cells.Say("connected"), []cells.Text{}
	if len(p.Lanes) > 0 {
		t = cells.Shown(string(p.Lanes[0].Path))
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

// lanesText says how many lanes the links have, and why.
func lanesText(places []session.Place) (t cells.Text) {
	for _, p := range places {
		if p.Choice.Lanes > 0 {
			t = countText(int64(p.Choice.Lanes), cells.Say("lane")).Plus(cells.Say(": "), cells.Shown(p.Choice.Why))
		}
	}
	return t
}

func rttText(d time.Duration) cells.Text {
	if d < time.Millisecond {
		return cells.Say("<1 ms")
	}
	return cells.Sayf("%d ms", int64(d/time.Millisecond))
}

// draw writes the figures beside the queue.
func (l *linkFigures) draw(c canvas, r cells.Rect, p session.Place) {
	r = r.Inset(1)
	rest := c.Put(r.Line(0), c.strong, cells.Say("Link  "))
	state, look := l.state(c, p, rest.W)
	c.Put(rest, look, state)
	if p.ID == session.Here {
		return
	}
	peak := l.up + l.down // the newest, which is no sample yet
	for _, x := range l.past {
		peak = max(peak, x)
	}
	c.Put(r.Line(1), c.dim, cells.Say("Throughput, last minute"))
	c.PutRight(r.Line(1), c.dim, cells.Sayf("peak %s", rateText(peak)))
	c.Put(r.Line(2), c.filled, c.cellText(l.columns(r.W, peak)))
	c.Put(r.Line(3), c.plain, cells.Sayf("sent %s  received %s  lost %s", sizeText(int64(min(l.sent, 1<<62))),
		sizeText(int64(min(l.received, 1<<62))), groupText(int64(min(l.lost, 1<<62)))).Fit(c.Method, r.W))
	c.Put(r.Line(4), c.dim, cells.Sayf("peer key %s", p.Key).Fit(c.Method, r.W))
}

// columns are the newest w samples, each from 0 to 1.
func (l *linkFigures) columns(w int, peak float64) []float64 {
	if peak <= 0 {
		return nil
	}
	past := l.past[max(0, len(l.past)-w):]
	out := make([]float64, len(past))
	for i, x := range past {
		out[i] = x / peak
	}
	return out
}
