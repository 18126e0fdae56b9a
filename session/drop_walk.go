package session

import (
	"context"
	"errors"

	"github.com/bargee/bargee/internal/wire"
)

// A sender that has a drop for its source reads it from the depot. What follows
// stands in the place of walk.go and outfile.go for it.

// A dropBody is where an outFile of a drop is read.
type dropBody struct {
	d   *Drop
	n   *dropNode
	ctx context.Context // of the copy
	sha inOrder         // of files of which there is no other digest
}

func (d *Drop) body(ctx context.Context, n *dropNode) *dropBody {
	return &dropBody{d: d, n: n, ctx: ctx}
}

// sourcesIn are the sources of a transfer that copies p out of the drop: of its root,
// all that is at the top.
func (d *Drop) sourcesIn(ctx context.Context, p Path) ([]source, error) {
	n, err := d.node(p)
	if err != nil {
		return nil, atSource(p, err)
	}
	if !p.IsRoot() {
		return []source{{drop: d.body(ctx, n), path: p, shown: p}}, nil
	}
	var out []source
	for _, c := range n.children {
		at := Path{c.entry.Name}
		out = append(out, source{drop: d.body(ctx, c), path: at, shown: at})
	}
	if len(out) == 0 {
		return nil, atSource(p, newError(NotFound, p, "there is nothing in the drop"))
	}
	return out, nil
}

// walkDrop announces a source in a drop, and all below it.
func (s *sender) walkDrop(ctx context.Context, src source, f *outFile, end *wire.End) error {
	if f.entry.Kind == Directory && !s.options.Recursive {
		return &Error{Kind: NotAFile, Side: Source, Path: src.shown, Err: errors.New("is a directory; -r copies directories")}
	}
	if err := s.offer(ctx, f, end); err != nil {
		return err
	}
	for _, c := range f.drop.n.children {
		below, err := f.below(c.entry.Name)
		if err != nil {
			s.report(f, err)
			continue
		}
		below.entry, below.drop = c.entry, f.drop.d.body(f.drop.ctx, c)
		if !s.chosen(src, below) {
			continue
		}
		if err := s.walkDrop(ctx, src, below, end); err != nil {
			return err
		}
	}
	return nil
}

// read reads chunk i of f from the drop.
func (b *dropBody) read(f *outFile, i uint64, buf []byte) ([]byte, value, error) {
	off, n := f.layout.span(i)
	if err := b.d.data.readAt(b.ctx, buf[:n], b.n.at+off); err != nil {
		return nil, value{}, err
	}
	v := valueOf(buf[:n], i, f.layout.chunkSize, f.layout.single())
	b.passed(f, i, buf[:n])
	if f.layout.single() {
		if err := b.same(v); err != nil {
			return nil, value{}, err
		}
	} else {
		b.d.values.note(valueKey{b.n.file, uint32(f.layout.chunkSize), uint32(i)}, v)
	}
	return buf[:n], v, nil
}

// recall returns the value of chunk i as an earlier run read it.
func (b *dropBody) recall(f *outFile, i uint64) (value, bool) {
	return b.d.values.of(valueKey{b.n.file, uint32(f.layout.chunkSize), uint32(i)})
}

// digest digests the file for a comparison: all of it is fetched.
func (b *dropBody) digest(ctx context.Context) (value, error) {
	l := layout{b.n.entry.Size, defaultChunkSize}
	buf := getChunk(l.chunkSize)
	defer putChunk(buf)
	values := make([]value, l.count())
	for i := range values {
		off, n := l.span(uint64(i))
		if err := b.d.data.readAt(ctx, buf[:n], b.n.at+off); err != nil {
			return value{}, err
		}
		values[i] = valueOf(buf[:n], uint64(i), l.chunkSize, l.single())
	}
	return combine(values), nil
}

// ofDrop is what is different in a job whose source is a drop.
func ofDrop(j *Job) {
	if j.Sources[0].IsRoot() { // all that is in it, under its own names
		j.Into, j.Exact = true, false
	}
	j.Options.Whole = true // to compare with an old file, all of the drop would be fetched
	j.Options.Compress = CompressOff
	j.Options.Timeout = 0 // a depot that does not answer is waited for by who asks it
}
