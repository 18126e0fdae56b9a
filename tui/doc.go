// Package tui is bargee's screen: two panes, the queue below them, and dialogs.
//
// # The loop
//
//	terminal ── keys, size ──▶ ┌────────┐ ── tea.Cmd ──▶ goroutines: Tree.List, Engine.Submit, …
//	                           │ Update │ ◀── messages ──┘   the only place where anything waits
//	engine ◀── Places,         └────────┘
//	           Page, Log           │ state
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
//	pane.go entries.go tags.go    a directory, by row, by name, one after the other
//	read.go load.go reread.go     how it is read, and read again
//	arrange.go                    how it is arranged and shown
//	peek.go gather.go             what more is known: of what is seen, of all
//	history.go goto.go jump.go bookmark*.go  the ways to a directory and a name
//	sync_browse.go compare_*.go   both panes together: where they go, how they differ
//	find.go entry.go chmod.go create.go  what is looked for, known of, done to entries
//	watch.go waiting.go           how it follows the disk, and what does not answer
//	progress.go                   what is under way in a directory, and ghosts
//	queue.go queue_*.go figures.go  transfers in tabs, page by page, and their streams
//	conflicts.go rules.go         names that are taken: answered singly, for all, by a rule
//	details.go history_tab.go log_tab.go  what is known of a transfer, what is over, what happened
//	limits.go inspector.go graph.go       how fast they may, which way they take, how fast they did
//	decision.go sheet.go quit.go  choices and texts that lie over the screen
//	outcome.go explain.go         how they ended, and errors as sentences
//	chooser.go connect.go         places, known peers, trust
//	drops.go store.go             drop boxes: tickets, and how files are stored
//	pairing*.go                   two people bring their machines together
//	viewer*.go                    a file over the whole screen, by windows of it
//	quickview.go                  what is under the cursor, in place of the other pane
//	edit*.go exec.go              files in the person's own editor
//	bulk_rename*.go               many names in the editor
//	keys.go actions.go            the table of all actions, and what needs them
//	palette.go help.go guide.go   how they are found
//	zone.go mouse.go shape.go     what can be clicked and dragged
//	paste.go clipboard.go         what comes in and goes out by the terminal
//	notify.go suspend.go          while nobody looks
//	style.go memory.go            looks, and what is kept for the next time
//	overlay.go window.go          what lies over the screen and has the keys; lists in a frame
//	poll.go link.go status.go     what the engine says, and what is said about it
//	output.go run.go              the way to the terminal
//	listing/                      the store of a pane; sorting, filters, masks; pure
//	compare/                      two panes' entries merged by name, a verdict on each; pure
//	renaming/                     lists of names that were edited, and the order of steps; pure
//	preview/                      contents of files as lines of cells; pure
//	theme/ fuzzy/ dropped/        looks as words, finding by a few letters, pasted paths; pure
//	cells/                        the grid, and the only kind of text it takes
//
// Each message type stands beside the command that sends it. A command that
// reads a directory has a number; what comes in under an old number is dropped.
//
// # Two panes
//
// A comparison is done again, in a command and on snapshots, whenever what one
// of the panes holds has changed since (compare_panes.go): Update asks after
// each message, as it does for peeks. All entries are described first, by
// gather.go. Verdicts are kept by ID; contents that were compared are remembered
// by name, size and time while the directory is shown. Times are held against
// each other as exactly as the coarser of the two disks keeps them, which is
// judged by the times it has (compare.Granularity).
//
// Panes that are browsed together have a base each, where that began. Where one
// is below its base, or as far above, the other has to be too (sync_browse.go);
// where it cannot, it stays, and the next place that both have joins them again.
//
// Paths that are typed, hits of a search and counts of directories come from
// goroutines that end with what shows them: each has a number and a context.
//
// # The queue
//
// The queue may have a hundred thousand rows. A poll asks for those around the
// cursor of the tab that is shown (session.Page), for what runs wherever it
// stands, and for what was logged since the last one; from the log it knows what
// ended, and keeps the last few of them below the active ones. Where the cursor
// is and what scrolls is a small state machine without an engine (queue_tabs.go).
//
// Measured figures tremble. What is shown of them changes once a second, and only
// if it says something else (figures.go): eight streams cost about 450 bytes a
// second at 160x48, and a look at them with its frame 2 ms. A time left is not
// told before it held for three seconds, nor while files are still counted; then
// it runs down by the clock until it is off by more than a tenth.
//
// Nothing here waits for an answer. A conflict is parked by the engine and shown
// below its transfer; the person answers it, or ten thousand of them, whenever.
//
// # A million entries
//
// A directory is read in two steps. The first 1024 entries are listed with all
// that there is to know; most directories end there, and show all of it at once.
// Of what comes after that only names and kinds are read. Two goroutines do so
// (read.go): one takes names from the tree, the other sorts them in and hands
// over all in order, 10 times a second or less often, so that keys and frames
// get at least 4 parts of 5 of the time. The pane shows what it is handed as it
// is; another order or a filter is a listing.Job in a command, on a snapshot.
//
// What else the columns show is asked for when it can be seen, with a page
// before and behind, one request at a time (peek.go); and of all entries only
// for an order by size or time, or a comparison (gather.go), with how far it is
// on the frame. Esc ends that. Size is -1 where nothing is known.
//
// A directory that is read again is compared with what was there: what stays
// keeps its ID, and with that its tag, and what was known of it is shown until
// it was asked for anew. Features hold names or IDs, never rows: rows change
// whenever entries come. They ask the pane by entries.go, and give goroutines
// pane.frozen.
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
