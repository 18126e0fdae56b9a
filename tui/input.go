package tui

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// An input is one line of text being typed.
type input struct {
	text   []rune
	at     int  // the cursor
	masked bool // shown as dots: a secret
}

func newInput(text string) *input {
	in := &input{text: []rune(text)}
	in.at = len(in.text)
	return in
}

func (in *input) String() string { return string(in.text) }

// maxInput bounds what can be typed or pasted.
const maxInput = 4096

// insert types or pastes s; line ends become blanks.
func (in *input) insert(s string) {
	s = strings.ToValidUTF8(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s), "")
	add := []rune(strings.Trim(s, "\x00"))
	if len(in.text)+len(add) > maxInput {
		return
	}
	in.text = append(in.text[:in.at:in.at], append(add, in.text[in.at:]...)...)
	in.at += len(add)
}

// handleKey edits the line; it returns false for keys that are not its own.
func (in *input) handleKey(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "left":
		in.at = max(in.at-1, 0)
	case "right":
		in.at = min(in.at+1, len(in.text))
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "backspace":
		if in.at > 0 {
			in.text = append(in.text[:in.at-1], in.text[in.at:]...)
			in.at--
		}
	case "delete":
		if in.at < len(in.text) {
			in.text = append(in.text[:in.at], in.text[in.at+1:]...)
		}
	case "ctrl+u":
		in.text, in.at = in.text[in.at:], 0
	case "ctrl+w":
		from := in.at
		for from > 0 && in.text[from-1] == ' ' {
			from--
		}
		for from > 0 && in.text[from-1] != ' ' && in.text[from-1] != '/' {
			from--
		}
		if from == in.at && from > 0 {
			from--
		}
		in.text = append(in.text[:from], in.text[in.at:]...)
		in.at = from
	default:
		if k.Text == "" || !utf8.ValidString(k.Text) {
			return false
		}
		in.insert(k.Text)
	}
	return true
}

// draw writes the line into r, with the part around the cursor visible.
func (in *input) draw(c canvas, r cells.Rect, focused bool) {
	shown := func(text []rune) cells.Text {
		if in.masked {
			return cells.Rune('*', len(text))
		}
		return cells.Shown(string(text))
	}
	before := shown(in.text[:in.at])
	from := 0
	for before.Width(c.Method) > r.W-2 && from < in.at {
		from += max(1, (in.at-from)/8)
		before = shown(in.text[from:in.at])
	}
	rest := c.Put(r, c.plain, before)
	under := cells.Say(" ")
	if in.at < len(in.text) {
		under = shown(in.text[in.at : in.at+1])
	}
	look := c.plain
	if focused {
		look = look.On()
	}
	rest = c.Put(rest, look, under)
	if in.at < len(in.text) {
		c.Put(rest, c.plain, shown(in.text[in.at+1:]))
	}
}
