// Package listing holds the entries of a directory, a million of them if need
// be, and decides which of them are shown, in which order. All of it is pure:
// it knows no screen, no disk and no clock, and starts no goroutine that
// outlives the call.
//
//	Builder ─▶ Block ─▶ Store ─▶ Snapshot ─▶ Job ─▶ Rows
//	              └────▶ Sorter ────▶ base ───┘
//
// A Block is up to 4096 entries that came together: their names in one string,
// never changed. A Store is made of blocks, and has what is known of an entry
// besides its name and kind: size, time and mode, where they were asked for. An
// entry's ID says where it lies and never changes, also when others come and go.
//
// Sorting and filtering take a Snapshot, so that they can run beside the owner
// of the Store. While a directory is read a Sorter merges what came into what
// is sorted already, so that it is in order at any time. That order, by name and
// directories first, is the base: lookups by name search it, and other orders
// and filters are made from it by a Job.
//
// Memory, for each entry beside its name: 5 bytes for where it lies and what it
// is, 4 for its place in the base, 4 for each other order and each filter, 21
// when its size and time are known; and while it is read 24 for sorting.
package listing
