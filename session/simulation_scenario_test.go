//go:build linux

package session

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A scenario is what a seed stands for, but for what the scheduler picks.
type scenario struct {
	start    time.Time
	upload   bool // the program that serves receives
	fsync    bool
	options  Options
	faults   []fault // in the order of their steps
	mood     int     // of the scheduler
	spoil    bool    // a crash leaves damaged partials or journals
	old      map[string]simFile
	lastFile string // that was picked
}

// A fault is something that goes wrong at a step, or as soon after as it can.
type fault struct {
	step int
	what faultKind
	n    int
}

type faultKind int

const (
	faultCrashInDisk faultKind = iota // the receiving program is killed before a change of its disk
	faultCrashAsker
	faultCrashServer
	faultCrashBoth
	faultLinkLost   // in silence
	faultLinkFrozen // for a while
	faultLinkClosed // both ends know it at once
	faultStreamDies
	faultFlip // of a byte of a chunk
	faultDisk // a change of the disk fails
	faultSource
	faultKinds
)

var faultWords = [...]string{"crash in the disk", "crash of the asker", "crash of the server", "crash of both",
	"link lost", "link frozen", "link closed", "stream dies", "flip", "disk error", "source changes"}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sizes lie around the borders of chunks of 64 KiB and of what is resumed.
var simSizes = []int{0, 1, 100, 65535, 65536, 65537, 70_000, 131072, 131073, 196608, 262143, 262144, 300_000, 400_000}

var simDay = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// content returns bytes of their own for each version of each file.
func (w *world) content(n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	w.touched++
	copy(key[:], fmt.Sprint(w.touched))
	rand.NewChaCha8(key).Read(b)
	switch kind := w.pick(6); {
	case n < simPage:
	case kind == 0: // it shrinks
		for at := simPage / 4; at < n; at *= 2 {
			copy(b[at:], b[:at])
		}
	case kind == 1: // it has holes
		from := w.pick(n)
		clear(b[from:min(n, from+w.pick(3*minChunkSize))])
	}
	return b
}

// edited returns b with something put in and something taken out.
func (w *world) edited(b []byte) []byte {
	in, out := w.pick(len(b)+1), w.pick(len(b)+1)
	b = slices.Concat(b[:in], w.content(w.pick(2000)), b[in:])
	return slices.Delete(b, out, min(out+w.pick(5000), len(b)))
}

// stamp returns a time that no other version has.
func (w *world) stamp() time.Time {
	w.touched++
	return simDay.Add(time.Duration(w.touched)*time.Second + 123456789)
}

func (w *world) pick(n int) int { return w.rng.IntN(n) }

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

// prepare makes the trees and decides what will happen.
func (w *world) prepare() error {
	w.upload, w.fsync = w.chance(50), w.chance(35)
	w.mood = w.pick(3)
	w.spoil = w.chance(15)
	o := DefaultOptions()
	o.OnConflict = []Conflict{Fail, Skip, Overwrite, Overwrite, Overwrite, Rename, Newer, Ask}[w.pick(8)]
	o.Fsync, o.Streams, o.ChunkSize = w.fsync, 1+w.pick(4), minChunkSize<<(w.pick(4)/3)
	o.Checksum, o.KeepTimes, o.KeepMode = w.chance(15), w.chance(90), w.chance(80)
	o.Compress = Compression(w.pick(3))
	w.options = o

	tree := map[string]simFile{"tree": {mode: fs.ModeDir | 0o755, modified: w.stamp()}}
	dirs := []string{"tree"}
	for i := range 1 + w.pick(7) {
		dir := dirs[w.pick(len(dirs))]
		name := fmt.Sprintf("%s/%c", dir, 'a'+i)
		switch n := w.pick(10); {
		case n == 0:
			tree[name] = simFile{mode: fs.ModeDir | 0o755, modified: w.stamp()}
			dirs = append(dirs, name)
		case n == 2: // another name of a file
			f := tree[w.anyFile(tree)]
			if f.mode != 0 && f.inode == 0 {
				f.inode = uint64(i + 1)
				tree[w.lastFile] = f
			}
			if f.mode != 0 {
				tree[name] = f
			}
		case n == 1:
			tree[name] = simFile{mode: fs.ModeSymlink, modified: w.stamp(), data: fmt.Append(nil, "to", i)}
		default:
			tree[name] = simFile{mode: []fs.FileMode{0o644, 0o600, 0o444}[w.pick(3)], modified: w.stamp(), data: w.content(simSizes[w.pick(len(simSizes))])}
		}
	}
	for name, f := range tree {
		w.versions[name] = []simFile{f}
	}
	w.old = map[string]simFile{}
	if w.chance(50) {
		w.olden(tree)
	}
	if err := writeTree(w.source(), tree); err != nil {
		return err
	}
	if err := writeTree(w.destination(), w.old); err != nil {
		return err
	}
	w.disk = newSimDisk(w.destination())
	w.faulty()
	w.logf("upload %t, policy %d, fsync %t, checksum %t, %d streams, chunks of %d, times %t, mood %d, spoil %t",
		w.upload, o.OnConflict, w.fsync, o.Checksum, o.Streams, o.ChunkSize, o.KeepTimes, w.mood, w.spoil)
	for _, name := range sortedKeys(tree) {
		f, o := tree[name], w.old[name]
		w.logf("%s: %v %d bytes; at the destination %v %d bytes", name, f.mode, len(f.data), o.mode, len(o.data))
	}
	return nil
}

