package tui

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// heard are the names of a directory, as many as are kept for completion.
type heard struct {
	of    Location
	begin string          // only names that begin so
	names []session.Entry // directories first
	whole bool            // there are no more of them
	err   error
}

// The names of a directory that are kept, and how many of them are listed.
const (
	maxHeard = 100_000
	maxTurns = 500
)

// answers tells whether h has all that is to be known of the names in a
// directory that begin so, or as much as can be.
func (h *heard) answers(dir Location, begin string) bool {
	return h.of == dir && (h.whole || h.err != nil || begin == h.begin || h.begin != "" && beginsWith(begin, h.begin))
}

// hear reads the names of a directory. It runs in a command.
func hear(ctx context.Context, e Engine, dir Location, begin string) heard {
	h := heard{of: dir, begin: begin, whole: begin == ""}
	tree, err := e.Tree(dir.Place)
	if err != nil {
		h.err = err
		return h
	}
	for e, err := range tree.Names(ctx, dir.Dir) {
		if err != nil {
			h.err = err
			break
		}
		if !beginsWith(e.Name, begin) {
			continue
		}
		if len(h.names) == maxHeard {
			h.whole = false
			break
		}
		h.names = append(h.names, session.Entry{Name: e.Name, Kind: e.Kind})
	}
	slices.SortFunc(h.names, listing.View{}.Compare)
	return h
}

// A turn is what a line of text may become.
type turn struct {
	text string
	dir  bool
	more bool // there are more than are listed
}

// turns lists what may become of a name that begins so behind lead, and what all
// of them begin with.
func (h *heard) turns(lead, begin string) (found []turn, common string) {
	first := true
	for _, e := range h.names {
		if strings.HasPrefix(e.Name, ".") && !strings.HasPrefix(begin, ".") || !beginsWith(e.Name, begin) {
			continue
		}
		if first {
			common, first = e.Name, false
		} else {
			common = shared(common, e.Name)
		}
		if len(found) == maxTurns {
			found[maxTurns-1].more = true
			continue
		}
		t := turn{text: lead + session.Display(e.Name)}
		if t.dir = e.Kind == session.Directory; t.dir {
			t.text += "/"
		}
		found = append(found, t)
	}
	return found, common
}

// shared is what two names begin with, whole letters of it.
func shared(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) {
		r, size := utf8.DecodeRuneInString(a[n:])
		if s, _ := utf8.DecodeRuneInString(b[n:]); r != s || a[n] != b[n] {
			break
		}
		n += size
	}
	return a[:n]
}

// A typed path is taken apart: the directory, as far as there is a slash, how it
// was written, and the beginning of a name in it.
type typedPath struct {
	dir  Location
	lead string
	name string
}

// path is where a typed path leads.
func (t typedPath) path() (session.Path, error) {
	if t.name == "" {
		return t.dir.Dir, nil
	}
	return t.dir.Dir.Join(t.name)
}

// takeApart reads a path as people write it: from base on, from the root, from
// home (a peer's is its root), or place:path.
func takeApart(text string, base Location, home session.Path, places []session.Place) (t typedPath, err error) {
	t.dir = base
	rest := text
	for _, p := range places {
		if after, ok := strings.CutPrefix(text, placeName(p).String()+":"); ok {
			t.dir, rest = Location{Place: p.ID}, after
		}
	}
	switch {
	case rest == "~" || strings.HasPrefix(rest, "~/"):
		t.dir.Dir = session.Path{}
		if t.dir.Place == session.Here {
			t.dir.Dir = home
		}
		if rest = strings.TrimPrefix(rest[1:], "/"); rest == "" && strings.HasSuffix(text, "~") {
			t.lead = text + "/"
			return t, nil
		}
	case strings.HasPrefix(rest, "/"):
		t.dir.Dir = session.Path{}
	}
	for {
		step, more, deeper := strings.Cut(rest, "/")
		dots := step == "." || step == ".."
		if !deeper && !dots {
			t.lead, t.name = text[:len(text)-len(step)], session.Undisplay(step)
			return t, nil
		}
		switch {
		case step == "..":
			t.dir.Dir = t.dir.Dir.Parent()
		case step != "" && step != ".":
			if t.dir.Dir, err = t.dir.Dir.Join(session.Undisplay(step)); err != nil {
				return t, err
			}
		}
		if !deeper {
			t.lead = text + "/"
			return t, nil
		}
		rest = more
	}
}
