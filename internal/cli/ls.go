package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"text/tabwriter"

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
	o.reachFlags.add(cmd)
	return cmd
}

func (o *lsOptions) run(ctx context.Context) error {
	if !slices.Contains([]string{"name", "size", "time"}, o.sort) {
		return usage("is none of name, size, time", "").about("--sort", session.Display(o.sort))
	}
	if len(o.targets) == 0 && o.getenv("BARGEE_TARGET") != "" {
		o.targets = []string{":/"}
	} else if len(o.targets) == 0 {
		o.targets = []string{"."}
	}
	o.titles = o.recursive || len(o.targets) > 1
	return o.each(ctx, "list", o.targets, &o.reachFlags, o.list)
}

// list prints what lies at path: the entries of a directory, else itself.
func (o *lsOptions) list(w *watch, p *place, t target, path session.Path) error {
	e, err := p.tree.Stat(w, path)
	if err != nil {
		return err
	}
	w.moved()
	if e.Kind == session.Directory || e.Kind == session.Link && t.isDir() {
		return o.directory(w, p, path)
	}
	e.Name = path.Base()
	o.print(path.Parent(), []session.Entry{e})
	return nil
}

func (o *lsOptions) directory(w *watch, p *place, dir session.Path) error {
	var entries []session.Entry
	for e, err := range p.tree.List(w, dir) {
		if err != nil {
			return err
		}
		w.moved()
		if o.all || !strings.HasPrefix(e.Name, ".") {
			entries = append(entries, e)
		}
	}
	o.order(entries)
	if o.titles && !o.json {
		o.printf("%s:\n", p.shown(dir))
	}
	o.print(dir, entries)
	if !o.recursive {
		return nil
	}
	for _, e := range entries {
		if e.Kind != session.Directory {
			continue
		}
		below, err := dir.Join(e.Name)
		if err != nil {
			return err
		}
		if !o.json {
			o.printf("\n")
		}
		if err := o.directory(w, p, below); err != nil {
			return err
		}
	}
	return nil
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

// print prints entries of dir.
func (o *lsOptions) print(dir session.Path, entries []session.Entry) {
	if o.json {
		for _, e := range entries {
			if path, err := dir.Join(e.Name); err == nil {
				o.event(newEntryEvent(path, e))
			}
		}
		return
	}
	if !o.long {
		for _, e := range entries {
			o.printf("%s\n", o.shownName(e, e.Name))
		}
		return
	}
	table := tabwriter.NewWriter(o.stdout, 0, 0, 1, ' ', tabwriter.AlignRight)
	for _, e := range entries {
		bytes := "-"
		if e.Kind == session.RegularFile {
			bytes = size(e.Size)
		}
		line := modeString(e) + "\t" + bytes + "\t " + e.Modified.Local().Format("2006-01-02 15:04") + "  " + o.shownName(e, e.Name)
		if e.Kind == session.Link {
			line += " -> " + session.Display(e.Target)
		}
		table.Write([]byte(line + "\n"))
	}
	table.Flush()
}

// shown returns path at p for people.
func (p *place) shown(path session.Path) string {
	if p.host != nil {
		return session.Display(p.host.Name(path))
	}
	return p.root.shown() + path.String()
}
