package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const syncLong = `Make the directory DST like the directory SRC, either way between this machine and a peer, or on
this machine. What is alike by size and time is left alone, of what differs only what is new is sent,
and what was renamed is renamed. DST is made if only the directory above it is there.

What only DST has stays, unless --delete says otherwise. Nothing is deleted that a filter leaves out,
that changed since both sides were compared, or when something could not be read or copied.

It prints "+ path" for what is new, "~ path" for what changed and "- path" for what was deleted, as a
--dry-run does in advance. Run again after an interruption it goes on where it stopped; a second sync
of the same two at a time is refused.

--exclude takes lines as in a .gitignore, and the last one that fits counts: "*.tmp", "/build/",
"docs/**/draft", "!keep.tmp".`

// syncOptions are those of sync.
type syncOptions struct {
	cpOptions
	delete      bool
	maxDelete   int
	excludeFrom []string
	watch       bool
}

func newSync(a *app) *cobra.Command {
	o := &syncOptions{cpOptions: cpOptions{app: a, onConflict: "overwrite", priority: session.DefaultPriority}}
	cmd := &cobra.Command{
		Use:   "sync SRC DST",
		Short: "Make a directory like another one",
		Long:  syncLong,
		Example: `  bargee sync photos laptop:/photos
  bargee sync --delete --exclude-from .gitignore . laptop:/work
  bargee sync --dry-run --delete laptop:/work work
  bargee sync --watch site bargee://192.0.2.7/www`,
		Args: exactly(2, "the SRC or the DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			targets, err := a.targets(args)
			if err != nil {
				return err
			}
			o.sources, o.dst = targets[:1], targets[1]
			if err := o.check(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.delete, "delete", false, "delete from DST what SRC does not have")
	f.IntVar(&o.maxDelete, "max-delete", 0, "do nothing at all if more than `N` things would be deleted")
	f.BoolVar(&o.watch, "watch", false, "go on, and sync again whenever something changes")
	f.StringArrayVar(&o.exclude, "exclude", nil, "leave out what fits `PATTERN`, as in a .gitignore; may be repeated")
	f.StringArrayVar(&o.excludeFrom, "exclude-from", nil, "leave out what the lines of `FILE` say, such as a .gitignore; may be repeated")
	f.StringArrayVar(&o.include, "include", nil, "of files and links only those that fit `PATTERN`; may be repeated")
	o.addTransferFlags(cmd)
	a.checkedBy(cmd, func() error { return o.check(cmd) })
	return cmd
}

// check finds values that make no sense, and reads the files of patterns.
func (o *syncOptions) check(cmd *cobra.Command) error {
	if o.maxDelete < 0 || cmd.Flags().Changed("max-delete") && !o.delete {
		return usage("is for --delete, and not negative", "").about("--max-delete", fmt.Sprint(o.maxDelete))
	}
	if o.watch && o.dryRun {
		return usage("goes without --dry-run", "").about("", "--watch")
	}
	for _, name := range o.excludeFrom {
		lines, err := readLines(name)
		if err != nil {
			return &problem{what: "read", where: session.Display(name), err: err}
		}
		o.exclude = append(lines, o.exclude...) // what is typed counts more
	}
	exclude, include := o.exclude, o.include
	o.exclude, o.include = nil, nil // they are no globs
	defer func() { o.exclude, o.include = exclude, include }()
	return o.cpOptions.check(cmd)
}

func readLines(name string) (lines []string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for in.Scan() {
		if line := strings.TrimSpace(in.Text()); line != "" && line[0] != '#' {
			lines = append(lines, in.Text())
		}
	}
	return lines, in.Err()
}

// A syncer runs one sync, or those that --watch makes of it.
type syncer struct {
	*syncOptions
	reach  *reach
	engine *session.Engine
	host   *session.Host
	roots  map[session.PlaceID]target
	secret map[session.PlaceID]bool // a secret was needed
	pinned bool
}

func (o *syncOptions) run(ctx context.Context) error {
	preferThroughput()
	stayLean()
	r, err := o.app.reach()
	if err != nil {
		return err
	}
	defer r.Close()
	r.ssh.wants(&o.reachFlags)
	r.early = o.mayBeEarly(o.reachFlags.tokenFile)
	if r.lanes = o.lanes; r.lanes == 0 {
		r.lanes = transport.AutoLanes
	}
	s := &syncer{syncOptions: o, reach: r, host: session.NewHost(), roots: map[session.PlaceID]target{}, secret: map[session.PlaceID]bool{}}
	s.engine = session.NewEngine(session.EngineConfig{Reach: r, Past: r.notePast})
	defer s.engine.Close()
	j, err := s.job(ctx)
	if err != nil {
		return err
	}
	if o.watch {
		return s.goOn(ctx, j)
	}
	return s.once(ctx, j)
}

// job connects to both sides.
func (s *syncer) job(ctx context.Context) (j session.SyncJob, err error) {
	j = session.SyncJob{Delete: s.delete, MaxDelete: s.maxDelete, Exclude: s.exclude, Include: s.include, Options: s.options()}
	if j.From, j.Source, err = s.locate(ctx, s.sources[0]); err != nil {
		return j, err
	}
	j.To, j.Destination, err = s.locate(ctx, s.dst)
	return j, err
}

// locate returns the place and the path of t, connecting if it has to.
func (s *syncer) locate(ctx context.Context, t target) (id session.PlaceID, path session.Path, err error) {
	p := place{root: t.root()}
	if t.isLocal() {
		p.host = s.host
	} else {
		for known, root := range s.roots {
			if root.peer() == t.peer() {
				id = known
			}
		}
		if id == session.Here {
			if id, err = s.connect(ctx, t); err != nil {
				return 0, session.Path{}, err
			}
		}
	}
	path, err = p.path(t)
	return id, path, failed("sync", t, err)
}

func (s *syncer) connect(ctx context.Context, t target) (id session.PlaceID, err error) {
	s.reach.letAsk(s.app, t)
	needed, err := s.admit(ctx, t.root(), &s.reachFlags, func(secret string) (err error) {
		id, err = s.engine.Connect(ctx, s.reach.word(t), secret)
		return err
	})
	s.roots[id], s.secret[id] = t.root(), needed
	return id, err
}

// once syncs and tells of it.
func (s *syncer) once(ctx context.Context, j session.SyncJob) error {
	r := newSyncReport(s)
	res, err := r.watch(func(j session.SyncJob) (session.SyncResult, error) { return s.engine.Sync(ctx, j) }, j)
	return s.ended(ctx, r, res, err)
}

// ended tells how a sync ended, and returns what that amounts to.
func (s *syncer) ended(ctx context.Context, r *syncReport, res session.SyncResult, err error) error {
	if stopped := interrupted(ctx, resumeHint); stopped != nil {
		r.clear()
		return stopped
	}
	if err != nil {
		r.clear()
		return s.problem(err)
	}
	r.finish(res)
	if err := s.pin(ctx); err != nil {
		return err
	}
	if res.Failed > 0 {
		return &partlyError{first: r.first}
	}
	return nil
}

// problem returns err as a problem at the end that it is about.
func (s *syncer) problem(err error) error {
	var e *session.Error
	t := s.dst
	if errors.As(err, &e) && e.Side == session.Source {
		t = s.sources[0]
	}
	p := problemOf("sync", t, err)
	if e != nil && !t.isLocal() && !e.Path.IsRoot() {
		p.where = t.root().shown() + e.Path.String()
	}
	return p
}

// goOn syncs until it is told to stop. What is wrong for a while only does not end it.
func (s *syncer) goOn(ctx context.Context, j session.SyncJob) error {
	first, err := true, error(nil)
	err = s.engine.SyncWatch(ctx, j, func(j session.SyncJob, run func(session.SyncJob) (session.SyncResult, error)) error {
		r := newSyncReport(s)
		r.again = !first
		res, err := r.watch(run, j)
		err = s.ended(ctx, r, res, err)
		var partly *partlyError
		switch {
		case err == nil, errors.As(err, &partly):
		case first || ctx.Err() != nil || !passes(session.KindOf(err)):
			return err
		default:
			s.tell(err)
			s.detail("it is tried again in %v", session.SyncPause)
		}
		first = false
		return s.flush()
	})
	if stopped := interrupted(ctx, ""); stopped != nil {
		return stopped
	}
	return err
}

// passes tells whether a failure may be over a little later.
func passes(k session.Kind) bool {
	switch k {
	case session.Interrupted, session.Unreachable, session.Timeout, session.Busy, session.Changed, session.NoSpace, session.NotFound:
		return true
	}
	return false
}

// pin remembers the peers where that is wanted, once.
func (s *syncer) pin(ctx context.Context) error {
	if s.pinned {
		return nil
	}
	s.pinned = true
	for _, p := range s.engine.Places() {
		root, ok := s.roots[p.ID]
		if !ok {
			continue // this machine
		}
		name, isKnown := s.reach.nameFor(root, p.Key)
		err := s.app.pin(ctx, root, &s.reachFlags, s.secret[p.ID] && !isKnown, name, func(name string) error {
			return s.engine.Pin(ctx, p.ID, name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// syncEvents are at most so often.
const syncInterval = 250 * time.Millisecond
