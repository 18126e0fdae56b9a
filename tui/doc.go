// Package tui is bargee's screen: two panes, the queue below them, and dialogs.
//
// # The loop
//
//	terminal ── keys, size ──▶ ┌────────┐ ── tea.Cmd ──▶ goroutines: Tree.List, Engine.Submit, …
//	                           │ Update │ ◀── messages ──┘   the only place where anything waits
//	engine ◀── Places,         └────────┘
//	           Transfers           │ state
//	           4 times a second    ▼
//	           while busy,     ┌────────┐      ┌────────┐ frames ┌────────┐
//	           else once       │  View  │ ───▶ │  grid  │ ─────▶ │ output │ ──▶ terminal
//	                           └────────┘      └────────┘        └────────┘
//
// The engine never calls the screen. The screen polls it, so a terminal that
// hangs cannot hold up a transfer, and output drops frames rather than wait for
// it. Frames that are equal write nothing: an idle screen sends no byte.
//
// # Who owns what
//
// App is the one tea.Model. Update routes messages; what a key does is in the
// key table (keys.go), from which the help, the hints and the row of function
// keys are made. Panes, queue, chooser, ask, connectDialog and help are plain
// structs: they hold state, turn keys into actions, and draw themselves into a
// rectangle. Where the rectangles are is a pure function of size and state
// (layout.go). Looks come from one struct that is handed down (style.go).
//
// Bubbles does what it does well: lines of text (input.go), bindings, hints and
// the help (keys.go, help.go). Lip Gloss has the looks, the borders, and puts
// dialogs over the rest. Panes and queue draw cells: they are of any length, and
// drawn at every key.
//
//	browse.go files.go copy.go    what the keys do in the panes
//	pane.go load.go arrange.go    a directory: read in parts, arranged, shown
//	progress.go                   what is under way in a directory, and ghosts
//	queue.go queue_*.go           transfers, their streams, their questions
//	outcome.go explain.go         how they ended, and errors as sentences
//	chooser.go connect.go         places, known peers, trust
//	overlay.go                    what lies over the screen and has the keys
//	poll.go link.go status.go     what the engine says, and what is said about it
//	output.go run.go              the way to the terminal
//	listing/                      sorting, filters and masks; pure
//	cells/                        the grid, and the only kind of text it takes
//
// Each message type stands beside the command that sends it. A command that
// reads a directory has a number; what comes in under an old number is dropped.
//
// # What it refuses to know
//
// Files, sockets and addresses: all it has is an Engine and session.Tree. Whether
// a place is this machine or a peer: both are trees. How bytes travel: it shows
// what a place's lanes say. What signals mean: Run ends when its context does.
//
// Names are bytes that somebody else chose. They reach the grid as cells.Text,
// which cannot be made of a string but by escaping it; and what is rendered to
// strings by way of cells.Grid.Compose, which looks at every cell.
package tui
