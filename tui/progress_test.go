package tui

import (
	"math"
	"testing"

	"github.com/bargee/bargee/session"
)

func TestSharesAreHowFarTheFileIs(t *testing.T) {
	file := path(t, "big")
	for _, c := range []struct {
		name     string
		verified int64
		carried  []int64
		want     []float64
	}{
		{"even", 400, []int64{100, 100, 100, 100}, []float64{0.4, 0.4, 0.4, 0.4}},
		{"uneven", 400, []int64{250, 150}, []float64{0.5, 0.3}},
		{"resumed", 600, []int64{100, 100}, []float64{0.6, 0.6}},
		{"one does more than its part", 900, []int64{700, 200}, []float64{1, 0.4}},
		{"counted a moment apart", 90, []int64{100}, []float64{0.1}},
	} {
		tr := &session.Transfer{}
		f := session.FileProgress{Path: file, Size: 1000, Verified: c.verified}
		for i, n := range c.carried {
			f.Streams = append(f.Streams, i+1)
			tr.Streams = append(tr.Streams, session.StreamProgress{ID: i + 1, File: file, Bytes: n, Total: 1000})
		}
		tr.Streams = append(tr.Streams, session.StreamProgress{ID: 9}) // idle
		tr.Active = []session.FileProgress{f}
		for i, got := range shares(tr, f) {
			if math.Abs(got-c.want[i]) > 1e-9 {
				t.Errorf("%s: stream %d has done %v of its part, want %v", c.name, i+1, got, c.want[i])
			}
		}
	}
	if got := share(&session.Transfer{}, session.StreamProgress{}); got != 0 {
		t.Errorf("an empty file is done to %v", got)
	}
}

func TestUnderway(t *testing.T) {
	tr := session.Transfer{
		State: session.StateRunning,
		Job:   session.Job{From: session.Here, To: 1},
		Active: []session.FileProgress{
			{Path: path(t, "a/dir/x"), Name: path(t, "b/dir/x"), Size: 100, Verified: 10},
			{Path: path(t, "a/dir/sub/y"), Name: path(t, "b/dir/sub/y"), Size: 300, Verified: 30},
			{Path: path(t, "a/z"), Name: path(t, "b/renamed"), Size: 50, Verified: 50},
		},
	}
	for _, c := range []struct {
		at   Location
		want map[string]work
	}{
		{Location{session.Here, path(t, "a")}, map[string]work{
			"dir": {done: 40, size: 400, kind: session.Directory}, "z": {done: 50, size: 50},
		}},
		{Location{1, path(t, "b")}, map[string]work{
			"dir":     {done: 40, size: 400, kind: session.Directory, arriving: true},
			"renamed": {done: 50, size: 50, arriving: true},
		}},
		{Location{1, path(t, "b/dir")}, map[string]work{
			"x": {done: 10, size: 100, arriving: true}, "sub": {done: 30, size: 300, kind: session.Directory, arriving: true},
		}},
		{Location{1, path(t, "a")}, nil},
		{Location{session.Here, path(t, "a/z")}, nil},
		{Location{session.Here, session.Path{}}, map[string]work{"a": {done: 90, size: 450, kind: session.Directory}}},
	} {
		got := underway([]session.Transfer{tr}, c.at)
		if len(got) != len(c.want) {
			t.Errorf("at %v: %v, want %v", c.at, got, c.want)
		}
		for name, w := range c.want {
			g := got[name]
			if g.done != w.done || g.size != w.size || g.kind != w.kind || g.arriving != w.arriving {
				t.Errorf("at %v: %s is %+v, want %+v", c.at, name, g, w)
			}
		}
	}
	tr.State = session.StatePaused
	if got := underway([]session.Transfer{tr}, Location{session.Here, path(t, "a")}); got != nil {
		t.Errorf("of a paused transfer %v is under way", got)
	}
}
