// Package dropped reads paths out of what was pasted or dropped on a terminal:
// as shells quote them, as file: URLs, one in a line or several. It is pure.
package dropped
