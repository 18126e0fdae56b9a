package cells

import (
	"image/color"

	"charm.land/lipgloss/v2"
	uv "github.com/charmbracelet/ultraviolet"
)

// A Style is a look of Lip Gloss, made ready for cells once: the panes are drawn
// at every key, and rendering each of their texts to a string that is parsed
// again would cost more than all the rest.
type Style struct {
	gloss *lipgloss.Style
	cell  uv.Style
}

// Look makes a Style. Of a look it takes the foreground and what letters can be;
// borders and paddings are for what is rendered as a layer.
func Look(l lipgloss.Style) Style {
	s := Style{gloss: &l}
	if _, none := l.GetForeground().(lipgloss.NoColor); !none {
		s.cell.Fg = l.GetForeground()
	}
	for _, a := range []struct {
		on  bool
		bit uint8
	}{
		{l.GetBold(), uv.AttrBold}, {l.GetFaint(), uv.AttrFaint},
		{l.GetReverse(), uv.AttrReverse}, {l.GetItalic(), uv.AttrItalic},
	} {
		if a.on {
			s.cell.Attrs |= a.bit
		}
	}
	if l.GetUnderline() {
		s.cell.Underline = uv.UnderlineSingle
	}
	return s
}

// Gloss returns the look, for what is rendered to a string.
func (s Style) Gloss() lipgloss.Style {
	if s.gloss == nil {
		return lipgloss.NewStyle()
	}
	return *s.gloss
}

// Render returns t in this look.
func (s Style) Render(t Text) string { return s.Gloss().Render(t.s) }

// On returns s in reverse.
func (s Style) On() Style { return Look(s.Gloss().Reverse(true)) }

// Colours is a style of two colours and nothing else, for pictures.
func Colours(fg, bg color.Color) Style { return Style{cell: uv.Style{Fg: fg, Bg: bg}} }
