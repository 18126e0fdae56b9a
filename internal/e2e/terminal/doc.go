// Package terminal is a terminal without a window: tmux, which draws what a
// program writes into cells, takes keys as a keyboard sends them, and shows
// the cells as text. Every terminal is a tmux server of its own.
package terminal
