//go:build unix

// Treetest copies a tree of many small files, or a large file that is mostly
// holes, kills both ends with kill -9 in the middle, starts them again, and
// holds the result against what bargee promises:
//
//   - the rerun ends with a copy that is the same in names, bytes, modes and
//     times, directories included, and leaves no partial;
//   - it sends at most 16 MiB more than what was not verified when the kill came;
//   - a third run finds everything and sends nothing;
//   - a file with holes has them at the destination, too;
//   - neither process needs more memory than it may.
//
// It prints seconds and peak memory of each run, and exits with 1 if anything was
// violated.
package main
