// Package cells is the paper that the screen is drawn on: a grid of cells, and
// the only kind of text that may be written on it.
//
// A name in a directory is any bytes, and a terminal obeys some of them. So a
// Text cannot be made of a string that was read from somewhere except by Name
// and Shown, which take out what could steer a terminal or deceive a reader.
// What the program itself says comes in as constants, which the compiler
// checks: Say and Sayf take nothing else.
package cells
