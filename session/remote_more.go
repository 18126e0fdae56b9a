package session

import (
	"context"
	"io/fs"
	"iter"
)

// Names yields what is in dir as it arrives.
func (r *Remote) Names(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return r.List(ctx, dir)
}

// StatAll describes names in dir.
func (r *Remote) StatAll(ctx context.Context, dir Path, names []string) ([]Entry, error) {
	return statEach(ctx, r, dir, names)
}

// Watch yields what changes in dir.
func (r *Remote) Watch(ctx context.Context, dir Path) iter.Seq2[Change, error] {
	return pollDir(ctx, r, dir)
}

// Measure counts what p holds.
func (r *Remote) Measure(ctx context.Context, p Path) iter.Seq2[Measured, error] {
	return measureApart(ctx, r, p)
}

// Find yields what is in dir and below and fits q.
func (r *Remote) Find(ctx context.Context, dir Path, q Query) iter.Seq2[Found, error] {
	return findApart(ctx, r, dir, q)
}

// Chmod sets the permission bits of p.
func (r *Remote) Chmod(_ context.Context, p Path, _ fs.FileMode) error {
	return newError(Refused, p, "the peer's version sets no modes")
}

// Symlink makes the link p.
func (r *Remote) Symlink(_ context.Context, _ string, p Path) error {
	return newError(Refused, p, "the peer's version makes no links")
}
