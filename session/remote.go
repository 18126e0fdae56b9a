package session

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A Remote is the tree that a peer serves. Each call is one stream of the
// link; a call whose context ends is given up at both ends.
type Remote struct {
	link    transport.Link
	without atomic.Uint32 // abilities that the peer turned out to be without
}

var _ Tree = (*Remote)(nil)

// NewRemote returns the tree at the other end of l, which stays the caller's.
func NewRemote(l transport.Link) *Remote { return &Remote{link: l} }

// patience is how long a peer may go without saying anything. What takes as
// long as a disk takes (to digest a file, to remove a tree) is waited for as
// long as the link lives and the caller likes.
const patience = 30 * time.Second

// List yields the entries of dir as they arrive.
func (r *Remote) List(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		c, err := r.ask(ctx, dir, &wire.Request{Ask: &wire.Request_List{List: &wire.List{Path: []byte(dir.raw)}}})
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer c.end()
		for {
			part := new(wire.Entries)
			err := c.read(part, patience)
			if err == io.EOF {
				return
			}
			for _, w := range part.GetEntries() {
				var e Entry
				if e, err = namedEntry(w); err != nil {
					break
				}
				if !yield(e, nil) {
					return
				}
			}
			if err == nil && part.GetError() != nil {
				err = fromWire(part.GetError())
			}
			if err != nil {
				yield(Entry{}, c.explain(err))
				return
			}
		}
	}
}

// namedEntry is entryFromWire for an entry of a directory.
func namedEntry(w *wire.Entry) (Entry, error) {
	if len(w.GetName()) == 0 {
		return Entry{}, fmt.Errorf("entry without a name: %w", wire.ErrInvalid)
	}
	return entryFromWire(w)
}

// Stat describes p itself: a link, not what it points to.
func (r *Remote) Stat(ctx context.Context, p Path) (Entry, error) {
	req := &wire.Request{Ask: &wire.Request_Stat{Stat: &wire.Stat{Path: []byte(p.raw)}}}
	reply, err := r.get(ctx, p, req, patience)
	if err != nil {
		return Entry{}, err
	}
	if reply.GetEntry() == nil {
		return Entry{}, newError(Protocol, p, "the peer did not answer with an entry")
	}
	e, err := entryFromWire(reply.GetEntry())
	if err != nil {
		return Entry{}, newError(Protocol, p, "%w", err)
	}
	return e, nil
}

// Mkdir makes a directory.
func (r *Remote) Mkdir(ctx context.Context, p Path, parents bool) error {
	return r.do(ctx, p, patience, &wire.Request{Ask: &wire.Request_Make{
		Make: &wire.Make{Path: []byte(p.raw), Parents: parents}}})
}

// Rename moves from to to, and never replaces what is there.
func (r *Remote) Rename(ctx context.Context, from, to Path) error {
	return r.do(ctx, from, patience, &wire.Request{Ask: &wire.Request_Move{
		Move: &wire.Move{From: []byte(from.raw), To: []byte(to.raw)}}})
}

// Remove removes a file, a link or a directory.
func (r *Remote) Remove(ctx context.Context, p Path, recursive bool) error {
	return r.do(ctx, p, 0, &wire.Request{Ask: &wire.Request_Remove{
		Remove: &wire.Remove{Path: []byte(p.raw), Recursive: recursive}}})
}

// Touch sets the modification time of p, or makes an empty file.
func (r *Remote) Touch(ctx context.Context, p Path, modified time.Time, mustBeNew bool) error {
	s, ns := timeToWire(modified)
	return r.do(ctx, p, patience, &wire.Request{Ask: &wire.Request_Touch{
		Touch: &wire.Touch{Path: []byte(p.raw), ModifiedS: s, ModifiedNs: ns, MustBeNew: mustBeNew}}})
}

// Hash returns the digest of a file, computed by the peer.
func (r *Remote) Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error) {
	number, ok := algorithms[a]
	if !ok {
		return nil, newError(Invalid, p, "unknown digest algorithm %q", string(a))
	}
	req := &wire.Request{Ask: &wire.Request_Hash{Hash: &wire.Hash{Path: []byte(p.raw), Algorithm: number}}}
	reply, err := r.get(ctx, p, req, 0)
	if err != nil {
		return nil, err
	}
	if len(reply.GetDigest()) == 0 {
		return nil, newError(Protocol, p, "the peer did not answer with a digest")
	}
	return reply.GetDigest(), nil
}

// Space returns the free and the total bytes of the disk under the peer's root.
func (r *Remote) Space(ctx context.Context) (free, total uint64, err error) {
	reply, err := r.get(ctx, Path{}, &wire.Request{Ask: &wire.Request_Space{Space: &wire.Space{}}}, patience)
	if err != nil {
		return 0, 0, err
	}
	if reply.GetSpace() == nil {
		return 0, 0, newError(Protocol, Path{}, "the peer did not answer with its space")
	}
	return reply.GetSpace().GetFree(), reply.GetSpace().GetTotal(), nil
}

// Ping returns how long the peer takes to answer a request.
func (r *Remote) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	err := r.do(ctx, Path{}, patience, &wire.Request{Ask: &wire.Request_Ping{Ping: &wire.Ping{Filler: make([]byte, 32)}}})
	return time.Since(start), err
}

// Keep asks the peer to let our key in from now on without a secret.
func (r *Remote) Keep(ctx context.Context) error {
	return r.do(ctx, Path{}, patience, &wire.Request{Ask: &wire.Request_Keep{Keep: &wire.Keep{}}})
}

// do sends a request that is answered by Done.
func (r *Remote) do(ctx context.Context, p Path, wait time.Duration, req *wire.Request) error {
	reply, err := r.get(ctx, p, req, wait)
	if err == nil && reply.GetDone() == nil {
		return newError(Protocol, p, "the peer did not answer that it is done")
	}
	return err
}

// get sends a request about p and returns the Reply, which is no error.
func (r *Remote) get(ctx context.Context, p Path, req *wire.Request, wait time.Duration) (*wire.Reply, error) {
	c, err := r.ask(ctx, p, req)
	if err != nil {
		return nil, err
	}
	defer c.end()
	reply, err := c.reply(wait)
	c.over = err == nil
	return reply, err
}
