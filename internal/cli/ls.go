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

type lsOptions struct {
	*app
	reachFlags
	targets   []string
	long      bool
	recursive bool
	all       bool
	sort      string
	titles    bool // a line with the directory before each listing

	files []listed // named on the command line, and not printed yet
	blank bool     // something was printed: an empty line separates what follows
}

func newLs(a *app) *cobra.Command {
	o := &lsOptions{app: a}
	cmd := &cobra.Command{
		Use:   "ls [TARGET...]",
		Short: "List directories",
		Long: `List the entries of directories, at a peer or on this machine. Without a TARGET it is the
root of the peer that BARGEE_TARGET names, else this directory. Links are listed, not followed.`,
		Example: "  bargee ls -l laptop:/photos\n  bargee ls --json bargee://192.0.2.7/ | jq .size",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.targets = args
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVarP(&o.long, "long", "l", false, "with permissions, size and time")
	cmd.Flags().BoolVarP(&o.recursive, "recursive", "R", false, "and all directories below")
	cmd.Flags().BoolVarP(&o.all, "all", "a", false, "also names that start with a dot")
	cmd.Flags().StringVar(&o.sort, "sort", "name", "order by `name|size|time`; the largest and the latest come first")
	o.reachFlags.addAll(cmd)
	return cmd
}

func (o *lsOptions) run(ctx context.Context) error {
	if !slices.Contains([]string{"name", "size", "time"}, o.sort) {
		return usage("is none of name, size, time", "").about("--sort", session.Display(o.sort))
	}
	o.targets = o.orStanding(o.targets)
	o.titles = o.recursive || len(o.targets) > 1 || !o.literal && session.IsGlob(o.targets[0])
	err := o.eachAhead(ctx, "list", o.targets, &o.reachFlags, false, o.list)
	o.flushFiles()
	return err
}

// list prints what lies at path: the entries of a directory, else itself.
func (o *lsOptions) list(w *watch, p *place, t target, path session.Path) (func() error, error) {
	e, err := p.tree.Stat(w, path)
	if err != nil {
		return nil, err
	}
	w.moved()
	if e.Kind == session.Directory || e.Kind == session.Link && t.isDir() {
		d := &descent{w: w, tree: p.tree, fits: o.fits}
		d.begin(path)
		<-d.first.done
		return func() error {
			o.flushFiles()
			return o.directory(d, p, path, o.blank)
		}, nil
	}
	e.Name = path.Base()
	row := listed{path: path, Entry: e}
	if t.globbed {
		row.raw = t.path
	}
	return func() error {
		o.files = append(o.files, row)
		return nil
	}, nil
}

// flushFiles prints the files that were named, which share their columns.
func (o *lsOptions) flushFiles() {
	o.blank = o.blank || len(o.files) > 0
	o.print(o.files)
	o.files = nil
}

func (o *lsOptions) fits(e session.Entry) bool { return o.all || !strings.HasPrefix(e.Name, ".") }

// directory prints what lies in dir, and below. A directory below that cannot be
// read is told of, and the others are printed.
func (o *lsOptions) directory(d *descent, p *place, dir session.Path, blank bool) error {
	unread := 0
	err := d.walk(dir, func(dir session.Path, entries []session.Entry, err error) ([]session.Entry, error) {
		switch {
		case err != nil && !d.below(dir):
			return nil, err
		case err != nil:
			unread++
			o.tell(&problem{what: "list", where: p.shown(dir), err: err})
			return nil, nil
		}
		if o.order(entries); o.titles && !o.json {
			if blank {
				o.printf("\n")
			}
			blank = true
			o.printf("%s:\n", p.shown(dir))
		}
		rows := make([]listed, 0, len(entries))
		for _, e := range entries {
			if path, err := dir.Join(e.Name); err == nil {
				rows = append(rows, listed{path: path, Entry: e})
			}
		}
		if o.print(rows); !o.recursive {
			return nil, nil
		}
		return entries, nil
	})
	if o.blank = blank; err == nil && unread > 0 {
		err = &partlyError{}
	}
	return err
}

func (o *lsOptions) order(entries []session.Entry) {
	slices.SortFunc(entries, func(a, b session.Entry) int {
		switch o.sort {
		case "size":
			return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Name, b.Name))
		case "time":
			return cmp.Or(b.Modified.Compare(a.Modified), cmp.Compare(a.Name, b.Name))
		}
		return cmp.Compare(a.Name, b.Name)
	})
}

// A listed entry is one that is printed.
type listed struct {
	session.Entry
	path session.Path
	raw  string // what it is shown as; "": its name
}

func (o *lsOptions) name(e listed) string { return o.shownName(e.Entry, cmp.Or(e.raw, e.Name)) }

// print prints entries.
func (o *lsOptions) print(entries []listed) {
	if o.json {
		for _, e := range entries {
			o.event(newEntryEvent(e.path, e.Entry))
		}
		return
	}
	if !o.long {
		for _, e := range entries {
			o.printf("%s\n", o.name(e))
		}
		return
	}
	bytes, width := make([]string, len(entries)), 0
	for i, e := range entries {
		if bytes[i] = "-"; e.Kind == session.RegularFile {
			bytes[i] = size(e.Size)
		}
		width = max(width, len(bytes[i]))
	}
	for i, e := range entries {
		line := fmt.Sprintf("%s %*s %s  %s", modeString(e.Entry), width, bytes[i], e.Modified.Local().Format("2006-01-02 15:04"), o.name(e))
		if e.Kind == session.Link {
			line += " -> " + session.Display(e.Target)
		}
		o.printf("%s\n", line)
	}
}

// shown returns path at p for people.
func (p *place) shown(path session.Path) string {
	if p.host != nil {
		return session.Display(p.host.Name(path))
	}
	return p.root.shown() + path.String()
}
