package tui

import (
	"slices"
	"testing"
)

func TestConfiguredKeysReplaceThoseOfTheTable(t *testing.T) {
	d := newDriver(t, 100, 24, func(_ *fakeEngine, o *Options) {
		o.Keys = map[string][]string{"copy": {"K"}, "queue": {"0"}, "help": {}}
	})
	d.press("down", "c")
	if d.app.ask != nil {
		t.Error("the key that copy had still copies")
	}
	d.press("K", "enter")
	d.wantCalls("copy /home/Films/Arrival.2016.2160p.mkv to 1:/pool/films")
	d.wantShown("K copy", "0 queue")
	if d.press("?"); d.app.over() != nil {
		t.Error("help has no key, and yet opens")
	}
}

func TestActionsAreThoseOfTheTable(t *testing.T) {
	actions := Actions()
	if len(actions) != len(keyTable()) {
		t.Fatalf("%d actions of %d", len(actions), len(keyTable()))
	}
	for _, a := range actions {
		if a.Name == "" || a.Does == "" || a.Group == "" || len(a.Keys) == 0 {
			t.Errorf("%+v is not all of an action", a)
		}
	}
	i := slices.IndexFunc(actions, func(a Action) bool { return a.Name == "cancel" })
	if actions[i].Where != "queue" || !actions[i].Overlap(Action{Where: "everywhere"}) || actions[i].Overlap(Action{Where: "panes"}) {
		t.Errorf("%+v is at the wrong place", actions[i])
	}
}

// An action that is chosen from where its keys do not work goes there first.
func TestInvokeGoesWhereTheActionWorks(t *testing.T) {
	d := newDriver(t, 100, 24)
	running(d)
	d.run(d.app.invoke(d.app.action("pause")))
	wantFocus(t, d, onQueue)
	d.wantShown("paused at 24%")
	d.run(d.app.invoke(d.app.action("tag")))
	wantFocus(t, d, onLeft)
}
