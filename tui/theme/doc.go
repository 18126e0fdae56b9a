// Package theme knows how the parts of the screen look: the themes that are
// built in, and looks as a configuration writes them. It is pure.
//
// A look is a line of words: attributes (bold, dim, italic, underline, reverse)
// and a colour, one of the terminal's sixteen by its name (blue, bright-red) or
// number (0 to 15), one of 256 by its number, or #rrggbb; "plain" is none of
// them. The built-in themes use the terminal's own sixteen and nothing else, so
// that they go with whatever somebody chose there; where the terminal has fewer
// colours, the nearest is taken.
package theme
