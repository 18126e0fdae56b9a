package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/theme"
	"github.com/charmbracelet/x/ansi"
)

func TestFiguresAreCalm(t *testing.T) {
	var f figures
	now := testNow
	changes, last := 0, -1.0
	for i := range 240 { // a minute of polls, the rate trembling by 2.5 %
		t := session.Transfer{State: session.StateRunning, Rate: 100e6 * (1 + 0.025*float64(i%3-1)), Counted: true, ETA: -1}
		f.look(&t, now)
		if f.rate != last {
			changes++
			last = f.rate
		}
		now = now.Add(250 * time.Millisecond)
	}
	if changes > 2 {
		t.Errorf("a rate that trembles was changed %d times in a minute", changes)
	}
	f.look(&session.Transfer{Rate: 20e6, ETA: -1}, now)
	if f.rate != 20e6 {
		t.Errorf("a rate that fell to a fifth is shown as %v", f.rate)
	}
}

// Just after its start the streams of a transfer are shown as they are: a second
// later a small one is over.
func TestFreshFigures(t *testing.T) {
	var f figures
	for i := range 12 {
		now := testNow.Add(time.Duration(i) * 250 * time.Millisecond)
		p := path(t, "f")
		tr := session.Transfer{State: session.StateRunning, Started: testNow, Rate: 1e6, ETA: -1,
			Streams: []session.StreamProgress{{ID: 1, File: p, Bytes: int64(i), Total: 100}}}
		f.look(&tr, now)
		if late := f.streams[0].share != share(&tr, tr.Streams[0]); late && now.Sub(testNow) < figureFresh {
			t.Errorf("after %v the stream is shown at %v", now.Sub(testNow), f.streams[0].share)
		} else if !late && i == 9 {
			t.Error("later it is looked at as often")
		}
	}
}

func TestETA(t *testing.T) {
	const s = time.Second
	type look struct {
		after   time.Duration
		eta     time.Duration
		counted bool
		want    time.Duration
	}
	for _, c := range []struct {
		name  string
		looks []look
	}{
		{"hidden until it is stable", []look{{0, 50 * s, true, -1}, {s, 40 * s, true, -1}, {s, 60 * s, true, -1}, {s, 55 * s, true, 55 * s}}},
		{"not while it is counted", []look{{0, 50 * s, false, -1}, {9 * s, 50 * s, false, -1}, {s, 50 * s, true, -1}, {3 * s, 47 * s, true, 47 * s}}},
		{"runs down by the clock", []look{{0, 100 * s, true, -1}, {4 * s, 96 * s, true, 96 * s}, {s, 99 * s, true, 95 * s}, {s, 90 * s, true, 94 * s}}},
		{"and is corrected", []look{{0, 100 * s, true, -1}, {4 * s, 96 * s, true, 96 * s}, {s, 300 * s, true, 300 * s}}},
		{"gone with a stall", []look{{0, 100 * s, true, -1}, {4 * s, 96 * s, true, 96 * s}, {s, -1, true, -1}, {s, 90 * s, true, -1}}},
		{"never below nothing", []look{{0, 4 * s, true, -1}, {3 * s, s, true, s}, {3 * s, 5 * s, true, 5 * s}}},
	} {
		var f figures
		now := testNow
		for i, l := range c.looks {
			now = now.Add(l.after)
			f.look(&session.Transfer{State: session.StateRunning, ETA: l.eta, Counted: l.counted}, now)
			if f.eta != l.want {
				t.Errorf("%s: look %d shows %v, want %v", c.name, i, f.eta, l.want)
			}
		}
	}
}

func TestShownETA(t *testing.T) {
	for in, want := range map[time.Duration]string{
		-1: "--:--", 59 * time.Second: "00:59", 119 * time.Second: "01:59", 122 * time.Second: "02:00",
		754 * time.Second: "12:30", 3700 * time.Second: "1:02:00",
	} {
		if got := etaText(shownETA(in)).String(); got != want {
			t.Errorf("%v is shown as %s, want %s", in, got, want)
		}
	}
}

func TestGraph(t *testing.T) {
	var g graph
	now := testNow
	for second := range 10 {
		for range 4 {
			g.add(now, float64(second)*1e6)
			now = now.Add(250 * time.Millisecond)
		}
	}
	if len(g.past) != 9 || g.past[0] != 0 || g.past[8] != 8e6 || g.peak() != 8e6 {
		t.Errorf("ten seconds are %v", g.past)
	}
	for _, ascii := range []bool{false, true} {
		looks := newStyles(ascii, "", nil, theme.Unknown)
		c := canvas{Grid: cells.NewGrid(12, 2, ansi.WcWidth), styles: &looks, now: testNow}
		g.draw(c, cells.Rect{W: 12, H: 2})
		want := "        ▂▄▆█\n   ▁▂▄▆█████"
		if ascii {
			want = "        2468\n   124688888"
		}
		if got := strings.Join(c.Plain(), "\n"); got != want {
			t.Errorf("the graph is\n%s\nwant\n%s", got, want)
		}
	}
	for range 400 {
		g.add(now, 5e6)
		now = now.Add(250 * time.Millisecond)
	}
	if len(g.past) != graphPoints || g.top != 9e6 {
		t.Errorf("%d points, %v fills the height: it should stay until less than half is used", len(g.past), g.top)
	}
	g.add(now.Add(time.Hour), 3e6)
	if len(g.past) > graphPoints {
		t.Errorf("after an hour there are %d points", len(g.past))
	}
}
