package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
)

const queueAddLong = `Add a copy to the queue and return at once: a process in the background does it. SRC and DST are
those of bargee cp. A peer that is not there now is tried until it is; DST is then a directory if it
ends in a slash. A secret that is needed goes to that process, and to no disk: after a reboot a
transfer waits for it, unless the peer is a known one (--trust).

A file that is there already fails with "exists", unless --on-conflict says what else; with ask it
waits for an answer on the screen.`

func newQueueAdd(a *app) *cobra.Command {
	o := &cpOptions{app: a}
	cmd := &cobra.Command{
		Use: "add SRC... DST", Short: "Add a copy to the queue", Long: queueAddLong,
		Example: "  bargee queue add -r photos laptop:/\n  bargee queue add --priority 8 laptop:/films/a.mkv .",
		Args:    atLeast(2, "a SRC or the DST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, flag := range interactive {
				if cmd.Flags().Changed(flag) {
					return usage("is of no use where nobody waits", "bargee cp has it").about("queue add", "--"+flag)
				}
			}
			targets, err := a.targets(args)
			if err != nil {
				return err
			}
			for _, arg := range args {
				if arg == "-" {
					return usage("is of no use in a queue", "bargee cp reads and writes pipes").about("queue add", "-")
				}
			}
			o.sources, o.dst = targets[:len(targets)-1], targets[len(targets)-1]
			if err := o.check(cmd); err != nil {
				return err
			}
			q := &queuer{ask: o.onConflict == "ask" && cmd.Flags().Changed("on-conflict")}
			if !cmd.Flags().Changed("give-up") {
				o.giveUp = session.QueueOptions().GiveUp
			}
			return q.run(cmd.Context(), o)
		},
	}
	o.addFlags(cmd)
	for _, flag := range interactive {
		_ = cmd.Flags().MarkHidden(flag)
	}
	return cmd
}

// interactive are the flags of cp that need somebody to wait.
var interactive = []string{"progress", "dry-run", "keep"}

// A queuer adds copies to the queue.
type queuer struct {
	*copier
	ask  bool                     // conflicts wait for a person
	away map[session.PlaceID]bool // peers that are not there now
}

func (q *queuer) run(ctx context.Context, o *cpOptions) error {
	c, err := o.copier()
	if err != nil {
		return err
	}
	q.copier, q.away = c, map[session.PlaceID]bool{}
	defer c.reach.Close()
	room, err := control.OpenRoom(c.reach.home.state, "")
	if err != nil {
		return filed(err)
	}
	if err := q.awake(ctx, room); err != nil {
		return err
	}
	c.engine = control.Open(control.QueueConfig{Room: room, Role: control.Screen, Agent: agent(), Reach: c.reach, Store: c.reach.queueFile})
	defer c.engine.Close()
	jobs, err := q.jobs(ctx)
	if err != nil {
		return err
	}
	if err := c.submit(jobs); err != nil {
		return err
	}
	if err := q.pin(ctx); err != nil {
		return err
	}
	if err := o.leaveBehind(ctx, c.engine); err != nil {
		return err
	}
	return o.visitQueue(ctx, "look at", func(v *queueVisit) error {
		return v.each("look at", "in the queue", idsOf(c.ids), func(id session.TransferID) error {
			_, err := v.Transfer(id)
			return err
		})
	})
}

// awake sees to it that somebody runs the queue who goes on with it when we leave.
func (q *queuer) awake(ctx context.Context, room *control.Room) error {
	c, err := control.Dial(ctx, control.ClientConfig{Path: room.Socket(), Role: control.Screen, Agent: agent(), World: control.World()})
	switch {
	case err == nil:
		defer c.Close()
		if c.Owner == control.Background {
			return nil
		}
	case !errors.Is(err, control.ErrNobody):
		return &problem{what: "ask", where: "the queue", err: err}
	}
	return q.wakeEngine(ctx)
}

