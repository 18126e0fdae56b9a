package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bargee/bargee/internal/wire"
)

// This file answers announcements: what is there already, what is wanted, what
// is in the way.

// announced handles one entry. Its error ends the transfer; what is wrong with
// the entry alone is answered.
func (r *receiver) announced(a *wire.Announce) error {
	r.out.await(r.ctx, maxUntaken)
	old := a.GetReplaces()
	r.mu.Lock()
	next, late := a.GetId() == r.lastID+1, r.ended && old == 0
	r.lastID++
	r.replacing = old != 0 // until then the transfer is not over
	r.mu.Unlock()
	switch {
	case !next:
		return newError(Protocol, Path{}, "entry %d is not the next one", a.GetId())
	case late:
		return newError(Protocol, Path{}, "entry %d comes after the end of the walk", a.GetId())
	case old >= a.GetId():
		return newError(Protocol, Path{}, "entry %d replaces entry %d, which was never announced", a.GetId(), old)
	case old == 0:
		return r.entered(a)
	}
	r.replaced(old)
	if err := r.entered(a); err != nil {
		return err
	}
	r.mu.Lock()
	r.replacing = false
	r.mu.Unlock()
	r.finishIfOver()
	return nil
}

// maxUntaken is how many messages may wait for the sender to read them before
// its own are read again.
const maxUntaken = 4 * maxUnanswered

// entered puts an entry on the table and answers it.
func (r *receiver) entered(a *wire.Announce) error {
	p, err := parseClean(string(a.GetPath()))
	if err != nil {
		return r.refuseUnnamed(a, err)
	}
	e, err := entryFromWire(a.GetEntry())
	if err != nil || a.GetEntry() == nil {
		return newError(Protocol, p, "entry %d is described by nothing", a.GetId())
	}
	e.Name = p.Base()
	if r.only != nil && !p.IsRoot() && !r.only[topOf(p)] || r.picked != nil && !r.picked[p] {
		return newError(Protocol, p, "the sender announced what was not asked for")
	}
	if p.IsRoot() {
		r.ofRoot.Store(true)
	}
	wanted := r.ledger.seen(r.origin(p), e.Kind, e.Size)
	xattrs, err := r.xattrs(a, e.Kind)
	if err != nil {
		return err
	}
	if e.Kind == Directory {
		return r.planDir(a.GetId(), p, e, xattrs)
	}
	f, err := r.place(a.GetId(), p, e)
	if err != nil {
		return r.refuseEntry(a.GetId(), p, e, err)
	}
	f.described(a)
	f.xattrs = xattrs
	if err := r.enlist(f, a.GetReplaces() != 0); err != nil {
		r.dirs.release(f.dir)
		if KindOf(err) == Busy {
			return r.refuseEntry(a.GetId(), p, e, err)
		}
		return err
	}
	if r.options.KeepLinks && !r.options.DryRun {
		if err := r.linked.described(f, a); err != nil {
			return err
		}
	}
	r.plan(f, wanted)
	return nil
}

// replaced drops a file that changed at the source.
func (r *receiver) replaced(id uint64) {
	r.mu.Lock()
	f := r.files[id]
	if f != nil {
		r.crossOut(f)
	}
	r.mu.Unlock()
	if f != nil {
		f.drop(true)
		r.settle(f, false)
		r.endBase(f, false)
		r.nameEnded(f, Failed)
		r.dirs.release(f.dir)
		r.ledger.restart(id, f.entry.Size)
	}
}

// place finds the directory and the name for an entry.
func (r *receiver) place(id uint64, p Path, e Entry) (*inFile, error) {
	dest := r.rename(p)
	dir, name := dest.Split()
	if name == "" {
		return nil, newError(Invalid, p, "a file cannot take the place of the destination directory")
	}
	if err := r.into.vet(name); err != nil {
		return nil, about(p, err)
	}
	if err := r.policy.mayBeNamed(p, name); err != nil {
		return nil, err
	}
	d, err := r.dirs.hold(dir)
	f := &inFile{id: id, path: p, entry: e, name: name}
	if err != nil && r.options.DryRun && errors.Is(err, fs.ErrNotExist) {
		f.unmade = dir // the directory would have been made
		d, err = r.dirs.hold(Path{})
	}
	f.dir = d
	return f, err
}

// rename gives the top entry its other name, if it gets one.
func (r *receiver) rename(p Path) Path {
	if r.as == "" {
		return p
	}
	return underName(r.as, p, r.ofRoot.Load())
}

// underName returns p with its first name replaced by as. What lies in a tree's
// root has no such name: it is the root that gets one.
func underName(as string, p Path, ofRoot bool) Path {
	if ofRoot {
		return Path{as}.Append(p)
	}
	_, rest, below := strings.Cut(p.raw, "/")
	if !below {
		return Path{as}
	}
	return Path{as + "/" + rest}
}

