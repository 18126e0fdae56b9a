package session

import (
	"context"
	"iter"
)

// Names yields the names and kinds of what is in p; on Windows, of the root, the
// volumes.
func (h *Host) Names(ctx context.Context, p Path) iter.Seq2[Entry, error] {
	if _, ok := volumes(); ok && p.IsRoot() {
		return h.List(ctx, p)
	}
	return h.disk.Names(ctx, p)
}

// StatAll describes names in p.
func (h *Host) StatAll(ctx context.Context, p Path, names []string) ([]Entry, error) {
	if _, ok := volumes(); ok && p.IsRoot() {
		return statEach(ctx, h, p, names)
	}
	return h.disk.StatAll(ctx, p, names)
}

// Watch yields what changes in p.
func (h *Host) Watch(ctx context.Context, p Path) iter.Seq2[Change, error] {
	if _, ok := volumes(); ok && p.IsRoot() {
		return Poll(ctx, h, p)
	}
	return h.disk.Watch(ctx, p)
}
