// Package plain is bargee line by line: for screen readers, for terminals that
// cannot draw, and for pipes. Commands are words, and so is what they answer:
// nothing is ever painted again, moved, or told by a colour or a sign alone.
//
// There are two sides as on the screen, here and there, each with a directory.
// Files go from one to the other by put and get, into the same queue that the
// screen shows. What happens by itself is told in lines of its own: a running
// transfer every ten percent or half minute, a question when it comes, an end
// with how it ended.
//
// Like the screen it asks an Engine, several times a second, and is asked by
// nobody.
package plain
