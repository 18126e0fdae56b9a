package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestParseFollowsStyles(t *testing.T) {
	grid := parse("\x1b[1;34mab\x1b[0m \x1b[38;5;196m\x1b[48;2;1;2;3mc\x1b[7md\n\x1b[27me\x1b[39;49mf", 8, 2)
	bold := style{fore: base[4], bold: true}
	red := style{fore: "#ff0000", back: "#010203"}
	reversed := red
	reversed.reverse = true
	for _, tt := range []struct {
		x, y int
		want cell
	}{
		{0, 0, cell{text: "a", style: bold}},
		{1, 0, cell{text: "b", style: bold}},
		{2, 0, cell{text: " "}},
		{3, 0, cell{text: "c", style: red}},
		{4, 0, cell{text: "d", style: reversed}},
		{5, 0, cell{}},
		{0, 1, cell{text: "e", style: red}}, // styles last over the end of a line
		{1, 1, cell{text: "f"}},
	} {
		if got := grid[tt.y][tt.x]; got != tt.want {
			t.Errorf("cell %d,%d: got %+v, want %+v", tt.x, tt.y, got, tt.want)
		}
	}
}

func TestParsePlacesWideLetters(t *testing.T) {
	grid := parse("東x\u00e9e\u0301!🚢|", 12, 1)
	want := []string{"東", "", "x", "é", "e\u0301", "!", "🚢", "", "|", "", "", ""}
	for x, text := range want {
		if got := grid[0][x].text; got != text {
			t.Errorf("column %d: got %q, want %q", x, got, text)
		}
	}
	if !grid[0][0].wide || grid[0][2].wide {
		t.Error("the wide letter is not marked, or another one is")
	}
}

func TestParseCutsWhatDoesNotFit(t *testing.T) {
	grid := parse("abcdef東\nx\ny\nz", 3, 2)
	if len(grid) != 2 || len(grid[0]) != 3 || grid[0][2].text != "c" {
		t.Errorf("got %+v", grid)
	}
}

func TestColours(t *testing.T) {
	for n, want := range map[int]string{1: base[1], 16: "#000000", 21: "#0000ff", 231: "#ffffff", 232: "#080808", 255: "#eeeeee", 256: ""} {
		if got := palette(n); got != want {
			t.Errorf("palette(%d): got %s, want %s", n, got, want)
		}
	}
	if fore, back := (style{reverse: true}).colours(); fore != background || back != foreground {
		t.Errorf("reversed defaults: got %s on %s", fore, back)
	}
}

func TestDraw(t *testing.T) {
	svg := string(draw(parse("╭─\x1b[4m a<b \x1b[0m  two  \x1b[9;2mgone\x1b[0m東\n│━━▌", 24, 2), "a & b"))
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not XML: %v\n%s", err, svg)
		}
	}
	for _, want := range []string{
		`a &amp; b: the screen`,
		`text-decoration="underline"> a&lt;b</text>`,
		`x="95" y="62" textLength="27" lengthAdjust="spacingAndGlyphs" fill="#d5d9e0">two</text>`,
		`opacity="0.6" text-decoration="line-through">gone</text>`,
		`textLength="18" lengthAdjust="spacingAndGlyphs" fill="#d5d9e0">東</text>`,
		`<path d="M23 76.5H41" stroke="#d5d9e0" stroke-width="3.2"`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
	for _, letter := range "╭─│━▌" {
		if strings.ContainsRune(svg, letter) {
			t.Errorf("%c is set as a letter", letter)
		}
	}
}
