package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

type treeOptions struct {
	*app
	reachFlags
	depth int
	all   bool
	dirs  bool
}

func newTree(a *app) *cobra.Command {
	o := &treeOptions{app: a}
	cmd := &cobra.Command{
		Use:   "tree [TARGET...]",
		Short: "List directories with all below, as a tree",
		Long: `Show what is in directories and below them, at a peer or on this machine. Without a TARGET it is
the root of the peer that BARGEE_TARGET names, else this directory. Links are shown, not followed.`,
		Example: "  bargee tree --depth 2 laptop:/photos",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("depth") && o.depth < 1 {
				return usage("is less than 1", "").about("--depth", fmt.Sprint(o.depth))
			}
			return o.each(cmd.Context(), "list", a.orStanding(args), &o.reachFlags, o.tree)
		},
	}
	cmd.Flags().IntVar(&o.depth, "depth", 0, "no more than `N` directories deep (default all)")
	cmd.Flags().BoolVarP(&o.all, "all", "a", false, "also names that start with a dot")
	cmd.Flags().BoolVarP(&o.dirs, "dirs", "d", false, "directories only")
	o.reachFlags.addAll(cmd)
	return cmd
}

// orStanding returns args, or where there are none the peer that BARGEE_TARGET
// names, else this directory.
func (a *app) orStanding(args []string) []string {
	switch {
	case len(args) > 0:
		return args
	case a.getenv("BARGEE_TARGET") != "":
		return []string{":/"}
	}
	return []string{"."}
}

// A treePrint is one tree that is printed.
type treePrint struct {
	*treeOptions
	p           *place
	files, subs int64
	unread      int
}

func (o *treeOptions) tree(w *watch, p *place, t target, path session.Path) error {
	e, err := p.tree.Stat(w, path)
	if err != nil {
		return err
	}
	w.moved()
	if e.Kind != session.Directory && !(e.Kind == session.Link && t.isDir()) {
		return &session.Error{Kind: session.NotADirectory, Path: path, Err: fmt.Errorf("is a %s, not a directory", e.Kind)}
	}
	tp := &treePrint{treeOptions: o, p: p}
	d := &descent{w: w, tree: p.tree, fits: func(e session.Entry) bool {
		return (o.all || !strings.HasPrefix(e.Name, ".")) && (!o.dirs || e.Kind == session.Directory)
	}}
	if err := tp.print(w, d, path); err != nil {
		return err
	}
	if !o.json && !o.quiet {
		o.printf("\n%s, %s\n", plural(tp.subs, "directory", "directories"), count(tp.files, "file"))
	}
	if tp.unread > 0 {
		return &partlyError{}
	}
	return nil
}

// print prints dir, an entry a line, each directory before what is in it. Lines of
// a directory wait until what stands before them was printed.
func (tp *treePrint) print(ctx context.Context, d *descent, dir session.Path) error {
	if !tp.json {
		tp.printf("%s\n", tp.p.shown(dir))
	}
	var pending []treeLine // from the last one on to be printed
	err := d.walk(dir, func(at session.Path, entries []session.Entry, err error) ([]session.Entry, error) {
		if err != nil && !d.below(at) {
			return nil, err
		}
		level, prefix := 0, ""
		if d.below(at) {
			pending, level, prefix = tp.upTo(pending, at)
		}
		if err != nil {
			tp.unread++
			tp.tell(&problem{what: "list", where: tp.p.shown(at), err: err})
			return nil, nil
		}
		slices.SortFunc(entries, func(a, b session.Entry) int { return cmp.Compare(a.Name, b.Name) })
		lines := make([]treeLine, 0, len(entries)+len(pending))
		for i, e := range entries {
			if path, err := at.Join(e.Name); err == nil {
				lines = append(lines, treeLine{e, path, prefix, level, i == len(entries)-1})
			}
		}
		pending = append(lines, pending...)
		if tp.depth > 0 && level+1 >= tp.depth {
			return nil, ctx.Err()
		}
		return entries, ctx.Err()
	})
	for _, l := range pending {
		tp.line(l)
	}
	return err
}

// A treeLine is an entry, and what stands in front of it.
type treeLine struct {
	session.Entry
	path   session.Path
	prefix string
	level  int
	last   bool // of its directory
}

// upTo prints the lines up to that of the directory at, and returns the others,
// the level of what is in it and what stands in front of that.
func (tp *treePrint) upTo(pending []treeLine, at session.Path) (rest []treeLine, level int, prefix string) {
	for i, l := range pending {
		tp.line(l)
		if l.path == at {
			prefix = l.prefix + "│   "
			if l.last {
				prefix = l.prefix + "    "
			}
			return pending[i+1:], l.level + 1, prefix
		}
	}
	return nil, 0, ""
}

func (tp *treePrint) line(l treeLine) {
	if l.Kind == session.Directory {
		tp.subs++
	} else {
		tp.files++
	}
	if tp.json {
		tp.event(newEntryEvent(l.path, l.Entry))
		return
	}
	branch := "├── "
	if l.last {
		branch = "└── "
	}
	text := tp.shownName(l.Entry, l.Name)
	if l.Kind == session.Link {
		text += " -> " + session.Display(l.Target)
	}
	tp.printf("%s%s%s\n", l.prefix, branch, text)
}
