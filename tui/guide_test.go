package tui

import (
	"testing"
)

// A newcomer who does what the guide says has a verified file at the other side
// with at most five keys after the machines know each other.
func TestNewcomer(t *testing.T) {
	var kept []Memory
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) {
		o.Right, o.Guide = nil, true
		o.Remember = func(m Memory) error { kept = append(kept, m); return nil }
	})
	d.wantShown("1 of 4  Choose the other machine: 2 goes to that pane.")
	d.press("2")
	d.wantShown("1 of 4  Choose the other machine, or connect to a new one")
	d.press("end", "enter")
	d.write("attic:6768")
	d.press("tab")
	d.write("bgt_secret")
	d.press("enter")

	keys := []string{"tab", "down", "c", "enter"} // from here on they are counted
	d.press(keys[0])
	d.wantShown("2 of 4  Cursor on a file, or tag several with Space: c copies them across")
	d.press(keys[1], keys[2])
	d.wantShown("3 of 4  This is what would be copied", "Copy Arrival.2016")
	d.press(keys[3])
	d.tick(10 << 30)
	d.wantShown("4 of 4  On its way.")
	d.tick(100 << 30)
	d.wantShown("4 of 4  It arrived as it was sent, verified.", "✓")
	if len(keys) > 5 {
		t.Errorf("%d keys after pairing", len(keys))
	}
	if got := d.engine.trees[2].names(""); len(got) != 1 || got[0] != "Arrival.2016.2160p.mkv" {
		t.Errorf("the other side has %q", got)
	}
	d.press("down") // it was read
	if d.shows("of 4") || len(kept) != 1 || !kept[0].Guided {
		t.Errorf("the guide is still there; kept was %+v", kept)
	}
}

func TestGuideIsDismissed(t *testing.T) {
	var kept []Memory
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) {
		o.Right, o.Guide = nil, true
		o.Remember = func(m Memory) error { kept = append(kept, m); return nil }
	})
	d.press("space", "esc") // the tag first
	d.wantShown("1 of 4")
	d.press("esc")
	if d.shows("1 of 4") || len(kept) != 1 || !kept[0].Guided {
		t.Errorf("the guide is still there; kept was %+v", kept)
	}
	for name, change := range map[string]func(*fakeEngine, *Options){
		"not asked for":      func(_ *fakeEngine, o *Options) { o.Right = nil },
		"followed before":    func(_ *fakeEngine, o *Options) { o.Right, o.Guide, o.Memory.Guided = nil, true, true },
		"too small a screen": func(_ *fakeEngine, o *Options) { o.Right, o.Guide = nil, true },
	} {
		h := 24
		if name == "too small a screen" {
			h = guideFrom - 1
		}
		if d := newDriver(t, 80, h, change); d.shows("1 of 4") {
			t.Errorf("%s: the guide is there", name)
		}
	}
}

// A transfer that failed is not what the guide leads to.
func TestGuideWaitsForAFileThatArrived(t *testing.T) {
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) { o.Guide = true })
	failed(d)
	if d.app.guide.verified {
		t.Error("a failed transfer ended the guide")
	}
}
