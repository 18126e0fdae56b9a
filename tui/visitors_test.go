package tui

import (
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

// A remembered peer that comes by itself is told of, stands in the pairing while it is
// there, and its going hides nothing else that was said.
func TestVisitors(t *testing.T) {
	p := &fakePairing{shot: PairingShot{State: PairingOff}}
	d := newDriver(t, 100, 30, func(_ *fakeEngine, o *Options) { o.Pairing = p })
	p.shot.Here = []Visitor{{Name: "attic", Shows: "/srv/films"}}
	d.look()
	d.wantShown("attic is here, and sees /srv/films")
	d.look()
	d.press("P")
	d.wantShown("Here now", "attic, and sees /srv/films")
	d.press("esc", "down", "down")
	p.shot.Here = nil
	d.look()
	d.wantShown("attic has gone")
}

// Who puts something where others do is told so once, and finds it in the details.
func TestOthersAreTold(t *testing.T) {
	d := newDriver(t, 100, 30)
	x := session.Transfer{ID: 7, State: session.StateRunning, Job: session.Job{To: 1, Sources: []session.Path{path(t, "a")}, Destination: path(t, "pool/films")}}
	beside := x
	beside.Others = 2
	d.app.shot.queue.live = []session.Transfer{beside}
	d.app.noteOthers([]session.Transfer{x})
	d.wantShown("2 other writers at work in ", ", too")
	d.app.note = note{}
	d.app.noteOthers([]session.Transfer{beside})
	if d.shows("other writers") {
		t.Error("it is told again")
	}
	text := ""
	for _, row := range d.app.detailRows(d.app.canvas(), &beside, 120) {
		for _, piece := range row {
			text += piece.text.String()
		}
	}
	if !strings.Contains(text, "2 other writers when it began") {
		t.Errorf("the details are %q", text)
	}
}
