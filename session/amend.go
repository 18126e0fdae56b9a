package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// A syncStep changes one thing below a directory, if it is still as it was seen.
type syncStep struct {
	kind     stepKind
	path     Path
	to       Path      // of stepMove
	was      scanEntry // what was seen, of all but stepMake
	be       Entry     // of stepSet
	mode     bool      // be.Mode is to be set
	modified bool      // be.Modified is
}

type stepKind uint8

const (
	stepRemove stepKind = iota // a file, or a directory with nothing in it but partials of nobody
	stepMove                   // never replaces what is there
	stepMake                   // a directory, also where there is one
	stepSet
)

// amend does steps, in their order, to what is in d, and returns what came of each:
// one that fails does not keep the others from their turn. Steps that may, if there is
// one, refuses are not done.
func (d *Dir) amend(ctx context.Context, steps []syncStep, fsync bool, may func(*syncStep) error) []error {
	a := &amending{d: d, held: newHeldDirs(d), fsync: fsync, alike: map[setKey]uint64{}, done: map[setKey]bool{}}
	defer a.held.close()
	for i := range steps {
		if s := &steps[i]; s.kind == stepSet && s.was.Kind == RegularFile {
			a.alike[s.key()]++
		}
	}
	out := make([]error, len(steps))
	for i := range steps {
		if out[i] = ctx.Err(); out[i] == nil && may != nil {
			out[i] = may(&steps[i])
		}
		if out[i] == nil {
			out[i] = a.do(ctx, &steps[i])
		}
		if out[i] != nil {
			out[i] = about(steps[i].path, out[i])
		}
	}
	return out
}

// amending is steps under way.
type amending struct {
	d     *Dir
	held  *heldDirs
	fsync bool
	alike map[setKey]uint64 // how many names of a file get the same
	done  map[setKey]bool   // files that got it, by one of their names
}

// A setKey tells the files that steps are to set apart, and what they get.
type setKey struct {
	identity uint64
	mode     fs.FileMode
	modified time.Time
}

func (s *syncStep) key() setKey {
	k := setKey{identity: s.was.identity}
	if s.mode {
		k.mode = s.be.Mode | fs.ModeIrregular
	}
	if s.modified {
		k.modified = s.be.Modified.UTC()
	}
	return k
}

func (a *amending) do(ctx context.Context, s *syncStep) error {
	parent, name := s.path.Split()
	if name == "" {
		if s.kind != stepSet {
			return newError(Refused, s.path, "this cannot be done to the root")
		}
		name = "."
	} else if err := a.d.vet(name); err != nil {
		return err
	}
	in, err := a.held.hold(parent)
	if err != nil {
		if s.kind == stepRemove && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	defer a.held.release(in)
	switch s.kind {
	case stepRemove:
		err = removeSeen(in, name, &s.was)
	case stepMove:
		err = a.move(in, name, s)
	case stepMake:
		err = makeDirIn(in, name)
	case stepSet:
		err = a.set(ctx, in, name, s)
	default:
		err = newError(Invalid, s.path, "a step that this version does not know")
	}
	if err == nil && a.fsync {
		err = syncFile(in.dot)
	}
	return err
}

// seen returns errUnseen if name in d is not what was is.
func seen(d *heldDir, name string, was *scanEntry) (fs.FileInfo, error) {
	fi, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	is, err := describeAt(d.root, d.dot, name)
	if err != nil {
		return nil, err
	}
	same := is.Kind == was.Kind && (is.identity == was.identity || is.identity == 0 || was.identity == 0)
	switch is.Kind {
	case RegularFile:
		same = same && is.Size == was.Size && is.Modified.Equal(was.Modified)
	case Link:
		same = same && is.Target == was.Target
	}
	if !same {
		return nil, errUnseen
	}
	return fi, nil
}

var errUnseen = newError(Changed, Path{}, "it is not any more what it was when both sides were compared; the next run will see")

// removeSeen removes name from d. What is gone already is no error.
func removeSeen(d *heldDir, name string, was *scanEntry) error {
	fi, err := seen(d, name, was)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !fi.IsDir():
		return removeFrom(d.root, name)
	}
	err = removeFrom(d.root, name)
	if err == nil || !errors.Is(err, fs.ErrExist) { // else it is not empty
		return err
	}
	sub, err := enter(d.root, name)
	if err != nil {
		return err
	}
	sweepPartials(sub, -24*time.Hour, time.Now())
	sub.Close()
	err = removeFrom(d.root, name)
	if errors.Is(err, fs.ErrExist) {
		return newError(Exists, Path{}, "there is something in it that is not to be removed")
	}
	return err
}

