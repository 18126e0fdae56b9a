package session

import (
	"context"
	"io/fs"
	"iter"
	"time"

	"github.com/bargee/bargee/transport"
)

// A placeTree is the tree of a place over whatever link it has.
type placeTree struct{ p *place }

var _ Tree = (*placeTree)(nil)

func (t *placeTree) remote(ctx context.Context) (*Remote, error) {
	l, err := t.p.await(ctx)
	if err != nil {
		return nil, err
	}
	if boxOf(l) != nil {
		return nil, errNoPeer
	}
	return t.over(l), nil
}

// tree returns what stands behind the place at the moment: a peer's tree, or a box.
func (t *placeTree) tree(ctx context.Context) (Tree, error) {
	l, err := t.p.await(ctx)
	if err != nil {
		return nil, err
	}
	if b := boxOf(l); b != nil {
		return b, nil
	}
	return t.over(l), nil
}

// over is the peer at the other end of l.
func (t *placeTree) over(l transport.Link) *Remote {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	if r := t.p.remote; r != nil && r.link == l {
		return r
	}
	return NewRemote(l) // the link is another one by now
}

// A remoteTree is a tree at a peer, over the link that there is.
type remoteTree interface {
	Tree
	remote(ctx context.Context) (*Remote, error)
}

func (r *Remote) remote(context.Context) (*Remote, error) { return r, nil }

// each yields what f does, over the link of the moment.
func each[T any](ctx context.Context, t *placeTree, f func(Tree) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		r, err := t.tree(ctx)
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		f(r)(yield)
	}
}

func (t *placeTree) List(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return each(ctx, t, func(r Tree) iter.Seq2[Entry, error] { return r.List(ctx, dir) })
}

func (t *placeTree) Names(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return each(ctx, t, func(r Tree) iter.Seq2[Entry, error] { return r.Names(ctx, dir) })
}

func (t *placeTree) Watch(ctx context.Context, dir Path) iter.Seq2[Change, error] {
	return each(ctx, t, func(r Tree) iter.Seq2[Change, error] { return r.Watch(ctx, dir) })
}

func (t *placeTree) Measure(ctx context.Context, p Path) iter.Seq2[Measured, error] {
	return each(ctx, t, func(r Tree) iter.Seq2[Measured, error] { return r.Measure(ctx, p) })
}

func (t *placeTree) Find(ctx context.Context, dir Path, q Query) iter.Seq2[Found, error] {
	return each(ctx, t, func(r Tree) iter.Seq2[Found, error] { return r.Find(ctx, dir, q) })
}

func (t *placeTree) StatAll(ctx context.Context, dir Path, names []string) ([]Entry, error) {
	return behind(ctx, t, func(r Tree) ([]Entry, error) { return r.StatAll(ctx, dir, names) })
}

func (t *placeTree) Chmod(ctx context.Context, p Path, mode fs.FileMode) error {
	return t.do(ctx, func(r Tree) error { return r.Chmod(ctx, p, mode) })
}

func (t *placeTree) Symlink(ctx context.Context, target string, p Path) error {
	return t.do(ctx, func(r Tree) error { return r.Symlink(ctx, target, p) })
}

func (t *placeTree) Stat(ctx context.Context, p Path) (Entry, error) {
	return behind(ctx, t, func(r Tree) (Entry, error) { return r.Stat(ctx, p) })
}

func (t *placeTree) Open(ctx context.Context, p Path) (File, error) {
	return behind(ctx, t, func(r Tree) (File, error) { return r.Open(ctx, p) })
}

func (t *placeTree) Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error) {
	return behind(ctx, t, func(r Tree) ([]byte, error) { return r.Hash(ctx, p, a) })
}

func (t *placeTree) Mkdir(ctx context.Context, p Path, parents bool) error {
	return t.do(ctx, func(r Tree) error { return r.Mkdir(ctx, p, parents) })
}

func (t *placeTree) Rename(ctx context.Context, from, to Path) error {
	return t.do(ctx, func(r Tree) error { return r.Rename(ctx, from, to) })
}

func (t *placeTree) Remove(ctx context.Context, p Path, recursive bool) error {
	return t.do(ctx, func(r Tree) error { return r.Remove(ctx, p, recursive) })
}

func (t *placeTree) Touch(ctx context.Context, p Path, modified time.Time, mustBeNew bool) error {
	return t.do(ctx, func(r Tree) error { return r.Touch(ctx, p, modified, mustBeNew) })
}

func (t *placeTree) Space(ctx context.Context) (free, total uint64, err error) {
	err = t.do(ctx, func(r Tree) (err error) { free, total, err = r.Space(ctx); return err })
	return free, total, err
}

func (t *placeTree) do(ctx context.Context, f func(Tree) error) error {
	_, err := behind(ctx, t, func(r Tree) (struct{}, error) { return struct{}{}, f(r) })
	return err
}

func behind[T any](ctx context.Context, t *placeTree, f func(Tree) (T, error)) (T, error) {
	r, err := t.tree(ctx)
	if err != nil {
		var none T
		return none, err
	}
	return f(r)
}

func do(ctx context.Context, t remoteTree, f func(*Remote) error) error {
	_, err := with(ctx, t, func(r *Remote) (struct{}, error) { return struct{}{}, f(r) })
	return err
}

func with[T any](ctx context.Context, t remoteTree, f func(*Remote) (T, error)) (T, error) {
	r, err := t.remote(ctx)
	if err != nil {
		var none T
		return none, err
	}
	return f(r)
}

// Peer returns the peer at a place over the link that it has now, waiting for one
// as long as ctx allows: for what is asked of a peer and not of its tree.
func (e *Engine) Peer(ctx context.Context, id PlaceID) (*Remote, error) {
	p, err := e.place(id)
	if err != nil {
		return nil, err
	}
	return (&placeTree{p}).remote(ctx)
}

// Create writes over the link of the moment: a draft ends with it.
func (t *placeTree) Create(ctx context.Context, p Path, o CreateOptions) (Draft, error) {
	return with(ctx, t, func(r *Remote) (Draft, error) { return r.Create(ctx, p, o) })
}
