package session

// namesOut knows, at the sender, the files with several names (hard links) of
// which one was announced: another one that the walk comes by is announced as a
// link to it. The goroutine that walks owns it.
type namesOut struct {
	files map[inode]nameOut
}

// An inode tells a file of this machine from others, while it is there.
type inode struct{ device, number uint64 }

type nameOut struct {
	id   uint64 // of the name that was announced first
	left uint32 // names that may still come by
}

// maxNamesOut is how many such files are known at a time, at the most: names of
// more are sent as files of their own. A file whose other names lie outside of
// what is sent stays known to the end.
const maxNamesOut = 1 << 17

// linkOf returns the id of another name of f that was announced; 0 if there is
// none.
func (n *namesOut) linkOf(f *outFile) uint64 {
	if f.names < 2 {
		return 0
	}
	key := inode{f.ident.device, f.ident.inode}
	known, ok := n.files[key]
	if !ok {
		return 0
	}
	if known.left--; known.left == 0 {
		delete(n.files, key)
	} else {
		n.files[key] = known
	}
	return known.id
}

// announced tells that f was, under its id and as no link.
func (n *namesOut) announced(f *outFile) {
	if f.names < 2 || f.link != 0 || len(n.files) >= maxNamesOut {
		return
	}
	if n.files == nil {
		n.files = map[inode]nameOut{}
	}
	n.files[inode{f.ident.device, f.ident.inode}] = nameOut{f.id, f.names - 1}
}
