package main

import "fmt"

// The window: light on dark, soft enough for both of GitHub's backgrounds.
const (
	foreground = "#d5d9e0"
	background = "#16191f"
	titleBar   = "#20242c"
	titleText  = "#8b93a1"
	edge       = "#343a45"
)

// base holds the 16 colours that a terminal's theme decides.
var base = [16]string{
	"#2b303b", "#e5687a", "#8ccf7e", "#e3c07b", "#6cb0f5", "#c58fe8", "#5fc9c4", "#c9ced8",
	"#636c7b", "#f28b98", "#a9e09c", "#f0d399", "#8fc6ff", "#d9aef5", "#86dfdb", "#f2f4f8",
}

// palette returns one of the 256 colours: 16 of the theme, a cube, greys.
func palette(n int) string {
	switch {
	case n < 0 || n > 255:
		return ""
	case n < 16:
		return base[n]
	case n < 232:
		n -= 16
		return rgb(cube(n/36), cube(n/6%6), cube(n%6))
	}
	grey := 8 + 10*(n-232)
	return rgb(grey, grey, grey)
}

// cube is a level of the 6x6x6 cube of colours.
func cube(level int) int {
	if level == 0 {
		return 0
	}
	return 55 + 40*level
}

func rgb(r, g, b int) string { return fmt.Sprintf("#%02x%02x%02x", r&0xff, g&0xff, b&0xff) }

// colours returns what s is painted with; no background is "".
func (s style) colours() (fore, back string) {
	fore, back = s.fore, s.back
	if s.reverse {
		fore, back = back, fore
		if fore == "" {
			fore = background
		}
		if back == "" {
			back = foreground
		}
	}
	if fore == "" {
		fore = foreground
	}
	return fore, back
}
