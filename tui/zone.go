package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// A zone is a part of the screen that the mouse does something to. What draws
// itself says so while it draws: zones are as old as the frame, and what lies on
// top is said last. Points are columns and rows from the zone's upper left.
type zone struct {
	at     cells.Rect
	click  func(x, y int) action
	double func(x, y int) action // the second click on the same cell
	right  func(x, y int) action
	wheel  func(lines int) action // down is positive
	drag   func(x, y int) action  // columns and rows of the screen, until the button is let go
}

// zone adds z to the frame.
func (c canvas) zone(z zone) {
	if c.zones != nil && !z.at.Empty() {
		*c.zones = append(*c.zones, z)
	}
}

// onClick adds a zone in which a click does one thing.
func (c canvas) onClick(at cells.Rect, do action) {
	c.zone(zone{at: at, click: func(int, int) action { return do }})
}

// doing is an action without a name.
type doing func(*App) tea.Cmd

func (f doing) do(a *App) tea.Cmd { return f(a) }

// press is a key that a click stands for: a hint, a function key, an answer.
type press struct{ keys string }

func (p press) do(a *App) tea.Cmd {
	var cmds []tea.Cmd
	for _, k := range strings.Split(p.keys, " ") {
		cmds = append(cmds, a.key(keyMsg(k)))
	}
	return tea.Batch(cmds...)
}

// keyCode are the keys that have a name instead of a letter.
var keyCode = map[string]rune{
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd,
	"enter": tea.KeyEnter, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "esc": tea.KeyEscape,
	"insert": tea.KeyInsert, "delete": tea.KeyDelete,
	"f1": tea.KeyF1, "f2": tea.KeyF2, "f3": tea.KeyF3, "f4": tea.KeyF4, "f5": tea.KeyF5, "f6": tea.KeyF6,
	"f7": tea.KeyF7, "f8": tea.KeyF8, "f9": tea.KeyF9, "f10": tea.KeyF10, "f11": tea.KeyF11, "f12": tea.KeyF12,
}

// keyMsg is the message of a key by the name it has in the key table.
func keyMsg(name string) tea.KeyPressMsg {
	if code, ok := keyCode[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	if letter, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: []rune(letter)[0], Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// A pointer is what has to be known of the mouse between two of its messages.
type pointer struct {
	off  bool // the terminal selects text with it
	x, y int  // of the last click
	at   time.Time
	drag func(x, y int) action
}

// doubleClick is the longest time between two clicks that are one thing.
const doubleClick = 400 * time.Millisecond

// wheelLines is how many rows a notch of the wheel is.
const wheelLines = 3

// mouse does what a message of the mouse means where it points.
func (a *App) mouse(msg tea.MouseMsg) tea.Cmd {
	m := msg.Mouse()
	switch msg.(type) {
	case tea.MouseReleaseMsg:
		if a.pointer.drag != nil {
			a.pointer.drag = nil
			return a.remember()
		}
	case tea.MouseMotionMsg:
		if a.pointer.drag != nil {
			return a.carryOut(a.pointer.drag(m.X, m.Y))
		}
	case tea.MouseWheelMsg:
		z := a.zoneAt(m.X, m.Y)
		if z == nil || z.wheel == nil {
			return nil
		}
		switch m.Button {
		case tea.MouseWheelUp:
			return a.carryOut(z.wheel(-wheelLines))
		case tea.MouseWheelDown:
			return a.carryOut(z.wheel(wheelLines))
		}
	case tea.MouseClickMsg:
		return a.clicked(m)
	}
	return nil
}

func (a *App) clicked(m tea.Mouse) tea.Cmd {
	z := a.zoneAt(m.X, m.Y)
	if z == nil {
		return nil
	}
	twice := m.X == a.pointer.x && m.Y == a.pointer.y && a.now().Sub(a.pointer.at) < doubleClick
	a.pointer.x, a.pointer.y, a.pointer.at, a.pointer.drag = m.X, m.Y, a.now(), nil
	do := z.click
	switch {
	case m.Button == tea.MouseRight:
		do = z.right
	case m.Button != tea.MouseLeft:
		return nil
	case twice && z.double != nil:
		do, a.pointer.at = z.double, time.Time{}
	}
	if m.Button == tea.MouseLeft {
		a.pointer.drag = z.drag
	}
	if do == nil {
		return nil
	}
	a.note.fade()
	return a.carryOut(do(m.X-z.at.X, m.Y-z.at.Y))
}

// zoneAt returns the uppermost zone at a cell, nil where there is none.
func (a *App) zoneAt(x, y int) *zone {
	for i := len(a.zones) - 1; i >= 0; i-- {
		z := &a.zones[i]
		if x >= z.at.X && x < z.at.X+z.at.W && y >= z.at.Y && y < z.at.Y+z.at.H {
			return z
		}
	}
	return nil
}

// wheelInterval is the least time between two messages of the wheel, or of a
// pointer that moves: a trackpad sends hundreds in a second, and each is a frame.
const wheelInterval = 16 * time.Millisecond

// calmMouse lets through one of them in an interval.
func calmMouse() func(tea.Model, tea.Msg) tea.Msg {
	var wheel, motion time.Time
	return func(_ tea.Model, msg tea.Msg) tea.Msg {
		last := &wheel
		switch msg.(type) {
		case tea.MouseWheelMsg:
		case tea.MouseMotionMsg:
			last = &motion
		default:
			return msg
		}
		now := time.Now()
		if now.Sub(*last) < wheelInterval {
			return nil
		}
		*last = now
		return msg
	}
}
