package session

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/bargee/bargee/internal/wire"
)

// A source is something to be sent: path in tree, announced by its name. What
// stands before that at its place is shown, for people.
type source struct {
	tree  *Dir
	path  Path
	shown Path
	name  string // that it is announced by, if not its own

	// picks, if not nil, are what is announced of it, by their paths below it.
	picks *picks

	// drop, if not nil, is where it is, in place of tree.
	drop *dropBody
}

// rel is the path by which it is announced.
func (s source) rel() Path {
	if s.picks != nil {
		return Path{}
	}
	if s.name != "" {
		return Path{s.name}
	}
	return Path{s.path.Base()}
}

// walk announces all that is to be sent, parents before what is in them, and
// no faster than the receiver answers.
func (s *sender) walk(ctx context.Context) error {
	var end wire.End
	if s.options.KeepXattrs {
		select {
		case <-s.met: // whether it keeps them
		case <-s.done:
			return errWalkEnded
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for _, src := range s.sources {
		if err := s.walkSource(ctx, src, &end); err != nil {
			return err
		}
	}
	s.ledger.counted()
	s.mu.Lock()
	s.walked = true
	s.mu.Unlock()
	s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_End{End: &end}})
	return nil
}

// walkSource announces one source. What is wrong with an entry in it is
// reported, as is that one of several sources is not there; the error returned
// ends the transfer: the only source is not there, or ctx is over.
func (s *sender) walkSource(ctx context.Context, src source, end *wire.End) error {
	if src.drop != nil {
		return s.walkDrop(ctx, src, &outFile{path: src.path, rel: src.rel(), shown: src.shown, entry: src.drop.n.entry, drop: src.drop}, end)
	}
	f := &outFile{tree: src.tree, dirs: s.held(src.tree), path: src.path, rel: src.rel(), shown: src.shown}
	if _, err := inspect(f); err != nil {
		if len(s.sources) > 1 {
			s.report(f, err)
			return nil
		}
		return &Error{Kind: KindOf(err), Side: Source, Path: src.shown, Err: plain(err)}
	}
	if src.picks != nil {
		return s.walkPicks(ctx, src, f, end)
	}
	if f.entry.Kind == Directory && !s.options.Recursive {
		return &Error{Kind: NotAFile, Side: Source, Path: src.shown, Err: errors.New("is a directory; -r copies directories")}
	}
	if err := s.offer(ctx, f, end); err != nil || f.entry.Kind != Directory {
		return err
	}
	return s.walkBelow(ctx, src, f, end)
}

// walkBelow announces what is in dir, and in the directories below. Those that
// are still to be listed are kept by name: a million of them are a few MiB.
func (s *sender) walkBelow(ctx context.Context, src source, dir *outFile, end *wire.End) error {
	var way branches
	for {
		names, err := s.walkDir(ctx, src, dir, end)
		if err != nil {
			return err
		}
		way.push(dir, names)
		for {
			parent, name, ok := way.next()
			if !ok {
				return nil
			}
			if dir, err = parent.below(name); err == nil {
				break
			}
			s.unreadable(parent, err)
		}
	}
}