// anyFile returns the name of a regular file, "" if there is none.
func (w *world) anyFile(tree map[string]simFile) string {
	w.lastFile = ""
	names := slices.DeleteFunc(sortedKeys(tree), func(name string) bool { return !tree[name].mode.IsRegular() })
	if len(names) > 0 {
		w.lastFile = names[w.pick(len(names))]
	}
	return w.lastFile
}

// olden puts some of the names in the way, with what is similar or not.
func (w *world) olden(tree map[string]simFile) {
	for _, name := range sortedKeys(tree) {
		f := tree[name]
		if f.mode.IsDir() || w.chance(50) {
			continue
		}
		for d := filepath.Dir(name); d != "."; d = filepath.Dir(d) {
			w.old[d] = simFile{mode: fs.ModeDir | 0o755, modified: w.stamp()}
		}
		o := simFile{mode: f.mode, modified: f.modified, data: f.data}
		switch w.pick(7) {
		case 5, 6: // edited
			o.modified = w.stamp()
			if len(f.data) > 0 {
				o.data = w.edited(f.data)
			}
		case 0: // the same
		case 1: // the same content
			o.modified = w.stamp()
		case 2: // the same size
			o.modified, o.data = w.stamp(), w.content(len(f.data))
		case 3: // older
			o.modified, o.data = simDay.Add(-time.Hour), w.content(1+w.pick(100_000))
		default:
			o.modified, o.data = w.stamp().Add(time.Hour), w.content(1+w.pick(100_000))
		}
		if o.mode.Type() == fs.ModeSymlink {
			o.data = []byte("elsewhere")
		}
		w.old[name] = o
	}
}

// faulty decides what will go wrong.
func (w *world) faulty() {
	n := w.pick(5)
	for range n {
		f := fault{step: w.pick(40 << w.pick(4)), what: faultKind(w.pick(int(faultKinds))), n: 1 + w.pick(30)}
		if w.chance(25) {
			f.what = faultCrashInDisk
		}
		w.faults = append(w.faults, f)
	}
	slices.SortStableFunc(w.faults, func(a, b fault) int { return a.step - b.step })
}

// alter changes a source, as others do while it is sent.
func (w *world) alter() {
	var files []string
	for _, name := range sortedKeys(w.versions) {
		if v := w.versions[name]; v[len(v)-1].mode.IsRegular() && v[0].inode == 0 {
			files = append(files, name)
		}
	}
	if len(files) == 0 {
		return
	}
	name := files[w.pick(len(files))]
	at := filepath.Join(w.source(), name)
	v := w.versions[name]
	old := v[len(v)-1]
	f := simFile{mode: 0o644, modified: w.stamp(), data: w.content(len(old.data))}
	how := w.pick(5)
	var err error
	switch how {
	case 0: // replaced
		if err = writeSimFile(at+"~", f); err == nil {
			err = os.Rename(at+"~", at)
		}
	case 1: // written over, from somewhere on
		copy(f.data[:w.pick(len(f.data)+1)], old.data)
		err = os.WriteFile(at, f.data, 0)
		f.mode = old.mode
	case 2: // longer
		f.data = append(slices.Clone(old.data), w.content(1+w.pick(100_000))...)
		err = os.WriteFile(at, f.data, 0)
		f.mode = old.mode
	case 3: // shorter
		f.data = slices.Clone(old.data[:w.pick(len(old.data)+1)])
		err = os.WriteFile(at, f.data, 0)
		f.mode = old.mode
	default: // deleted
		err = os.Remove(at)
		f.mode = fs.ModeIrregular
	}
	if err == nil && how < 4 {
		err = setSimTime(at, f.modified)
	}
	if err != nil {
		w.fail("altering a source: %v", err)
	}
	w.mutated = true
	w.versions[name] = append(v, f)
	w.logf("source %s changes (%d), %d bytes", name, how, len(f.data))
}
