package tui

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
)

// work is what is under way at one name of a directory.
type work struct {
	done, size int64
	streams    []float64 // how much of its share each stream has carried, 0 to 1
	arriving   bool      // at the destination
	kind       session.EntryKind
}

// underway finds what the transfers do in a directory, by name: at the source
// as well as at the destination. What lies deeper counts for the directory that
// leads there.
func underway(ts []session.Transfer, at Location) map[string]work {
	var found map[string]work
	note := func(name string, w work) {
		if found == nil {
			found = make(map[string]work)
		}
		old, ok := found[name]
		if ok {
			w.done += old.done
			w.size += old.size
			w.streams = append(old.streams, w.streams...)
		}
		found[name] = w
	}
	for i := range ts {
		t := &ts[i]
		if t.State != session.StateRunning && t.State != session.StateRetrying {
			continue
		}
		for _, f := range t.Active {
			w := work{done: f.Verified, size: f.Size, streams: shares(t, f)}
			if t.Job.From == at.Place {
				if name, exact, ok := below(at.Dir, f.Path); ok {
					w.kind = kindOf(exact)
					note(name, w)
				}
			}
			if t.Job.To == at.Place {
				if name, exact, ok := below(at.Dir, f.Name); ok {
					w.kind, w.arriving = kindOf(exact), true
					note(name, w)
				}
			}
		}
	}
	return found
}

func kindOf(exact bool) session.EntryKind {
	if exact {
		return session.RegularFile
	}
	return session.Directory
}

// below returns the name in dir that leads to p, and whether that is p itself.
func below(dir, p session.Path) (name string, exact, ok bool) {
	if p.IsRoot() || p == dir || !p.Within(dir) {
		return "", false, false
	}
	rest := p.Raw()
	if !dir.IsRoot() {
		rest = rest[len(dir.Raw())+1:]
	}
	name, _, deeper := strings.Cut(rest, "/")
	return name, !deeper, true
}

// shares returns for each stream at a file how much of its part is there.
func shares(t *session.Transfer, f session.FileProgress) []float64 {
	out := make([]float64, 0, len(f.Streams))
	for _, id := range f.Streams {
		for _, s := range t.Streams {
			if s.ID == id {
				out = append(out, share(t, s))
			}
		}
	}
	return out
}

// share tells how much of its part of a file a stream has done, if those that
// carry the file divide it evenly between them. So they do with what none of
// them carried, from an earlier run or by a stream that left: the mean of all
// is how far the file is.
func share(t *session.Transfer, s session.StreamProgress) float64 {
	if s.Total <= 0 {
		return 0
	}
	n, carried := int64(0), int64(0)
	for _, o := range t.Streams {
		if o.File == s.File {
			n++
			carried += o.Bytes
		}
	}
	before := int64(0)
	for _, f := range t.Active {
		if f.Path == s.File {
			before = max(f.Verified-carried, 0)
		}
	}
	return min((float64(s.Bytes)*float64(n)+float64(before))/float64(s.Total), 1)
}

// setWork tells a pane what is under way in its directory. A file that is over
// stays as a ghost until the directory was read again, so that it does not
// vanish for a moment.
func (p *pane) setWork(w map[string]work) {
	for _, g := range p.ghosts {
		if _, still := w[g.Name]; !still && p.work[g.Name].arriving {
			p.landing = append(p.landing, g)
		}
	}
	for name := range p.work {
		if _, still := w[name]; !still {
			p.dirty = true
		}
	}
	p.work = w
	p.setGhosts(p.expected())
}

// expected lists the ghosts: what is under way to here, and what arrived since
// the directory was read.
func (p *pane) expected() []session.Entry {
	ghosts := slices.Clone(p.landing)
	for name, g := range p.work {
		if g.arriving {
			ghosts = append(ghosts, session.Entry{Name: name, Kind: g.kind, Size: g.size})
		}
	}
	return p.absent(ghosts)
}

// absent drops the ghosts whose names the directory has.
func (p *pane) absent(ghosts []session.Entry) []session.Entry {
	if len(ghosts) == 0 {
		return nil
	}
	slices.SortFunc(ghosts, func(x, y session.Entry) int { return cmp.Compare(x.Name, y.Name) })
	return slices.DeleteFunc(ghosts, func(g session.Entry) bool {
		_, there := p.lookup(g.Name)
		return there
	})
}
