// Package compare tells what two directories have in common, by name: what is
// only in one, what is newer, older, different or the same. It is pure, and
// works on Snapshots of listing, so that it can run beside the screen.
package compare
