package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes <": func(t *testing.T, d *driver, key []string) {
			before := d.column("┬")
			d.press(key...)
			if got := d.column("┬"); got != before-5 {
				t.Errorf("the line between the panes went from column %d to %d", before, got)
			}
		},
		"panes >": func(t *testing.T, d *driver, key []string) {
			before := d.column("┬")
			d.press(key...)
			if got := d.column("┬"); got <= before {
				t.Errorf("the line between the panes went from column %d to %d", before, got)
			}
		},
		"panes {": func(t *testing.T, d *driver, key []string) {
			d.press("}", "}")
			tall := d.row("Queue")
			if d.press(key...); d.row("Queue") != tall+2 {
				t.Errorf("the queue begins in row %d, before in %d", d.row("Queue"), tall)
			}
		},
		"panes }": func(t *testing.T, d *driver, key []string) {
			before := d.row("Queue")
			if d.press(key...); d.row("Queue") != before-2 {
				t.Errorf("the queue begins in row %d, before in %d", d.row("Queue"), before)
			}
			for range 40 {
				d.press(key...)
			}
			d.wantShown("Series/") // and the panes are still there
			if d.press("{"); d.row("Queue") <= 6 {
				t.Error("the key back does not work at once")
			}
		},
		"panes M": func(t *testing.T, d *driver, key []string) {
			if got := d.app.View().MouseMode; got != tea.MouseModeCellMotion {
				t.Errorf("at first the mouse mode is %v", got)
			}
			d.press(key...)
			d.wantShown("the terminal selects text")
			if got := d.app.View().MouseMode; got != tea.MouseModeNone {
				t.Errorf("the mouse mode is %v", got)
			}
		},
	})
}

// row and column find a text on the screen; -1 if it is not there.
func (d *driver) row(text string) int {
	return slices.IndexFunc(d.screen(), func(row string) bool { return strings.Contains(row, text) })
}

func (d *driver) column(text string) int {
	y := d.row(text)
	if y < 0 {
		return -1
	}
	before, _, _ := strings.Cut(d.screen()[y], text)
	return d.app.method.StringWidth(before)
}

// click clicks on a text; a button other than the left one may be given.
func (d *driver) click(text string, button ...tea.MouseButton) {
	d.t.Helper()
	x, y := d.column(text), d.row(text)
	if y < 0 {
		d.t.Fatalf("%q is not there to be clicked:\n%s", text, strings.Join(d.screen(), "\n"))
	}
	m := tea.Mouse{X: x, Y: y, Button: tea.MouseLeft}
	if len(button) > 0 {
		m.Button = button[0]
	}
	d.send(tea.MouseClickMsg(m))
	d.send(tea.MouseReleaseMsg(m))
}

func TestClicks(t *testing.T) {
	d := newDriver(t, 160, 40)
	now := testNow
	d.app.now = func() time.Time { now = now.Add(time.Second); return now } // no two clicks are one
	d.click("Stalker.1979.mkv")
	wantCursor(t, d, "Stalker.1979.mkv")
	d.click("Archive")
	wantFocus(t, d, onRight)
	d.click("Arrival.2016", tea.MouseRight)
	wantTagged(t, d, "Arrival.2016.2160p.mkv")
	wantCursor(t, d, "Arrival.2016.2160p.mkv")
	d.click("Size")
	d.wantShown("Size ↑")
	wantOrder(t, d, "Series", "Arrival.2016.2160p.mkv")
	d.click("Size")
	d.wantShown("Size ↓")
	d.click("Name")
	d.wantShown("Name ↑")
	d.click("c copy")
	d.wantShown("Copy Arrival.2016.2160p.mkv")
	d.click("Vertigo.1958.mkv") // the question has the mouse
	d.wantShown("Copy Arrival.2016.2160p.mkv")
	d.click("Enter queue")
	d.wantCalls("copy /home/Films/Arrival.2016.2160p.mkv to 1:/pool/films")
	d.tick(10 << 30)
	d.click("Queue ")
	wantFocus(t, d, onQueue)
	d.click("Failed")
	d.wantShown("nothing failed")
	d.click("Log")
	if d.app.queue.tab != logTab {
		t.Errorf("the tab is %d", d.app.queue.tab)
	}
	d.click("F1 Help")
	d.wantShown("Esc closes")
}

func TestDoubleClickOpens(t *testing.T) {
	d := newDriver(t, 100, 24)
	d.click("Series/")
	if got := d.app.panes[0].dir.Raw(); got != "home/Films" {
		t.Errorf("one click opened %q", got)
	}
	d.click("Series/")
	if got := d.app.panes[0].dir.Raw(); got != "home/Films/Series" {
		t.Errorf("two clicks opened %q", got)
	}
}

func TestWheelScrollsWhatIsUnderIt(t *testing.T) {
	d := newDriver(t, 80, 14)
	wheel := func(x int, b tea.MouseButton) { d.send(tea.MouseWheelMsg{X: x, Y: 5, Button: b}) }
	wheel(60, tea.MouseWheelDown) // the other pane: all of it is visible
	if top := d.app.panes[0].top; top != 0 {
		t.Errorf("the pane with the focus was scrolled, to %d", top)
	}
	wheel(5, tea.MouseWheelDown)
	if p := d.app.panes[0]; p.top != wheelLines || p.cursor < p.top {
		t.Errorf("the pane begins at %d with its cursor on %d", p.top, p.cursor)
	}
	wheel(5, tea.MouseWheelUp)
	if top := d.app.panes[0].top; top != 0 {
		t.Errorf("the pane begins at %d", top)
	}
}

func TestLinesAreDragged(t *testing.T) {
	var kept []Memory
	d := newDriver(t, 100, 30, func(_ *fakeEngine, o *Options) {
		o.Remember = func(m Memory) error { kept = append(kept, m); return nil }
	})
	drag := func(x, y, tox, toy int) {
		d.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
		d.send(tea.MouseMotionMsg{X: tox, Y: toy, Button: tea.MouseLeft})
		d.send(tea.MouseReleaseMsg{X: tox, Y: toy, Button: tea.MouseLeft})
	}
	drag(d.column("┬"), 5, 70, 5)
	if got := d.column("┬"); got < 69 || got > 71 {
		t.Errorf("the line between the panes is in column %d", got)
	}
	y := d.row("├")
	drag(3, y, 3, y-6)
	if got := d.row("├"); got != y-6 {
		t.Errorf("the line above the queue is in row %d, want %d", got, y-6)
	}
	if len(kept) != 2 || kept[1].Split != 700 || kept[1].Tall != 6 {
		t.Errorf("kept was %+v", kept)
	}
}

func TestMouseIsCalmed(t *testing.T) {
	calm := calmMouse()
	passed := 0
	for range 50 {
		if calm(nil, tea.MouseWheelMsg{}) != nil {
			passed++
		}
	}
	if passed == 0 || passed > 25 {
		t.Errorf("%d of 50 turns of the wheel at once came through", passed)
	}
	if calm(nil, tea.MouseClickMsg{}) == nil || calm(nil, tea.KeyPressMsg{}) == nil {
		t.Error("a click or a key was held back")
	}
}

// The keys that a click stands for are those of the table.
func TestClicksPressWhatTheTableCallsSo(t *testing.T) {
	for _, b := range keyTable() {
		for _, keys := range b.Keys() {
			for _, k := range strings.Split(keys, " ") {
				if got := keyMsg(k).String(); got != k {
					t.Errorf("the key %q arrives as %q", k, got)
				}
			}
		}
	}
}
