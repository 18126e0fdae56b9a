// Screentest measures what a person at a terminal feels of bargee's screen: how
// soon it is there, what it costs the line to the terminal, and that a terminal
// which stands still costs the transfer nothing. It drives the built binary on a
// pseudo terminal (package console) against a real server on loopback, with the
// same keys that a person would press. .ci/screen runs it.
//
//	start   from exec to the first whole frame, beside an empty Bubble Tea program
//	bytes   what goes to the terminal: at rest, a cursor key, a page, a transfer
//	stall   a terminal that reads nothing for a while, during a transfer
//	cpu     what the screen costs while a transfer runs at full speed
//	entries a directory of a million: its first rows, keys, filters, memory
//
// Each row prints a figure and its goal; with -f the exit code is 1 when one is
// missed. The goals are for an idle machine with two cores.
package main
