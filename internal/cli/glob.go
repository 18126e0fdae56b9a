package cli

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

// globFlags are those of commands whose addresses may be patterns.
type globFlags struct {
	globs   bool // they may
	literal bool // --no-glob
	nested  bool // what lies in a directory that fits is wanted for itself, too
	none    bool // a pattern that nothing fits is no error
}

func (f *globFlags) addGlobs(cmd *cobra.Command) {
	f.globs = true
	f.nested = true
	cmd.Flags().BoolVar(&f.literal, "no-glob", false, "take * ? [ in names as they are")
}

// expand returns the addresses that t stands for, which is itself unless it is a
// pattern: what is there under the very name comes first. The other side looks for
// what fits; moved hears of its progress.
func (f *globFlags) expand(ctx context.Context, p *place, t target, moved func()) ([]target, error) {
	if !f.globs || f.literal || !session.IsGlob(t.path) {
		return []target{t}, nil
	}
	if path, err := p.path(t); err == nil {
		_, err := p.tree.Stat(ctx, path)
		switch kind := session.KindOf(err); {
		case err == nil:
			return []target{t}, nil
		case kind != session.NotFound && kind != session.NotADirectory && kind != session.BadName:
			return nil, err
		}
		moved()
	}
	before, pattern, behind := splitGlob(t.path)
	base := t
	if base.path = before; before == "" {
		base.path = "."
	}
	dir, err := p.path(base)
	if err != nil {
		return nil, err
	}
	var all []target
	for found, err := range session.Glob(ctx, p.tree, dir, pattern) {
		if err != nil {
			return nil, err
		}
		moved()
		if found.Path.IsRoot() || behind != "" && found.Entry.Kind != session.Directory && (found.Entry.Kind != session.Link || p.host == nil) {
			continue
		}
		one := t
		one.path, one.globbed = before+below(dir, found.Path)+behind, true
		all = append(all, one)
	}
	if len(all) == 0 && !f.none {
		return nil, &problem{
			what: "find", where: t.String(), err: &session.Error{Kind: session.NotFound, Err: errors.New("nothing has such a name")},
			hint: "with --no-glob the letters * ? [ stand for themselves",
		}
	}
	if !f.nested {
		all = outermost(all)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].path < all[j].path })
	return all, nil
}

// below returns the path of p as it is seen from dir, which it is below.
func below(dir, p session.Path) string {
	return strings.TrimPrefix(strings.TrimPrefix(p.Raw(), dir.Raw()), "/")
}

// splitGlob takes path apart: the directories before the first name that is a
// pattern, with the slash behind them; the pattern; and the slash or /. that only
// directories have.
func splitGlob(path string) (before, pattern, behind string) {
	end := len(strings.TrimRight(path, "/"))
	if strings.HasSuffix(path[:end], "/.") {
		end = len(strings.TrimRight(path[:end-1], "/"))
	}
	path, behind = path[:end], path[end:]
	first := strings.IndexAny(path, `*?[\`)
	at := strings.LastIndexByte(path[:max(first, 0)], '/') + 1
	var names []string
	for name := range strings.SplitSeq(path[at:], "/") {
		if name != "" && name != "." { // as in other paths
			names = append(names, name)
		}
	}
	return path[:at], strings.Join(names, "/"), behind
}

// outermost leaves out what lies within others of the same place.
func outermost(all []target) []target {
	dirs := map[string]bool{}
	for _, t := range all {
		dirs[t.peer()+"\x00"+strings.TrimRight(t.path, "/")] = true
	}
	return slices.DeleteFunc(all, func(t target) bool {
		path := strings.TrimRight(t.path, "/")
		for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
			if dirs[t.peer()+"\x00"+path[:i]] {
				return true
			}
		}
		return false
	})
}
