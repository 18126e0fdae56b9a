package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// The inspector shows the way that bytes take to a peer. Beside the queue it has
// what there is room for, in the order of its lines; as a sheet all of it.

// inspect lays the inspector over the screen.
func (a *App) inspect() tea.Cmd {
	a.push(&sheet{
		title: cells.Say("path"),
		keys:  []key.Binding{bind("close", "esc")},
		rows:  a.pathRows,
	})
	return nil
}

// pathRows is all that is known about the links.
func (a *App) pathRows(c canvas, w int) []textRow {
	var rows []textRow
	for _, p := range a.shot.places {
		if p.ID == session.Here {
			continue
		}
		if len(rows) > 0 {
			rows = append(rows, textRow{})
		}
		state, look := a.link.state(c, p, w-16)
		rows = append(rows, textRow{{placeName(p).Squeeze(c.Method, w/2).Plus(cells.Say("  ")), c.strong}, {state, look}})
		if p.Choice.Lanes > 0 {
			rows = append(rows, textRow{{cells.Sayf("%s, %s", countText(int64(p.Choice.Lanes), cells.Say("lane")), cells.Shown(p.Choice.Why)), c.plain}})
		}
		for _, lane := range p.Lanes {
			rows = append(rows, laneRows(c, lane, w)...)
		}
		rows = append(rows, textRow{{cells.Sayf("cipher %s", cipherText(p.Lanes)), c.plain}})
		if p.Key != "" {
			rows = append(rows, textRow{{cells.Sayf("peer key %s", p.Key), c.plain}})
		}
	}
	if len(rows) == 0 {
		rows = append(rows, textRow{{cells.Say("not connected with anybody"), c.dim}})
	}
	return append(rows, textRow{}, textRow{{a.savedText(), c.plain}})
}

// laneRows says of a lane where it goes, and how well.
func laneRows(c canvas, l session.Lane, w int) []textRow {
	first := cells.Sayf("lane %d  %s  %s  %s", l.ID, cells.Shown(string(l.Path)), rttText(l.RTT), lossText(l))
	bytes := cells.Sayf("sent %s  received %s", sizeText(clip(l.Sent)), sizeText(clip(l.Received)))
	rows := []textRow{{{first, c.plain}}}
	if both := first.Plus(cells.Say("  "), bytes); both.Width(c.Method) <= w {
		rows = []textRow{{{both, c.plain}}}
	} else {
		rows = append(rows, textRow{{cells.Say("  ").Plus(bytes), c.plain}})
	}
	if f := l.FEC; f.Data > 0 || f.Recovered > 0 {
		rows = append(rows, textRow{{cells.Say("  ").Plus(fecText(f)), c.plain}})
	}
	return rows
}

// lossText is which share of the packets was lost: as the peer measured it, else
// as many as we had to declare lost.
func lossText(l session.Lane) cells.Text {
	if l.FEC.Data > 0 {
		return cells.Sayf("loss %.1f%%", l.FEC.Loss*100)
	}
	return cells.Sayf("%s packets lost", groupText(clip(l.Lost)))
}

// fecText says what error correction does.
func fecText(f session.FEC) cells.Text {
	if f.Data == 0 {
		return cells.Sayf("no error correction now, %s packets made good", groupText(clip(f.Recovered)))
	}
	return cells.Sayf("error correction %d+%d, %s packets made good", f.Data, f.Parity, groupText(clip(f.Recovered)))
}

// cipherText is how the lanes are encrypted.
func cipherText(lanes []session.Lane) cells.Text {
	for _, l := range lanes {
		if l.Path == "memory" {
			return cells.Say("none: both ends are this process")
		}
	}
	return cells.Say("TLS 1.3 over QUIC")
}

func clip(n uint64) int64 { return int64(min(n, 1<<62)) }

// savedText is what did not have to be sent, of the transfers in sight.
func (a *App) savedText() cells.Text {
	var reused, wire, verified int64
	for _, rows := range [][]session.Transfer{a.queue.live, a.queue.ended} {
		for i := range rows {
			reused += rows[i].Reused
			wire += rows[i].Wire
			verified += rows[i].Verified
		}
	}
	return cells.Sayf("%s verified, %s on the wire, %s saved by resume and delta", sizeText(verified), sizeText(wire), sizeText(reused))
}

// drawSide writes the inspector beside the queue.
func (a *App) drawSide(c canvas, r cells.Rect, p session.Place) {
	r = r.Inset(1)
	rest := c.Put(r.Line(0), c.strong, cells.Say("Path  "))
	state, look := a.link.state(c, p, rest.W)
	c.Put(rest, look, state)
	if p.ID == session.Here {
		return
	}
	g := &a.link.graph
	c.Put(r.Line(1), c.dim, cells.Say("Throughput, last minute"))
	if g.top > 0 { // what took less than a second has no rate to tell
		c.PutRight(r.Line(1), c.dim, cells.Sayf("peak %s", rateText(g.top)))
	}
	tall := max(1, min(4, r.H-6))
	g.draw(c, cells.Rect{X: r.X, Y: r.Y + 2, W: r.W, H: tall})
	below := cells.Rect{X: r.X, Y: r.Y + 2 + tall, W: r.W, H: r.H - 2 - tall}
	for y, t := range a.sideTexts(c, p) {
		c.Put(below.Line(y), c.plain, t.Fit(c.Method, r.W))
	}
}

// sideTexts are the lines of the inspector below its graph, the most useful first.
func (a *App) sideTexts(c canvas, p session.Place) []cells.Text {
	out := []cells.Text{
		cells.Sayf("sent %s  received %s  lost %s", sizeText(clip(a.link.sent)), sizeText(clip(a.link.received)), groupText(clip(a.link.lost))),
		cells.Sayf("peer key %s", p.Key).Plus(c.signs.dot, cipherText(p.Lanes)),
	}
	if p.Box {
		out[1] = cipherText(p.Lanes)
	}
	if p.Choice.Lanes > 0 {
		out = append(out, cells.Sayf("%s: %s", countText(int64(p.Choice.Lanes), cells.Say("lane")), cells.Shown(p.Choice.Why)))
	}
	for _, l := range p.Lanes {
		if l.FEC.Data > 0 {
			out = append(out, fecText(l.FEC))
			break
		}
	}
	var reused int64
	for i := range a.queue.live {
		reused += a.queue.live[i].Reused
	}
	if reused > 0 {
		out = append(out, cells.Sayf("saved by resume and delta %s", sizeText(reused)))
	}
	if t := a.queue.current(); t != nil {
		out = append(out, cells.Text{}, cells.Sayf("Selected  %s", jobName(t.Job)),
			cells.Sayf("  from  %s", a.fromText(t)), cells.Sayf("  done  %s", progressText(t)))
	}
	return out
}
