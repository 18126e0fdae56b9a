//go:build linux

package session

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"lukechampine.com/blake3"
)

// look holds the destination against what must hold at every moment: under a
// final name lies what the source had at some time, or what was there before;
// and what was reported stays.
func (w *world) look() {
	tree := readTree(w.destination())
	for _, name := range sortedKeys(tree) {
		f := tree[name]
		if isPrivate(filepath.Base(name)) || f.mode.IsDir() {
			continue
		}
		if w.versionOf(name, f) < 0 && !w.isOld(name, f) {
			w.fail("%s at the destination (%d bytes) is nothing that the source ever had", name, len(f.data))
		}
	}
	for name, f := range w.old {
		now, ok := tree[name]
		if !ok {
			w.fail("%s was at the destination, and nothing is there now", name)
		} else if w.keepsOld(name) && !now.same(f) {
			w.fail("%s at the destination is not what it was, and nobody said that it may be replaced", name)
		}
	}
	for name, least := range w.reported {
		f, ok := tree[name]
		if !ok {
			w.fail("%s was reported as copied, and is not there", name)
		} else if w.versionOf(name, f) < least {
			w.fail("%s was reported as copied, and something older is there", name)
		}
	}
}

// keepsOld tells whether what had a name before must stay.
func (w *world) keepsOld(name string) bool {
	switch w.options.OnConflict {
	case Fail, Skip, Rename:
		return !w.old[name].mode.IsDir() && !w.replaceable(name)
	}
	return false
}

// replaceable: a link whose target is the same is unchanged, and nothing else
// may take a name without a conflict.
func (w *world) replaceable(name string) bool { return w.old[name].mode.Type() == fs.ModeSymlink }

func (w *world) isOld(name string, f simFile) bool {
	o, ok := w.old[name]
	return ok && o.same(f)
}

// versionOf returns which version of its source a file at the destination is,
// the latest if it is several; -1: none.
func (w *world) versionOf(name string, f simFile) int {
	v, ok := w.versions[name]
	if !ok { // "name (1).ext"
		stem, _, numbered := strings.Cut(name, " (")
		if v, ok = w.versions[stem]; !ok || !numbered || w.options.OnConflict != Rename && w.options.OnConflict != Ask {
			return -1
		}
	}
	for i := len(v) - 1; i >= 0; i-- {
		if v[i].same(f) {
			return i
		}
	}
	return -1
}

// observe is told of each item that is over at the asker's.
func (w *world) observe(p *process) func(Item) {
	return func(it Item) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if p.dead {
			return
		}
		src, dst := it.Path.Raw(), it.Name.Raw()
		if w.upload {
			src = strings.TrimPrefix(src, strings.TrimPrefix(w.source(), "/")+"/")
		} else {
			dst = strings.TrimPrefix(strings.TrimPrefix(dst, strings.TrimPrefix(p.root, "/")), "/")
		}
		w.logf("%s: %s %s", src, it.Result, strings.ReplaceAll(fmt.Sprint(it.Err), w.dir, ""))
		if it.Result == Failed {
			switch k := KindOf(it.Err); k {
			case Interrupted, Timeout, Unreachable, Cancelled, Protocol:
				w.fail("%s fails, and it is not its fault: %s: %v", src, k, it.Err)
			}
			w.failures[src] = true
			for c := range w.stored {
				if strings.HasPrefix(c.file, src+"@") { // one that was a single chunk had no journal
					delete(w.stored, c)
				}
			}
			return
		}
		if it.Result != Copied && it.Result != Resumed || it.Kind == Directory || w.receiver() == nil || w.receiver().dead {
			return
		}
		f, err := readSimFile(filepath.Join(w.destination(), dst))
		if err != nil {
			w.fail("%s is reported as copied to %s: %v", src, dst, err)
			return
		}
		n := w.versionOf(dst, f)
		if sum := blake3.Sum256(f.data); len(it.Digest) > 0 && !bytes.Equal(sum[:], it.Digest) {
			w.fail("%s is reported as copied to %s with another digest than what is there", src, dst)
		}
		if n < 0 {
			w.fail("%s is reported as copied to %s, and something else is there", src, dst)
		}
		w.reported[dst] = max(n, w.reported[dst])
	}
}

// lookAtTheEnd holds the destination against the source, when all was done
// again with nothing in the way.
func (w *world) lookAtTheEnd() {
	w.look()
	tree := readTree(w.destination())
	for _, name := range sortedKeys(w.versions) {
		v := w.versions[name]
		now := v[len(v)-1]
		if now.mode&fs.ModeIrregular != 0 {
			continue // deleted
		}
		f, ok := tree[name]
		if !ok {
			w.fail("%s is not at the destination at the end", name)
			continue
		}
		if now.mode.IsDir() != f.mode.IsDir() {
			w.fail("%s is a directory at one side only", name)
		}
		if !w.mustBeNew(name) || now.mode.IsDir() {
			continue
		}
		if !now.same(f) {
			w.fail("%s at the end has %d bytes, and not the source's %d", name, len(f.data), len(now.data))
		}
		if _, was := w.old[name]; !was && len(v) == 1 && now.inode == 0 && w.options.KeepTimes && !f.modified.Equal(now.modified) {
			w.fail("%s at the end is of %v, the source of %v", name, f.modified, now.modified)
		}
	}
	for _, name := range sortedKeys(tree) {
		if isPrivate(filepath.Base(name)) && !w.mutated && len(w.failures) == 0 && !w.leftovers() && !w.lone(tree, name) {
			w.fail("%s is left at the end", name)
		}
	}
}

// lone tells of a journal without its partial: a crash may leave one, and a
// later transfer removes it when there is nothing else to be done.
func (w *world) lone(tree map[string]simFile, name string) bool {
	base, ok := strings.CutSuffix(name, journalSuffix)
	_, partial := tree[base+partialSuffix]
	return ok && !partial && w.trees > 0
}

// twice tells whether a file that is there already may be copied once more: it
// gets another name each time.
func (w *world) twice() bool { return w.options.OnConflict == Rename || w.options.OnConflict == Ask }

// leftovers tells whether a partial may stay: of a file that was begun under
// one rule and whose name another decision gave away.
func (w *world) leftovers() bool {
	return w.options.OnConflict == Ask || w.options.OnConflict == Rename && len(w.old) > 0
}

// mustBeNew tells whether name has to be the source's latest version.
func (w *world) mustBeNew(name string) bool {
	if w.failures[name] {
		return false
	}
	_, was := w.old[name]
	switch w.options.OnConflict {
	case Overwrite:
		return true
	case Newer:
		return !was && w.options.KeepTimes
	}
	return !was && len(w.versions[name]) == 1
}