func makeDirIn(d *heldDir, name string) error {
	err := mkdirIn(d.root, name, 0o777&^umask()|0o700)
	if !errors.Is(err, fs.ErrExist) {
		return shortOf(d.root, err)
	}
	if fi, lerr := d.root.Lstat(name); lerr == nil && fi.IsDir() {
		return nil
	}
	return newError(Exists, Path{}, "something that is no directory is in the way")
}

// move gives name in d another name or another place. A new name that leads to
// the same file is what a disk makes of upper and lower case.
func (a *amending) move(from *heldDir, name string, s *syncStep) error {
	parent, toName := s.to.Split()
	if toName == "" {
		return newError(Refused, s.to, "this cannot be done to the root")
	}
	if err := a.d.vet(toName); err != nil {
		return about(s.to, err)
	}
	to, err := a.held.hold(parent)
	if err != nil {
		return about(s.to, err)
	}
	defer a.held.release(to)
	fi, err := seen(from, name, &s.was)
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := seen(to, toName, &s.was); there == nil {
			return nil // an earlier attempt did it
		}
	}
	if err != nil {
		return err
	}
	other, err := to.root.Lstat(toName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := before(changeRename, to.root, toName); err != nil {
			return err
		}
		return moveNew(from.root, name, to.root, toName)
	case err != nil:
		return about(s.to, err)
	case from == to && os.SameFile(fi, other) && links(fi) == 1 || from == to && fi.IsDir() && os.SameFile(fi, other):
		return renameCase(from, name, toName)
	case other.IsDir() && !fi.IsDir():
		return newError(Exists, s.to, "a directory is in the way in which something is excluded, or which came up")
	}
	return newError(Exists, s.to, "something of that name came up")
}

// renameCase gives name in d another one that the disk takes for the same. Some
// disks then leave the old one: a third name in between helps.
func renameCase(d *heldDir, name, to string) error {
	if err := renameIn(d.root, name, to); err != nil {
		return err
	}
	if has, err := hasName(d, to); has || err != nil {
		return err
	}
	between := partialName(to, ".case")
	if err := renameIn(d.root, name, between); err != nil {
		return err
	}
	return renameIn(d.root, between, to)
}

// hasName tells whether d lists that very name.
func hasName(d *heldDir, name string) (bool, error) {
	list, err := openEntries(d.root)
	if err != nil {
		return false, err
	}
	defer list.Close()
	found := false
	_, err = inBatches(context.Background(), list.Readdirnames, func(is string) bool {
		found = is == name
		return !found
	})
	return found, err
}

// set sets the mode and the time of name in d. A file that has other names, which do
// not all get the same, becomes one of its own.
func (a *amending) set(ctx context.Context, in *heldDir, name string, s *syncStep) error {
	was, key := s.was, s.key()
	if a.done[key] && s.modified { // this is another name of that file
		was.Modified = s.be.Modified
	}
	fi, err := seen(in, name, &was)
	if err != nil {
		return err
	}
	regular := fi.Mode().IsRegular()
	if regular && links(fi) > max(1, a.alike[key]) {
		return setApart(ctx, in, name, fi, s)
	}
	a.done[key] = regular && key.identity != 0
	may := func(fi fs.FileInfo) error { return a.d.mayChmod(in.root, fi) }
	if s.mode && s.was.Kind != Link {
		if err := before(changeMode, in.root, name); err != nil {
			return err
		}
		if err := chmodAt(in.root, name, s.be.Mode&permBits&^umask(), may); err != nil {
			return err
		}
	}
	if !s.modified {
		return nil
	}
	if regular {
		if err := may(fi); err != nil {
			return err
		}
	}
	return in.setModified(name, s.be.Modified)
}

// setApart gives name in d a copy of its file with another mode and time.
func setApart(ctx context.Context, in *heldDir, name string, fi fs.FileInfo, s *syncStep) error {
	f, err := openRegular(in.root, name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := checkPlanted(in.root, f); err != nil {
		return err
	}
	p, err := openPartial(in.root, name)
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	at := int64(0)
	err = truncate(p.file, 0)
	for err == nil && ctx.Err() == nil && at < fi.Size() {
		var n int
		if n, err = f.ReadAt(buf[:min(int64(len(buf)), fi.Size()-at)], at); n > 0 {
			err = writeAt(p.file, buf[:n], at)
			at += int64(n)
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	if _, uerr := seen(in, name, &s.was); err == nil {
		err = uerr
	}
	if err != nil {
		p.discard()
		return shortOf(in.root, err)
	}
	m := meta{mode: fi.Mode(), modified: fi.ModTime(), keepMode: true, keepTime: true, replace: true}
	if s.mode {
		m.mode = s.be.Mode
	}
	if s.modified {
		m.modified = s.be.Modified
	}
	return p.commit(at, m)
}
