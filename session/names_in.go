package session

import (
	"context"
	"io/fs"
	"os"
	"sync"

	"github.com/bargee/bargee/internal/wire"
)

// namesIn knows, at the receiver, the files with several names (hard links) of
// which one was announced, so that the others become links to it: as soon as it
// has its name here, and files of their own where it does not come to that.
type namesIn struct {
	mu    sync.Mutex
	files map[uint64]*namedFile // by the id of the first name
	bytes int                   // of their paths
}

// A namedFile is a file with several names, at the receiver; namesIn's lock
// guards it.
type namedFile struct {
	left    uint32 // names that may still come
	path    Path   // of the first one, below the receiver's directory
	info    fs.FileInfo
	over    bool // the first one is over; without info it failed
	waiting []*inFile
}

// What a peer may have us remember.
const (
	maxNamesIn      = 1 << 17
	maxNamesInBytes = 16 << 20
)

// described notes what an announcement says of f's other names.
func (n *namesIn) described(f *inFile, a *wire.Announce) error {
	if f.entry.Kind != RegularFile {
		return nil
	}
	if a.GetLink() >= f.id {
		return newError(Protocol, f.path, "a link to entry %d, which is no earlier one", a.GetLink())
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if other := n.files[a.GetLink()]; other != nil {
		f.linkTo = other
		if other.left--; other.left == 0 {
			n.bytes -= len(other.path.raw)
			delete(n.files, a.GetLink())
		}
		return nil
	}
	if a.GetNames() < 2 || a.GetLink() != 0 || len(n.files) >= maxNamesIn || n.bytes >= maxNamesInBytes {
		return nil
	}
	f.named = &namedFile{left: a.GetNames() - 1, path: f.target()}
	if n.files == nil {
		n.files = map[uint64]*namedFile{}
	}
	n.files[f.id] = f.named
	n.bytes += len(f.named.path.raw)
	return nil
}

// ended tells that f, the first name of a file, is over, and returns those that
// waited for it. f's directory is still held.
func (n *namesIn) ended(f *inFile, result Result) []*inFile {
	if f.named == nil {
		return nil
	}
	var info fs.FileInfo
	if result == Copied || result == Resumed || result == Unchanged {
		info = linkable(f.dir.root, f.name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	named := f.named
	if f.named = nil; !named.over {
		named.over, named.info, named.path = true, info, f.target()
	}
	waiting := named.waiting
	named.waiting = nil
	return waiting
}

// linkable describes the file name, if links may be made to it: not to one that
// somebody else may have linked there.
func linkable(dir *os.Root, name string) fs.FileInfo {
	fi, err := dir.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	if parent, err := dir.Lstat("."); err != nil || links(fi) > 1 && mayBePlanted(fi, parent) {
		return nil
	}
	return fi
}

// await returns the file that f is to be a link to, nil if there is none. It
// reports true if that is not decided: then f waits for it.
func (n *namesIn) await(f *inFile) (to *namedFile, waits bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if f.linkTo == nil {
		return nil, false
	}
	if !f.linkTo.over {
		f.linkTo.waiting = append(f.linkTo.waiting, f)
		return nil, true
	}
	to, f.linkTo = f.linkTo, nil
	if to.info == nil {
		return nil, false
	}
	return to, false
}

// wantLink makes f a link if it is announced as one, or has it wait for that,
// and reports true; false if it has to be sent.
func (r *receiver) wantLink(f *inFile) bool {
	to, waits := r.linked.await(f)
	if waits || to == nil {
		return waits
	}
	f.mu.Lock()
	dropped := f.state != inAsking
	f.mu.Unlock()
	if dropped {
		return true
	}
	from, err := r.dirs.hold(to.path.Parent())
	if err != nil {
		return false
	}
	defer r.dirs.release(from)
	if !f.linkName(from, to) {
		return false
	}
	if r.options.Fsync && syncDir(f.dir.root) != nil {
		return false
	}
	if f.leaveAsking(inOver) {
		r.answer(&wire.Answer{Id: f.id, Verdict: wire.Verdict_VERDICT_LINKED, Name: r.otherName(f)})
		r.over(f, Item{Result: Copied})
	}
	return true
}

// linkName gives the file to, which lies in from, f's name too, and reports
// whether it did. What had the name is replaced at once or not at all.
func (f *inFile) linkName(from *heldDir, to *namedFile) bool {
	name := f.name
	if f.replace {
		name = partialName(f.name, linkSuffix)
		removeFrom(f.dir.root, name)
	}
	if linkInto(from, to.path.Base(), f.dir, name) != nil {
		return false // the disk may not know links, or somebody has the name: sending the file tells
	}
	// It may have been another file by now that has the first name.
	if fi, err := f.dir.root.Lstat(name); err != nil || !os.SameFile(fi, to.info) {
		removeFrom(f.dir.root, name)
		return false
	}
	if !f.replace {
		return true
	}
	err := renameIn(f.dir.root, name, f.name)
	removeFrom(f.dir.root, name) // a rename between names of one file does nothing
	return err == nil
}

// nameEnded has those that waited for f become links to it, or be sent.
func (r *receiver) nameEnded(f *inFile, result Result) {
	for _, other := range r.linked.ended(f, result) {
		r.work.add(func(context.Context) { r.want(other) })
	}
}