// walkDir announces the entries of dir and returns its directories.
func (s *sender) walkDir(ctx context.Context, src source, dir *outFile, end *wire.End) (subs nameList, err error) {
	held, err := dir.dirs.hold(dir.path)
	if err != nil {
		s.unreadable(dir, err)
		return nil, nil
	}
	defer dir.dirs.release(held)
	var list *os.File
	err = dir.dirs.patiently(func() (err error) {
		list, err = held.root.Open(".")
		return err
	})
	if err != nil {
		s.unreadable(dir, err)
		return nil, nil
	}
	defer list.Close()
	for {
		names, err := list.Readdirnames(listBatch)
		for _, name := range names {
			f, ferr := s.child(held, dir, name)
			if ferr != nil {
				s.unreadable(dir, ferr)
				continue
			}
			if f == nil || !s.chosen(src, f) {
				continue
			}
			if ferr := s.offer(ctx, f, end); ferr != nil {
				return nil, ferr
			}
			if f.entry.Kind == Directory {
				subs.add(name)
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return subs, nil
		case err != nil:
			s.unreadable(dir, err)
			return subs, nil
		}
	}
}

// child inspects name in dir; it returns nil for what is never copied.
func (s *sender) child(held *heldDir, dir *outFile, name string) (*outFile, error) {
	if isPrivate(name) {
		return nil, nil
	}
	f, err := dir.below(name)
	if err != nil {
		return nil, err
	}
	return inspectIn(held, f)
}

// inspect describes what is to be announced.
func inspect(f *outFile) (*outFile, error) {
	if f.path.IsRoot() {
		e, err := f.tree.Stat(context.Background(), f.path)
		f.entry = e
		return f, err
	}
	if err := f.tree.vet(f.path.Base()); err != nil {
		return nil, err
	}
	held, err := f.dirs.hold(f.path.Parent())
	if err != nil {
		return nil, err
	}
	defer f.dirs.release(held)
	return inspectIn(held, f)
}

func inspectIn(held *heldDir, f *outFile) (*outFile, error) {
	name := f.path.Base()
	fi, err := held.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	f.entry, f.ident = entryOf(fi), identityOf(fi)
	f.entry.Name = name
	f.data, f.sparse = hasHoles(fi)
	if f.entry.Kind == RegularFile {
		f.names = uint32(min(links(fi), math.MaxUint32))
	}
	if f.entry.Kind == Link {
		f.entry.Target, err = held.root.Readlink(name)
	}
	return f, err
}

// errWalkEnded ends a walk whose transfer is over.
var errWalkEnded = errors.New("the transfer is over")

// offer announces f when there is a place for it in the window.
func (s *sender) offer(ctx context.Context, f *outFile, end *wire.End) error {
	if !s.ledger.seen(f.shown, f.entry.Kind, f.entry.Size) && f.entry.Kind != Directory && f.names < 2 {
		return nil // an earlier attempt of this run finished it, and nothing is to be linked to it
	}
	if m := s.policy.MaxFileSize; m > 0 && f.entry.Size > m {
		err := newError(Limit, f.shown, "%d bytes, and at most %d are sent", f.entry.Size, m)
		s.report(f, err)
		return nil
	}
	if s.options.KeepXattrs && f.entry.Kind <= Directory {
		x, err := xattrsOf(f)
		if err != nil {
			s.report(f, err)
			return nil
		}
		f.xattrs = x
	}
	select {
	case s.window <- struct{}{}:
	case <-s.done:
		return errWalkEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	f.placed.Store(true)
	switch f.entry.Kind {
	case Directory:
		end.Dirs++
	default:
		end.Files++
		end.Bytes += uint64(f.entry.Size)
	}
	if s.options.KeepLinks {
		f.link = s.names.linkOf(f)
	}
	s.announce(f, 0)
	if s.options.KeepLinks {
		s.names.announced(f)
	}
	return nil
}

// unreadable reports a directory that could not be listed, or one of its
// entries; an entry that is gone by now is none.
func (s *sender) unreadable(dir *outFile, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	s.report(dir, err)
}

// report tells both sides of something that failed without being announced.
func (s *sender) report(f *outFile, err error) {
	e := &Error{Kind: KindOf(err), Side: Source, Path: f.shown, Err: plain(err)}
	s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Failed{Failed: &wire.Failed{Error: toWire(e)}}})
	s.ledger.over(0, Item{Path: f.shown, Kind: f.entry.Kind, Size: f.entry.Size, Result: Failed, Err: e})
}

// chosen holds an entry below a source against the filters. A pattern without
// a slash is for names anywhere, one with a slash for paths below the source.
func (s *sender) chosen(src source, f *outFile) bool {
	below := strings.TrimPrefix(strings.TrimPrefix(f.rel.raw, src.rel().raw), "/")
	if matchAny(s.options.Exclude, below) {
		return false
	}
	if f.entry.Kind == Directory || len(s.options.Include) == 0 {
		return true
	}
	return matchAny(s.options.Include, below)
}

// checkGlobs bounds how many patterns each name is held against, by those who ask
// for files of ours, too.
func checkGlobs(o *Options) error {
	ways := 0
	for _, p := range slices.Concat(o.Include, o.Exclude) {
		n := waysOf(p)
		if ways += n; n > maxWays || ways > maxFilterWays {
			return newError(Limit, Path{}, "a filter stands for more than %d patterns, or all for %d: use fewer braces", maxWays, maxFilterWays)
		}
	}
	return nil
}

// maxFilterWays is how many patterns without braces the filters of a transfer may
// stand for together.
const maxFilterWays = 4096

func matchAny(patterns []string, below string) bool {
	for _, p := range patterns {
		on := below
		if !strings.Contains(strings.TrimSuffix(p, "/"), "/") {
			on = below[strings.LastIndexByte(below, '/')+1:]
		}
		if doublestar.MatchUnvalidated(strings.Trim(p, "/"), on) {
			return true
		}
	}
	return false
}
