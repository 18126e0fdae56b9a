package session

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/bargee/bargee/internal/wire"
)

// A syncSide is a directory that is synced, on this machine or at a peer. Paths are
// those below it.
type syncSide interface {
	// scan tells what is in it: see scan of a disk.
	scan(ctx context.Context, f *scanAsk) (scanHead, iter.Seq2[scannedDir, error], error)

	// amend does steps, and tells what came of each; with an error, nothing is known.
	amend(ctx context.Context, steps []syncStep, fsync bool) ([]error, error)

	// hold has nobody else hold it until release is called; lost is closed if it is
	// lost before.
	hold(ctx context.Context, shared bool) (release func(), lost <-chan struct{}, err error)

	hash(ctx context.Context, p Path) ([]byte, error)

	// names lists a directory.
	names(ctx context.Context, p Path) iter.Seq2[Entry, error]

	close()
}

// A scanAsk says what a scan leaves out, in the words of its asker.
type scanAsk struct {
	out, only []string
	identity  bool
}

// here is a directory of this machine.
type here struct{ dir *Dir }

func (h here) scan(ctx context.Context, f *scanAsk) (scanHead, iter.Seq2[scannedDir, error], error) {
	head, err := h.dir.scanHead(Path{})
	return head, h.dir.scan(ctx, Path{}, scanFilter{out: newRules(f.out), only: newRules(f.only), identity: f.identity}), err
}

func (h here) amend(ctx context.Context, steps []syncStep, fsync bool) ([]error, error) {
	return h.dir.amend(ctx, steps, fsync, nil), nil
}

func (h here) hold(_ context.Context, shared bool) (release func(), lost <-chan struct{}, err error) {
	dir, err := h.dir.open(Path{})
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	f, err := holdDir(dir, shared)
	if err != nil {
		return nil, nil, err
	}
	return func() { f.Close() }, nil, nil
}

func (h here) hash(ctx context.Context, p Path) ([]byte, error) { return h.dir.Hash(ctx, p, BLAKE3) }

func (h here) names(ctx context.Context, p Path) iter.Seq2[Entry, error] { return h.dir.Names(ctx, p) }

func (h here) close() { h.dir.Close() }

// there is a directory at a peer.
type there struct {
	tree remoteTree
	base Path
}

func (t there) scan(ctx context.Context, f *scanAsk) (head scanHead, dirs iter.Seq2[scannedDir, error], err error) {
	err = do(ctx, t.tree, func(r *Remote) (err error) {
		head, dirs, err = r.scan(ctx, t.base, &wire.Scan{Rules: bytesOf(f.out), Only: bytesOf(f.only), Identity: f.identity})
		return err
	})
	return head, dirs, err
}

// amendBytes is about how many bytes of steps go into one request.
const amendBytes = 40 << 10

// amend asks for the steps in several requests. A link that is lost meanwhile, and
// comes back, is no reason to give up: each step looks for itself.
func (t there) amend(ctx context.Context, steps []syncStep, fsync bool) ([]error, error) {
	out := make([]error, 0, len(steps))
	for len(out) < len(steps) {
		n, bytes := 0, 0
		for _, s := range steps[len(out):] {
			if bytes += len(s.path.raw) + len(s.to.raw) + len(s.was.Target) + 96; n > 0 && bytes > amendBytes || n == maxSteps {
				break
			}
			n++
		}
		part, err := t.amendPart(ctx, steps[len(out):len(out)+n], fsync)
		if err != nil {
			return out, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// maxSteps is how many steps a request has, and amendTries how often it is made.
const (
	maxSteps   = 1024
	amendTries = 3
)

func (t there) amendPart(ctx context.Context, steps []syncStep, fsync bool) (out []error, err error) {
	for range amendTries {
		out, err = with(ctx, t.tree, func(r *Remote) ([]error, error) { return r.amend(ctx, t.base, steps, fsync) })
		switch KindOf(err) {
		case Interrupted, Unreachable, Timeout:
			if ctx.Err() == nil {
				continue
			}
		}
		return out, err
	}
	return out, err
}

func (t there) hold(ctx context.Context, shared bool) (release func(), lost <-chan struct{}, err error) {
	err = do(ctx, t.tree, func(r *Remote) (err error) {
		release, lost, err = r.hold(ctx, t.base, shared)
		return err
	})
	return release, lost, err
}

func (t there) hash(ctx context.Context, p Path) ([]byte, error) {
	return t.tree.Hash(ctx, t.base.Append(p), BLAKE3)
}

func (t there) names(ctx context.Context, p Path) iter.Seq2[Entry, error] {
	return t.tree.Names(ctx, t.base.Append(p))
}

func (t there) close() {}

// nowhere is a destination of a dry run that is not there yet.
type nowhere struct{ syncSide }

func (nowhere) scan(context.Context, *scanAsk) (scanHead, iter.Seq2[scannedDir, error], error) {
	return scanHead{modes: scanModes}, func(yield func(scannedDir, error) bool) { yield(scannedDir{}, nil) }, nil
}

func (nowhere) close() {}

// syncSideOf returns the directory p of a tree. With make one that is not there is
// made, or is nowhere in a dry run; what is above it has to be there.
func syncSideOf(ctx context.Context, tree Tree, p Path, create, dry bool) (syncSide, Entry, error) {
	entry, err := tree.Stat(ctx, p)
	if create && errors.Is(err, fs.ErrNotExist) {
		if dry {
			_, err := tree.Stat(ctx, p.Parent())
			return nowhere{}, Entry{Kind: Directory}, err
		}
		if err = tree.Mkdir(ctx, p, false); err == nil {
			entry, err = tree.Stat(ctx, p)
		}
	}
	if err != nil {
		return nil, entry, err
	}
	switch tree.(type) {
	case *Host, *Dir:
		d, err := dirOf(At(tree, p)) // on this machine, as a shell would, it goes where a link leads
		if err != nil {
			return nil, entry, err
		}
		entry, err = d.Stat(ctx, Path{})
		return here{d}, entry, err
	}
	if entry.Kind != Directory {
		return nil, entry, newError(NotADirectory, p, "is no directory; cp copies files")
	}
	t, ok := tree.(remoteTree)
	if !ok {
		return nil, entry, newError(Refused, p, "a %T cannot be synced", tree)
	}
	return there{t, p}, entry, nil
}