func topOf(p Path) string {
	top, _, _ := strings.Cut(p.raw, "/")
	return top
}

// planDir makes a directory. Its mode and times come last.
func (r *receiver) planDir(id uint64, p Path, e Entry, xattrs []*wire.Xattr) error {
	dest := r.rename(p)
	made, err := r.makeDir(dest)
	if err == nil && len(xattrs) > 0 && !r.options.DryRun {
		err = r.setDirXattrs(dest, xattrs)
	}
	if r.as != "" && dest.raw == r.as && KindOf(err) == Exists {
		return r.atDestination(p, err) // nothing of it has a place
	}
	if err != nil {
		return r.refuseEntry(id, p, e, err)
	}
	if !dest.IsRoot() && !r.options.DryRun {
		r.mu.Lock()
		kept := r.metas.add(dirMeta{dest, e})
		r.mu.Unlock()
		if !kept {
			return newError(Limit, p, "more directories than can be kept in mind")
		}
	}
	r.answer(&wire.Answer{Id: id, Verdict: wire.Verdict_VERDICT_HAVE})
	it := Item{Path: r.origin(p), Name: r.shown.Append(dest), Kind: Directory, Result: Unchanged}
	if made {
		it.Result = Copied
	}
	r.ledger.over(id, it)
	return nil
}

func (r *receiver) makeDir(dest Path) (made bool, err error) {
	parent, name := dest.Split()
	if name == "" {
		return false, nil
	}
	if err := r.into.vet(name); err != nil {
		return false, about(dest, err)
	}
	d, err := r.dirs.hold(parent)
	if err != nil {
		if r.options.DryRun && errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		return false, err
	}
	defer r.dirs.release(d)
	fi, err := d.root.Lstat(name)
	switch {
	case err == nil && fi.IsDir():
		return false, r.unlock(dest, fi)
	case err == nil:
		return false, newError(Exists, dest, "something that is no directory is in the way")
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	if err := r.policy.mayBeNamed(dest, name); err != nil {
		return false, err
	}
	switch {
	case r.options.DryRun:
		return true, nil
	}
	// Ours alone until its files are in it and it gets its own mode.
	err = mkdirIn(d.root, name, 0o777&^umask()|0o700)
	if err == nil && r.options.Fsync {
		err = syncDir(d.root)
	}
	return true, shortOf(d.root, err)
}

// unlock lets us write into a directory of ours that an earlier run, or
// somebody, has made read-only. It gets the mode that was announced when all
// in it is done.
func (r *receiver) unlock(dest Path, fi fs.FileInfo) error {
	if fi.Mode()&0o700 == 0o700 || !r.options.KeepMode || r.options.DryRun {
		return nil
	}
	d, err := r.dirs.hold(dest)
	if err != nil {
		return nil // what is to be done in it will tell
	}
	defer r.dirs.release(d)
	if err := setMode(d.dot, fi.Mode().Perm()|0o700); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// plan answers for a file, a link or something that cannot be copied.
func (r *receiver) plan(f *inFile, wanted bool) {
	old, err := r.existing(f)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case !wanted: // it is settled since a former attempt of this run
		if err != nil || !same(f.entry, old) || r.options.Checksum {
			r.nameEnded(f, Skipped) // what has its name may be what was there before
		}
		r.have(f)
	case f.entry.Kind >= Other:
		r.skip(f, newError(NotAFile, f.path, "neither a file, a directory nor a link"))
	case f.entry.Kind == Link && !r.options.KeepLinks:
		r.skip(f, nil)
	case err != nil && !missing:
		r.refuse(f, err)
	case missing:
		r.want(f)
	case old.Kind == Directory:
		r.refuse(f, newError(Exists, f.path, "a directory is in the way"))
	case f.entry.Kind == Link && old.Kind == Link && old.Target == f.entry.Target:
		r.have(f)
	case f.entry.Kind == RegularFile && old.Kind == RegularFile && f.entry.Size == old.Size:
		if same(f.entry, old) && !r.options.Checksum {
			r.have(f)
		} else {
			r.compare(f, old)
		}
	default:
		r.conflict(f, old)
	}
}

// same is the quick look that rsync takes: size and time.
func same(a, b Entry) bool {
	return a.Kind == b.Kind && a.Size == b.Size && a.Modified.Equal(b.Modified)
}

// existing describes what has f's name now.
func (r *receiver) existing(f *inFile) (Entry, error) {
	if !f.unmade.IsRoot() || f.dir.fresh.Load() {
		return Entry{}, fs.ErrNotExist
	}
	return entryAt(f.dir.root, f.name)
}

// compare finds out whether an existing file of the same size has the same
// content: the sender digests its file, we ours.
func (r *receiver) compare(f *inFile, old Entry) {
	f.mu.Lock()
	f.existing, f.comparing = old, true
	f.mu.Unlock()
	r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_DIGEST})
	r.work.add(func(ctx context.Context) {
		v, err := digestFile(ctx, f.dir.root, f.name, old.Size)
		if err != nil {
			r.refuse(f, err)
			return
		}
		r.compared(f, nil, &v)
	})
}

