// Picture makes the README's picture: it plays demo.tape and draws the screens
// that the tape takes a Screenshot of, so the picture shows what the program
// does. For FILE.png, which VHS would write, it writes FILE.svg: text stays
// sharp, small, and searchable.
//
// A screen becomes a grid of cells (screen.go), and the grid an image (svg.go).
// Letters are placed run by run with their exact width, since nobody knows the
// font of who looks at it; lines and blocks of the box-drawing alphabet are
// drawn as shapes (box.go), so that they meet in any font.
package main
