package session

import "context"

// OpenAt opens a regular file of t for ReadAt. Unlike after Tree.Open a peer
// sends nothing ahead of what is asked for: a file of any size is open after one
// round trip, and costs the link what is read of it. Read works as well; it asks
// for the rest of the file when it is called first.
func OpenAt(ctx context.Context, t Tree, p Path) (File, error) {
	switch t := t.(type) {
	case *placeTree:
		return behind(ctx, t, func(r Tree) (File, error) { return OpenAt(ctx, r, p) })
	case *Remote:
		return t.OpenAt(ctx, p)
	}
	return t.Open(ctx, p)
}

// OpenAt is Open for ReadAt; see the function of this name.
func (r *Remote) OpenAt(ctx context.Context, p Path) (File, error) {
	f := &remoteFile{r: r, ctx: ctx, path: p}
	c, e, err := f.ask(0, 0)
	if err != nil {
		return nil, err
	}
	c.end()
	f.entry = e
	return f, nil
}
