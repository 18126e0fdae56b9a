package tui

import (
	"strings"
	"testing"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes :": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.wantShown("Actions", "copy to the other pane")
			d.press("esc")
			if d.app.over() != nil {
				t.Error("Esc does not close the palette")
			}
		},
	})
}

func TestPaletteFindsAndDoes(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.press("down", ":")
	d.write("cop oth")
	d.wantShown("copy to the other pane", "c F5")
	d.press("enter")
	d.wantShown("Copy Arrival.2016.2160p.mkv")
	d.press("enter")
	d.wantCalls("copy /home/Films/Arrival.2016.2160p.mkv to 1:/pool/films")
}

// What cannot be done now is grey, says why, and stays open on Enter.
func TestPaletteSaysWhatCannotBeDone(t *testing.T) {
	d := newDriver(t, 100, 24, func(_ *fakeEngine, o *Options) { o.Right = nil })
	d.press(":")
	d.write("copy other")
	d.wantShown("the other pane shows no directory yet")
	d.press("enter")
	if d.app.over() == nil {
		t.Fatal("the palette closed on what cannot be done")
	}
	d.wantShown("not now: the other pane shows no directory yet")
	d.press("ctrl+u")
	d.write("no such thing")
	d.wantShown("nothing is called so")
	d.press("enter", "esc")
	d.wantCalls()
}

// Each action of the table is found by its name alone.
func TestPaletteHasEveryAction(t *testing.T) {
	if testing.Short() {
		t.Skip("pure, and long under the race detector")
	}
	d := newDriver(t, 100, 24)
	for _, a := range Actions() {
		if a.Name == "palette" {
			continue
		}
		d.press(":")
		p := d.app.over().(*palette)
		d.write(strings.ReplaceAll(a.Name, "-", " "))
		found := false
		for _, o := range p.found[:min(3, len(p.found))] {
			found = found || o.binding.name == a.Name
		}
		if !found && p.found[0].why.Empty() {
			t.Errorf("%q is not among the first three: the first is %q", a.Name, p.found[0].binding.name)
		}
		d.press("esc")
	}
}

func TestPaletteIsClicked(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.press(":")
	d.write("hidden")
	d.click("hidden files")
	if d.app.over() != nil || !d.app.panes[0].view.Hidden {
		t.Errorf("the click did not show hidden files")
	}
}

func TestPaletteTakesAPath(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.press(":")
	d.write("~/Films/Series")
	d.wantShown("go to ~/Films/Series")
	d.press("enter")
	if got := d.app.panes[0].dir.Raw(); got != "home/Films/Series" || d.app.over() != nil {
		t.Errorf("the pane shows %q", got)
	}
}