// jobs says what is to be done, as far as it can be seen now.
func (q *queuer) jobs(ctx context.Context) (jobs []session.Job, err error) {
	to, dst, err := q.place(ctx, q.dst)
	if err != nil {
		return nil, err
	}
	if err := q.expandPresent(ctx); err != nil {
		return nil, err
	}
	into := dst.IsRoot() || q.dst.isDir() || len(q.sources) > 1
	if !q.away[to] {
		if into, err = q.into(ctx, to, dst); err != nil {
			return nil, failed("copy to", q.dst, err)
		}
	}
	for _, src := range q.sources {
		j := session.Job{To: to, Destination: dst, Into: into, Priority: q.priority, Options: q.options()}
		if j.Options.OnConflict == session.Ask && !q.ask {
			j.Options.OnConflict = session.Fail
		} else if q.ask {
			j.Options.OnConflict = session.Ask
		}
		from, path, err := q.place(ctx, src)
		if err != nil {
			return nil, err
		}
		if err := q.present(ctx, from, src, path); err != nil {
			return nil, err
		}
		if q.away[from] || q.away[to] {
			if err := q.unseen(&j, from, src, path); err != nil {
				return nil, err
			}
			jobs = merged(jobs, j)
			continue
		}
		if ok, err := q.aim(ctx, &j, src, nil); err != nil {
			return nil, err
		} else if ok {
			jobs = merged(jobs, j)
		}
	}
	return jobs, nil
}

// expandPresent has q.sources be what patterns stand for that can be seen now.
func (q *queuer) expandPresent(ctx context.Context) error {
	var all []target
	for _, src := range q.sources {
		group := []target{src}
		id, _, err := q.place(ctx, src)
		if err == nil && !q.away[id] {
			group, err = q.expandSource(ctx, src)
		}
		if err != nil {
			return failed("copy", src, err)
		}
		all = append(all, group...)
	}
	q.sources = all
	return nil
}

// present finds what is wrong with a source that can be seen now.
func (q *queuer) present(ctx context.Context, from session.PlaceID, src target, path session.Path) error {
	if q.away[from] {
		return nil
	}
	w := q.app.watch(ctx)
	defer w.stop()
	tree, err := q.engine.Tree(from)
	var e session.Entry
	if err == nil {
		e, err = tree.Stat(w, path)
	}
	if err == nil && e.Kind == session.Directory && !q.recursive {
		err = &session.Error{Kind: session.NotAFile, Side: session.Source, Path: path, Err: errors.New("is a directory; -r copies directories")}
	}
	return failed("copy", src, w.explain(err))
}

// unseen sets the source of a job of which one end is not there now. Where it
// leads is found out when it is.
func (q *queuer) unseen(j *session.Job, from session.PlaceID, src target, path session.Path) error {
	if src.contents() {
		return failed("copy", src, &session.Error{Kind: session.Unreachable, Err: errors.New("what is in it cannot be seen now: name the directory without /. behind it")})
	}
	if q.relativeTo != "" {
		return failed("copy", src, &session.Error{Kind: session.Unreachable, Err: errors.New("--relative-to needs both sides to be there now")})
	}
	j.From, j.Sources = from, []session.Path{path}
	return notIntoItself(j, src, path)
}

// place is locate, and finds a place also for a peer that is not there.
func (q *queuer) place(ctx context.Context, t target) (session.PlaceID, session.Path, error) {
	if _, ok := q.places[t.peer()]; ok || t.isLocal() {
		return q.locate(ctx, t)
	}
	var id session.PlaceID
	var secret string
	q.reach.letAsk(q.app, t)
	needed, err := q.admit(ctx, t.root(), &q.reachFlags, func(s string) (err error) {
		secret = s
		id, err = q.engine.Connect(ctx, q.reach.word(t), s)
		return err
	})
	if err != nil && (!isAway(err) || ctx.Err() != nil) {
		return 0, session.Path{}, err
	}
	if err != nil {
		var failed error
		if id, failed = q.engine.Expect(q.reach.word(t), secret); failed != nil {
			return 0, session.Path{}, err
		}
		q.away[id] = true
		q.warn("%s is not there now: what is added waits for it", t.shown())
	} else {
		q.roots[id], q.secret[id] = t.root(), needed
	}
	q.places[t.peer()] = id
	return q.locate(ctx, t)
}

// isAway tells whether a peer may be there later.
func isAway(err error) bool {
	switch session.KindOf(err) {
	case session.Unreachable, session.Timeout, session.Busy:
		return true
	}
	return false
}

func idsOf(ids []session.TransferID) (out []string) {
	for _, id := range ids {
		out = append(out, fmt.Sprint(id))
	}
	return out
}
