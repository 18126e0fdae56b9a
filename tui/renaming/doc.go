// Package renaming turns a list of names that somebody edited into renamings that
// lose nothing: the list is checked as a whole before the first one, and names
// that take each other's place go by way of a name that nobody has. It is pure.
package renaming
