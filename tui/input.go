package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// An input is one line of text being typed: a text input of Bubbles whose cursor
// stands still, since blinking would be bytes on the line for ever, and which
// takes nothing that could steer the terminal or deceive who types.
type input struct{ textinput.Model }

// maxInput bounds what can be typed or pasted.
const maxInput = 4096

func newInput(text string) *input {
	in := &input{textinput.New()}
	in.Prompt, in.CharLimit = "", maxInput
	in.KeyMap.Paste.SetEnabled(false) // it would ask programs of this machine; terminals paste by themselves
	in.SetStyles(textinput.Styles{})
	in.Focus()
	in.SetValue(text)
	return in
}

// newSecret is an input that shows how much was typed, and not what.
func newSecret() *input {
	in := newInput("")
	in.EchoMode = textinput.EchoPassword
	return in
}

// edit takes a key or pasted text. Letters that cannot be shown become escapes,
// as names have them, and turn into the letters again where a name is made of
// them.
func (in *input) edit(msg tea.Msg) {
	switch m := msg.(type) {
	case tea.KeyPressMsg:
		m.Text = cells.Shown(m.Text).String()
		msg = m
	case tea.PasteMsg:
		lines := strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(strings.Trim(m.Content, "\r\n"))
		msg = tea.PasteMsg{Content: cells.Shown(lines).String()}
	}
	in.Model, _ = in.Update(msg) // no cursor that blinks, no command
}

// view is the line in w columns, with the part around the cursor visible.
func (in *input) view(c canvas, w int) string {
	in.SetWidth(max(w-1, 1)) // one for the cursor behind the last letter
	looks := textinput.StyleState{Text: c.plain.Gloss(), Placeholder: c.dim.Gloss(), Prompt: c.plain.Gloss()}
	in.SetStyles(textinput.Styles{Focused: looks, Blurred: looks})
	return in.View()
}
