package session

import (
	"context"
	"io/fs"
	"os"
	"strings"
)

// Chmod sets the permission bits of p, and never those of what a link points to.
func (d *disk) Chmod(ctx context.Context, p Path, mode fs.FileMode) error {
	if err := ctx.Err(); err != nil {
		return about(p, err)
	}
	dir, name, err := d.at(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	may := func(fi fs.FileInfo) error { return d.mayChmod(dir, fi) }
	if err := chmodAt(dir, name, mode&permBits, may); err != nil {
		return about(p, err)
	}
	return nil
}

// mayChmod says no where the mode of what fi describes is not ours to set: that
// of a link is what it points to, and a file with other names may be elsewhere.
func (d *disk) mayChmod(dir *os.Root, fi fs.FileInfo) error {
	if fi.Mode()&fs.ModeSymlink != 0 {
		return newError(NotAFile, Path{}, "is a link, which has no mode of its own")
	}
	if !d.jail || !fi.Mode().IsRegular() {
		return nil
	}
	parent, err := dir.Lstat(".")
	if err == nil && mayBePlanted(fi, parent) {
		return newError(Permission, Path{}, "has several hard links, and others could have made them")
	}
	return err
}

// Symlink makes the link p with target as it is.
func (d *disk) Symlink(ctx context.Context, target string, p Path) error {
	if err := ctx.Err(); err != nil {
		return about(p, err)
	}
	if err := checkTarget(p, target); err != nil {
		return err
	}
	dir, name, err := d.at(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := symlinkIn(dir, target, name); err != nil {
		return about(p, orWhyNoLink(err))
	}
	return nil
}

// checkTarget holds the target of the link p against what a disk can keep.
func checkTarget(p Path, target string) error {
	switch {
	case target == "":
		return newError(BadName, p, "a link to nothing")
	case len(target) > MaxTarget:
		return newError(BadName, p, "a target of %d bytes, at most %d", len(target), MaxTarget)
	case strings.IndexByte(target, 0) >= 0:
		return newError(BadName, p, "a target with a NUL")
	}
	return nil
}