// digested handles the sender's digest.
func (r *receiver) digested(d *wire.Digest) error {
	f, err := r.known(d.GetId())
	if f == nil {
		return err
	}
	f.mu.Lock()
	alike := f.alike
	due := (f.comparing || alike != nil) && f.theirs == nil && len(d.GetDigest()) == len(value{})
	f.mu.Unlock()
	if !due {
		return newError(Protocol, f.path, "a digest that was not asked for")
	}
	v := value(d.GetDigest())
	if alike != nil {
		f.mu.Lock()
		f.theirs = &v
		f.mu.Unlock()
		r.reuse.copies.add(func(ctx context.Context) { r.tryCopies(ctx, f) })
		return nil
	}
	r.compared(f, &v, nil)
	return nil
}

// compared acts when both digests are known.
func (r *receiver) compared(f *inFile, theirs, locals *value) {
	f.mu.Lock()
	if theirs != nil && f.theirs == nil {
		f.theirs = theirs
	}
	if locals != nil {
		f.locals = locals
	}
	ready := f.state == inAsking && f.comparing && f.theirs != nil && f.locals != nil
	if ready {
		f.comparing = false
	}
	f.mu.Unlock()
	switch {
	case !ready:
	case *f.theirs == *f.locals:
		r.have(f)
	default:
		r.conflict(f, f.existing)
	}
}

// conflict decides by rule, or has it decided.
func (r *receiver) conflict(f *inFile, old Entry) {
	f.mu.Lock()
	f.existing, f.disputed = old, true
	f.mu.Unlock()
	if r.options.OnConflict != Ask {
		r.decided(f, r.options.OnConflict.told())
		return
	}
	if r.ask == nil {
		r.undecided(f)
		r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_CONFLICT, Existing: entryToWire(old)})
		return
	}
	q := Question{Path: r.origin(f.path), Name: r.shown.Append(f.target()), Source: f.entry, Existing: old}
	r.ask(q, func(d Conflict) { r.decided(f, d) })
}

func (r *receiver) decidedBySender(d *wire.Decide) error {
	f := r.file(d.GetId())
	if f == nil || r.ask != nil || d.GetDecision() == wire.Conflict_CONFLICT_ASK || !r.decided(f, Conflict(d.GetDecision())) {
		return newError(Protocol, Path{}, "a decision that was not asked for")
	}
	return nil
}

// decided acts on a decision, and reports false if there was nothing to decide.
func (r *receiver) decided(f *inFile, d Conflict) bool {
	f.mu.Lock()
	due := f.disputed && f.state == inAsking
	f.disputed = false
	f.mu.Unlock()
	if due {
		r.resolve(f, d)
	}
	return due
}

func (r *receiver) resolve(f *inFile, d Conflict) {
	switch d {
	case Skip:
		r.skip(f, nil)
	case Overwrite:
		f.replace = true
		r.baseFor(f)
		r.want(f)
	case Newer:
		if !f.entry.Modified.After(f.existing.Modified) {
			r.skip(f, nil)
			return
		}
		f.replace = true
		r.baseFor(f)
		r.want(f)
	case Rename:
		name, err := r.freeName(f)
		if err != nil {
			r.refuse(f, err)
			return
		}
		r.baseFor(f)
		f.name = name
		r.want(f)
	default:
		r.refuse(f, newError(Exists, f.path, "another file is there already"))
	}
}

// freeName finds "name (1).ext", or the first number that is free.
func (r *receiver) freeName(f *inFile) (string, error) {
	ext := path.Ext(f.name)
	if ext == f.name {
		ext = ""
	}
	stem := strings.TrimSuffix(f.name, ext)
	for n := 1; n < 10000; n++ {
		name := fmt.Sprintf("%s (%d)%s", stem, n, ext)
		p := Path{f.dir.path.raw + "/" + name}
		r.mu.Lock()
		taken := r.names[p]
		r.mu.Unlock()
		if taken {
			continue
		}
		if _, err := f.dir.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			r.mu.Lock()
			r.names[p] = true
			r.mu.Unlock()
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", newError(Exists, f.path, "so are ten thousand numbered names")
}
