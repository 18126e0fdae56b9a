// Package listing arranges the entries of a directory for a pane: which of them
// are shown, in which order. All of it is pure.
package listing
