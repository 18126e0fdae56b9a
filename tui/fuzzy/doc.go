// Package fuzzy finds the actions that somebody means by a few letters. It is
// pure.
package fuzzy
