package session

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// FS returns t as a file system of io/fs, read-only, so that whatever walks,
// serves or archives those can do it with a tree at a peer. Its calls end when
// ctx does.
//
// Names that are UTF-8 and fit to be shown stay as they are; others stand there
// as Display shows them, but with "⧵" (U+29F5) for the backslash, which io/fs
// does not allow. Names are turned back when they are opened.
//
// Links are never followed: they appear as links, and one that is opened has
// no content. Directories are read in the disk's order, but sorted by ReadDir.
func FS(ctx context.Context, t Tree) fs.FS { return &treeFS{ctx, t} }

var (
	_ fs.ReadDirFS  = (*treeFS)(nil)
	_ fs.StatFS     = (*treeFS)(nil)
	_ fs.ReadFileFS = (*treeFS)(nil)
	_ fs.ReadLinkFS = (*treeFS)(nil)
)

type treeFS struct {
	ctx  context.Context
	tree Tree
}

// slope stands for the backslash.
const slope = "\u29f5"

// fsName returns a name or path as io/fs has it.
func fsName(raw string) string {
	s := strings.ReplaceAll(Display(raw), slope, `\u29f5`)
	return strings.ReplaceAll(s, `\`, slope)
}

// fsRaw turns fsName back.
func fsRaw(name string) string { return Undisplay(strings.ReplaceAll(name, slope, `\`)) }

// pathOf returns the path of name. Only the one form that fsName gives a path
// is taken, so that no file has two names.
func pathOf(name string) (Path, error) {
	if !fs.ValidPath(name) {
		return Path{}, fs.ErrInvalid
	}
	if name == "." {
		return Path{}, nil
	}
	p, err := parseClean(fsRaw(name))
	if err != nil || fsName(p.raw) != name {
		return Path{}, fs.ErrNotExist
	}
	return p, nil
}

func fsError(op, name string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var e *Error
	if errors.As(err, &e) { // its path is name
		err = &Error{Kind: e.Kind, Side: e.Side, Err: e.Err}
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// Open opens name: a file, a directory (an fs.ReadDirFile), or a link or
// special file, which can only be described.
func (f *treeFS) Open(name string) (fs.File, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, fsError("open", name, err)
	}
	return file, nil
}

func (f *treeFS) open(name string) (fs.File, error) {
	p, err := pathOf(name)
	if err != nil {
		return nil, err
	}
	file, err := f.tree.Open(f.ctx, p)
	if err == nil {
		return &fsFile{File: file, name: name}, nil
	}
	if !errors.Is(err, NotAFile) {
		return nil, err
	}
	e, err := f.tree.Stat(f.ctx, p)
	if err != nil {
		return nil, err
	}
	special := fsSpecial{name: name, info: infoOf(name, e)}
	if e.Kind == Directory {
		return &fsDir{fsSpecial: special, fsys: f, path: p}, nil
	}
	return &special, nil
}

// Stat describes name itself, as Lstat does.
func (f *treeFS) Stat(name string) (fs.FileInfo, error) { return f.describe("stat", name) }

// Lstat describes name itself.
func (f *treeFS) Lstat(name string) (fs.FileInfo, error) { return f.describe("lstat", name) }

func (f *treeFS) describe(op, name string) (fs.FileInfo, error) {
	p, err := pathOf(name)
	if err != nil {
		return nil, fsError(op, name, err)
	}
	e, err := f.tree.Stat(f.ctx, p)
	if err != nil {
		return nil, fsError(op, name, err)
	}
	return infoOf(name, e), nil
}

// ReadLink returns where the link name points, shown as names are.
func (f *treeFS) ReadLink(name string) (string, error) {
	info, err := f.describe("readlink", name)
	if err != nil {
		return "", err
	}
	e := info.Sys().(Entry)
	if e.Kind != Link {
		return "", fsError("readlink", name, fs.ErrInvalid)
	}
	return fsName(e.Target), nil
}

// ReadDir returns the entries of name, sorted.
func (f *treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := pathOf(name)
	if err != nil {
		return nil, fsError("readdir", name, err)
	}
	var list []fs.DirEntry
	for e, err := range f.tree.List(f.ctx, p) {
		if err != nil {
			return list, fsError("readdir", name, err)
		}
		list = append(list, fs.FileInfoToDirEntry(infoOf(fsName(e.Name), e)))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// ReadFile returns the content of the file name.
func (f *treeFS) ReadFile(name string) ([]byte, error) {
	p, err := pathOf(name)
	if err != nil {
		return nil, fsError("read", name, err)
	}
	file, err := f.tree.Open(f.ctx, p)
	if err != nil {
		return nil, fsError("read", name, err)
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	return b, fsError("read", name, err)
}

// fsInfo is an Entry as an fs.FileInfo; Sys returns the Entry.
type fsInfo struct {
	Entry
	name string
}

// infoOf describes e, which lies at the path name of an FS.
func infoOf(name string, e Entry) fs.FileInfo {
	return fsInfo{e, name[strings.LastIndexByte(name, '/')+1:]}
}

func (i fsInfo) Name() string       { return i.name }
func (i fsInfo) Size() int64        { return i.Entry.Size }
func (i fsInfo) ModTime() time.Time { return i.Modified }
func (i fsInfo) IsDir() bool        { return i.Kind == Directory }
func (i fsInfo) Sys() any           { return i.Entry }

func (i fsInfo) Mode() fs.FileMode {
	kind := [...]fs.FileMode{RegularFile: 0, Directory: fs.ModeDir, Link: fs.ModeSymlink, Other: fs.ModeIrregular}
	return kind[min(i.Kind, Other)] | i.Entry.Mode
}
