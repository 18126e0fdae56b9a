package session

import "bytes"

// branches are the directories that a walk came by and has still to list: for
// each one on the way to where it is, the names of those in it. The last that
// was found goes first.
type branches []branch

type branch struct {
	dir  *outFile
	left nameList
}

// push adds the directories of dir.
func (b *branches) push(dir *outFile, names nameList) {
	if len(names) > 0 {
		*b = append(*b, branch{dir, names})
	}
}

// next takes the next directory: its name, and the one that it is in.
func (b *branches) next() (dir *outFile, name string, ok bool) {
	top := len(*b) - 1
	if top < 0 {
		return nil, "", false
	}
	at := &(*b)[top]
	dir, name = at.dir, at.left.take()
	if len(at.left) == 0 {
		(*b)[top] = branch{}
		*b = (*b)[:top]
	}
	return dir, name, true
}

// A nameList is names one after the other, each with a slash behind it.
type nameList []byte

func (l *nameList) add(name string) { *l = append(append(*l, name...), '/') }

// take removes and returns the last one.
func (l *nameList) take() string {
	b := (*l)[:len(*l)-1]
	start := bytes.LastIndexByte(b, '/') + 1
	name := string(b[start:])
	*l = b[:start]
	return name
}

// below describes name in the directory f, but for what only the disk tells.
func (f *outFile) below(name string) (*outFile, error) {
	p, err := f.path.Join(name)
	if err != nil {
		return nil, err
	}
	rel, err := f.rel.Join(name)
	if err != nil {
		return nil, err
	}
	shown, err := f.shown.Join(name)
	if err != nil {
		return nil, err
	}
	return &outFile{tree: f.tree, dirs: f.dirs, path: p, rel: rel, shown: shown, entry: Entry{Name: name, Kind: Directory}}, nil
}
