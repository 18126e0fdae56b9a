package session

import (
	"slices"
	"strings"
	"time"
)

// A fileKey is what two files have in common that may be the same one.
type fileKey struct {
	size     int64
	modified time.Time
}

func keyOfFile(e Entry) fileKey { return fileKey{e.Size, e.Modified.UTC()} }

// pairMoves finds extras that are adds under another name, by size and time; whether
// they are has to be seen from their contents. What keeps its name comes first, then
// what comes first in the scans. Nothing is moved that would stay otherwise.
func (p *syncPlan) pairMoves() (pairs []syncMove) {
	extras := map[fileKey][]int{}
	for i := range p.extras {
		if e := &p.extras[i].dst; e.Kind == RegularFile && e.Size > 0 {
			extras[keyOfFile(e.Entry)] = append(extras[keyOfFile(e.Entry)], i)
		}
	}
	if len(extras) == 0 {
		return nil
	}
	taken := map[int]bool{}
	for _, sameName := range []bool{true, false} {
		done := map[Path]bool{}
		for _, m := range pairs {
			done[m.to] = true
		}
		for _, add := range p.adds {
			if add.src.Kind != RegularFile || add.src.Size == 0 || done[add.path] {
				continue
			}
			for _, i := range extras[keyOfFile(add.src)] {
				x := &p.extras[i]
				if taken[i] || sameName && x.path.Base() != add.path.Base() {
					continue
				}
				taken[i] = true
				pairs = append(pairs, syncMove{from: x.path, to: add.path, was: x.dst})
				break
			}
		}
	}
	return pairs
}

// moveAs makes moves of pairs that were found to be the same: what is moved needs
// neither to be sent nor to be removed.
func (p *syncPlan) moveAs(pairs []syncMove, mode func(add syncChange) bool) {
	from, to := map[Path]bool{}, map[Path]syncMove{}
	for _, m := range pairs {
		from[m.from], to[m.to] = true, m
	}
	p.extras = slices.DeleteFunc(p.extras, func(c syncChange) bool { return c.dst.Kind != Directory && from[c.path] })
	p.adds = slices.DeleteFunc(p.adds, func(c syncChange) bool {
		m, ok := to[c.path]
		if !ok || c.src.Kind != RegularFile {
			return false
		}
		p.moves = append(p.moves, m)
		c.dst = m.was
		c.dst.Name = c.src.Name
		if mode(c) {
			p.metas = append(p.metas, c)
		}
		return true
	})
}

// A syncTwin is an extra that differs from an add in upper and lower case only.
type syncTwin struct {
	extra syncChange
	add   Path
}

// takeTwins takes them from the extras: where the destination does not tell the two
// apart after all, to remove the one would remove the other.
func (p *syncPlan) takeTwins() (twins []syncTwin) {
	adds := make(map[string]Path, len(p.adds))
	for _, c := range p.adds {
		adds[strings.ToLower(c.path.raw)] = c.path
	}
	p.extras = slices.DeleteFunc(p.extras, func(c syncChange) bool {
		add, ok := adds[strings.ToLower(c.path.raw)]
		if ok {
			twins = append(twins, syncTwin{c, add})
		}
		return ok
	})
	return twins
}

// movedTo returns the new paths of what is moved.
func (p *syncPlan) movedTo() map[Path]bool {
	to := make(map[Path]bool, len(p.moves))
	for _, m := range p.moves {
		to[m.to] = true
	}
	return to
}
