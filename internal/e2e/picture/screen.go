package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A style is how a cell looks. Colours are "#rrggbb", "" for the default.
type style struct {
	fore, back                                  string
	bold, dim, italic, underline, reverse, gone bool
}

// A cell is a place for a letter. The right half of a wide letter is a cell
// without text.
type cell struct {
	text string
	wide bool
	style
}

// parse reads a screen of lines with SGR sequences, as tmux captures them.
func parse(styled string, columns, rows int) [][]cell {
	grid := make([][]cell, rows)
	var now style
	lines := strings.Split(strings.TrimSuffix(styled, "\n"), "\n")
	for y := range grid {
		grid[y] = make([]cell, columns)
		if y < len(lines) {
			now = parseLine(lines[y], now, grid[y])
		}
	}
	return grid
}

// parseLine fills row and returns the style that the next line starts with.
func parseLine(line string, now style, row []cell) style {
	for x := 0; line != ""; {
		if seq, rest, ok := cutSGR(line); ok {
			now, line = now.apply(seq), rest
			continue
		}
		r, n := utf8.DecodeRuneInString(line)
		line = line[n:]
		w := width(r)
		switch {
		case w == 0 && x > 0:
			row[x-1].text += string(r) // belongs to the letter before
		case w > 0 && x+w <= len(row):
			row[x] = cell{text: string(r), wide: w == 2, style: now}
			if w == 2 {
				row[x+1].style = now
			}
			x += w
		}
	}
	return now
}

// cutSGR splits an SGR sequence from the beginning of s and returns its numbers.
func cutSGR(s string) (numbers []int, rest string, ok bool) {
	inner, ok := strings.CutPrefix(s, "\x1b[")
	if !ok {
		return nil, s, false
	}
	inner, rest, ok = strings.Cut(inner, "m")
	for field := range strings.FieldsFuncSeq(inner, func(r rune) bool { return r == ';' || r == ':' }) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, s, false
		}
		numbers = append(numbers, n)
	}
	if len(numbers) == 0 {
		numbers = []int{0}
	}
	return numbers, rest, ok
}

// apply returns the style after an SGR sequence.
func (s style) apply(numbers []int) style {
	for i := 0; i < len(numbers); i++ {
		switch n := numbers[i]; {
		case n == 0:
			s = style{}
		case n == 38 || n == 48:
			colour, used := extended(numbers[i+1:])
			i += used
			if n == 38 {
				s.fore = colour
			} else {
				s.back = colour
			}
		case n >= 30 && n <= 37:
			s.fore = palette(n - 30)
		case n >= 90 && n <= 97:
			s.fore = palette(n - 90 + 8)
		case n >= 40 && n <= 47:
			s.back = palette(n - 40)
		case n >= 100 && n <= 107:
			s.back = palette(n - 100 + 8)
		case n == 39:
			s.fore = ""
		case n == 49:
			s.back = ""
		default:
			s.attribute(n)
		}
	}
	return s
}

func (s *style) attribute(n int) {
	switch n {
	case 1:
		s.bold = true
	case 2:
		s.dim = true
	case 3:
		s.italic = true
	case 4:
		s.underline = true
	case 7:
		s.reverse = true
	case 9:
		s.gone = true
	case 22:
		s.bold, s.dim = false, false
	case 23:
		s.italic = false
	case 24:
		s.underline = false
	case 27:
		s.reverse = false
	case 29:
		s.gone = false
	}
}

// extended reads the rest of a 38 or 48: 5;n or 2;r;g;b.
func extended(n []int) (colour string, used int) {
	switch {
	case len(n) >= 2 && n[0] == 5:
		return palette(n[1]), 2
	case len(n) >= 4 && n[0] == 2:
		return rgb(n[1], n[2], n[3]), 4
	}
	return "", len(n)
}

// wideRanges are the letters of two columns that stand in names of files:
// East Asian scripts, their punctuation, and emoji.
var wideRanges = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x2e80, 0x303e, 1}, {0x3041, 0x33ff, 1}, {0x3400, 0x4dbf, 1},
		{0x4e00, 0x9fff, 1}, {0xa000, 0xa4cf, 1}, {0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1},
		{0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{{0x1f300, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1}, {0x1f900, 0x1f9ff, 1}, {0x20000, 0x3fffd, 1}},
}

// width returns the columns of r.
func width(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf), unicode.IsControl(r):
		return 0
	case unicode.Is(wideRanges, r):
		return 2
	}
	return 1
}
