package session

import (
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"sort"
	"strings"

	"github.com/bargee/bargee/internal/drop"
)

// A depositPlan is what goes into a drop, in its order: names sorted, so that it is
// the same each time.
type depositPlan struct {
	header  drop.Header
	layout  drop.Layout
	entries []depositEntry
	failed  []Item
	sum     DropDigest // of the manifest but for its chunks: what would be stored
	chunks  int        // of all, the manifest's included
	sealed  int64      // bytes of them
}

// A depositEntry is something that goes into a drop.
type depositEntry struct {
	path  string // in the drop
	top   *offered
	entry Entry

	sum    value // of a file, once it was read to its end
	left   int64 // bytes of a file that are not at the depot yet
	reused int64 // bytes that an earlier run brought there
}

// inner is where the entry is in its directory, shown where it is for people.
func (e *depositEntry) inner() Path { return e.top.path.Append(e.below()) }
func (e *depositEntry) shown() Path { return e.top.shown.Append(e.below()) }
func (e *depositEntry) below() Path {
	return Path{strings.TrimPrefix(strings.TrimPrefix(e.path, e.top.name), "/")}
}

// plan walks what is to be stored.
func (d *deposit) plan(ctx context.Context) (*depositPlan, error) {
	p := &depositPlan{header: drop.Header{From: d.From, Tags: d.Tags}}
	for _, it := range d.offer.items {
		e, err := it.stat(ctx)
		if err != nil {
			d.leave(p, it.shown, err)
			continue
		}
		if err := d.walk(ctx, p, depositEntry{path: it.name, top: it, entry: e}); err != nil {
			return nil, err
		}
	}
	if len(p.entries) == 0 && len(p.failed) > 0 {
		return nil, p.failed[0].Err
	}
	if len(p.entries) > drop.MaxEntries {
		return nil, newError(Limit, Path{}, "%d entries, and a drop has at most %d: store an archive of them", len(p.entries), drop.MaxEntries)
	}
	p.header.Chunk = drop.ChunkFor(p.header.Bytes)
	p.layout = p.header.Layout()
	if err := p.layout.Check(); err != nil {
		return nil, dropError(err)
	}
	d.q.ledger.counted()
	return p, p.measure(d)
}

// unread stands for digests that are not known yet.
var unread = value{0xff}

// measure computes how large the drop becomes, by the manifest as it would be.
func (p *depositPlan) measure(d *deposit) error {
	p.header.Created, p.header.Sequence, p.header.Chunks = d.record.Created, d.record.Sequence, DropDigest{}
	count, sum := &counting{}, sha256.New()
	if err := p.write(io.MultiWriter(count, sum), d, func(*depositEntry) value { return unread }); err != nil {
		return dropError(err)
	}
	p.sum = DropDigest(sum.Sum(nil))
	chunks, sealed := drop.ManifestChunks(count.n)
	p.chunks, p.sealed = p.layout.Chunks()+chunks, p.layout.Sealed()+sealed
	return nil
}

func (d *deposit) sequence() uint64 {
	if d.To == nil {
		return 0
	}
	return d.To.Sequence
}

type counting struct{ n int64 }

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// leave notes an entry that does not go into the drop.
func (d *deposit) leave(p *depositPlan, shown Path, err error) {
	e := *about(shown, err)
	e.Side, e.Path = Source, shown
	it := Item{Path: shown, Name: shown, Result: Failed, Err: &e}
	p.failed = append(p.failed, it)
	d.q.ledger.over(0, it)
}

// walk adds e, and what is in it.
func (d *deposit) walk(ctx context.Context, p *depositPlan, e depositEntry) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if why := d.left[e.shown().raw]; why != nil {
		d.leave(p, e.shown(), why)
		return nil
	}
	if e.entry.Kind == Link && !d.options.KeepLinks {
		return nil
	}
	switch e.entry.Kind {
	case RegularFile:
		p.header.Files++
		p.header.Bytes += e.entry.Size
		e.left = e.entry.Size
	case Directory:
		p.header.Dirs++
	case Link:
		p.header.Links++
	default:
		d.leave(p, e.shown(), newError(NotAFile, e.shown(), "is no file, directory or link"))
		return nil
	}
	p.entries = append(p.entries, e)
	d.q.ledger.seen(e.shown(), e.entry.Kind, e.entry.Size)
	if e.entry.Kind != Directory {
		return nil
	}
	var children []Entry
	for c, err := range e.top.tree.List(ctx, e.inner()) {
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			d.leave(p, e.shown(), err)
			return nil
		}
		children = append(children, c)
	}
	sort.Slice(children, func(i, j int) bool { return children[i].Name < children[j].Name })
	for _, c := range children {
		below := depositEntry{path: e.path + "/" + c.Name, top: e.top, entry: c}
		if !d.chosen(&below) {
			continue
		}
		if err := d.walk(ctx, p, below); err != nil {
			return err
		}
	}
	return nil
}

// chosen holds an entry against the filters, as the walk of a transfer does.
func (d *deposit) chosen(e *depositEntry) bool {
	below := e.below().raw
	if matchAny(d.options.Exclude, below) {
		return false
	}
	return e.entry.Kind == Directory || len(d.options.Include) == 0 || matchAny(d.options.Include, below)
}

// write writes the manifest, with a digest of each file.
func (p *depositPlan) write(w io.Writer, d *deposit, digest func(*depositEntry) value) error {
	m, err := drop.NewManifestWriter(w, p.header)
	if err != nil {
		return err
	}
	for i := range p.entries {
		e := &p.entries[i]
		out := drop.Entry{Path: e.path, Size: e.entry.Size, Mode: drop.NoMode, Target: e.entry.Target}
		switch e.entry.Kind {
		case RegularFile:
			out.Kind, out.BLAKE3 = drop.File, DropDigest(digest(e))
		case Directory:
			out.Kind, out.Size = drop.Dir, 0
		case Link:
			out.Kind, out.Size = drop.Symlink, 0
		}
		if d.options.KeepMode {
			out.Mode = uint32(e.entry.Mode & fs.ModePerm)
		}
		if d.options.KeepTimes {
			out.Modified = e.entry.Modified
		}
		if err := m.Add(out); err != nil {
			return &Error{Kind: KindOf(dropError(err)), Side: Source, Path: e.shown(), Err: err}
		}
	}
	if d.To == nil {
		return nil
	}
	return m.Sign(d.record.keys.ID, drop.MailboxOf(d.To.KEM), d.To.Key, d.To.Sign)
}

// items are all, as they ended.
func (p *depositPlan) items() []Item {
	out := make([]Item, 0, len(p.entries)+len(p.failed))
	for i := range p.entries {
		out = append(out, p.entries[i].item())
	}
	return append(out, p.failed...)
}

func (e *depositEntry) item() Item {
	it := Item{Path: e.shown(), Name: Path{e.path}, Kind: e.entry.Kind, Size: e.entry.Size, Result: Copied, modified: e.entry.Modified}
	if e.entry.Kind == RegularFile {
		it.Sent, it.Reused = e.entry.Size-e.reused, e.reused
	}
	if e.reused > 0 {
		it.Result = Resumed
	}
	return it
}

// wasThere counts all as stored by an earlier run.
func (p *depositPlan) wasThere(l *ledger) {
	for i := range p.entries {
		e := &p.entries[i]
		e.reused = e.left
		id := uint64(i + 1)
		l.start(id, e.shown(), Path{e.path}, e.entry.Size)
		l.reuse(id, e.left)
		l.over(id, e.item())
	}
}
