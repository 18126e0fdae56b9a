package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A collecting is a drop that is being received.
type collecting struct {
	*receiveOptions
	named  namedDrop
	home   home
	keeper *keeper
	host   *session.Host
	into   session.Path
	report *reporter
	drop   *session.Drop
	about  session.DropSummary
	sender transport.Fingerprint // whose signature it has; zero: nobody's
	peer   string                // its name, of a known one
	free   uint64

	always session.Conflict // for the conflicts that are left; Ask: each is asked about
}

// collect takes the drop that was named.
func (o *receiveOptions) collect(ctx context.Context, w namedDrop) (err error) {
	preferThroughput()
	stayLean()
	c := &collecting{receiveOptions: o, named: w, host: session.NewHost(), report: newReporter(&o.cpOptions, "receive")}
	if c.home, err = o.home(); err != nil {
		return err
	}
	if c.into, err = c.host.PathOf(o.dst.path); err != nil {
		return failed("receive into", o.dst, err)
	}
	if c.keeper, err = c.ask(); err != nil {
		return err
	}
	defer c.keeper.close()
	c.keeper.whenAway(c.app)
	if err := c.look(ctx); err != nil {
		return err
	}
	defer c.drop.Close()
	if err := c.agree(ctx); err != nil || o.dryRun {
		return err
	}
	return c.take(ctx)
}

// ask returns where the drop is.
func (c *collecting) ask() (*keeper, error) {
	if c.named.origin != "" && c.named.relay == "" {
		return c.keeperOf(c.named.origin), nil
	}
	if c.named.relay == "" {
		r, ok, err := c.relayRemote(new(relayFlags))
		if err == nil && !ok {
			err = usage("where is it?", "bargee relay add takes the bgrelay_ word of the relay that keeps it").about("receive", c.named.id.String())
		}
		if err != nil {
			return nil, err
		}
		return c.keeperAt(r)
	}
	return c.keepers().of(c.named.relay, c.named.relayKey)
}

// look reads what the drop is, and finds out how much room there is for it.
func (c *collecting) look(ctx context.Context) error {
	d, err := c.open(ctx)
	if err != nil {
		return c.explain(ctx, err)
	}
	c.drop, c.about = d, d.Summary()
	if len(c.about.Sender) > 0 {
		c.sender = transport.FingerprintOf(c.about.Sender)
		c.peer = c.home.peerOf(c.sender)
	}
	dir, err := c.host.Dir(c.into)
	if err != nil {
		return failed("receive into", c.dst, err)
	}
	defer dir.Close()
	if c.free, _, err = dir.Space(ctx); err != nil && !errors.Is(err, session.Refused) {
		return failed("receive into", c.dst, err)
	}
	return nil
}

// open finds the drop. What is sealed to us may be so to a key that we had before.
func (c *collecting) open(ctx context.Context) (d *session.Drop, err error) {
	cfg := session.DropConfig{Depot: c.keeper, Key: c.named.key, State: c.home.dropWork(), GiveUp: c.giveUp}
	if !c.named.sealed {
		return session.OpenDrop(ctx, cfg)
	}
	openers, err := c.home.openers()
	if err != nil {
		return nil, err
	}
	cfg.ID = c.named.id
	for _, cfg.Private = range openers {
		if d, err = session.OpenDrop(ctx, cfg); err == nil || !errors.Is(err, session.Integrity) {
			break
		}
	}
	return d, err
}

// agree shows what there is, and has it accepted or not. Nobody is told of a no.
func (c *collecting) agree(ctx context.Context) error {
	if c.json {
		c.event(c.newOfferEvent())
		if err := c.flush(); err != nil {
			return err
		}
	}
	need := c.about.Bytes - c.host.Occupied(ctx, c.into, c.names())
	if c.free > 0 && need > int64(c.free) {
		return &problem{what: "receive into", where: c.dst.String(), hint: "free some space, and run the same command again",
			err: &session.Error{Kind: session.NoSpace, Side: session.Destination, Err: fmt.Errorf("%s are needed, and %s are free", size(need), size(int64(c.free)))}}
	}
	if c.yes || c.dryRun {
		return nil
	}
	fmt.Fprintf(c.console, "%s left %s\n", c.from(), c.what())
	for {
		fmt.Fprintf(c.console, "take it into %s (%s free)? [y]es or [n]o: ", c.dst, size(int64(c.free)))
		line, err := c.readLine(ctx)
		if err != nil {
			return err
		}
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return nil
		case "n", "no":
			return &problem{err: &session.Error{Kind: session.Refused, Err: errors.New("not taken; it stays where it is")}}
		}
	}
}

func (c *collecting) names() (names []string) {
	for _, e := range c.about.First {
		names = append(names, e.Name)
	}
	return names
}

// from says who left it, and how sure that is.
func (c *collecting) from() string {
	from := session.Display(c.about.From)
	switch {
	case c.peer != "":
		return c.peer
	case !c.sender.IsZero():
		return fmt.Sprintf("%s (key %s, not known here)", from, c.sender.Short())
	}
	return from + " (as the drop says)"
}

func (c *collecting) what() string {
	line := count(int64(c.about.Files), "file") + ", " + size(c.about.Bytes) + ": " + namesOf(c.names())
	if !c.about.Created.IsZero() {
		line += ", " + humanize.Time(c.about.Created)
	}
	return line
}

func (c *collecting) newOfferEvent() offerEvent {
	ev := offerEvent{Event: "offer", From: textOf(c.about.From), Names: namesFor(c.names()), Files: int64(c.about.Files), Dirs: int64(c.about.Dirs),
		Bytes: c.about.Bytes, Free: int64(c.free), Drop: c.about.ID.String(), Name: c.peer, Tags: c.about.Tags, Expires: c.about.Expires.UTC()}
	if !c.sender.IsZero() {
		ev.Peer = c.sender.String()
	}
	return ev
}

// take copies all of it to here.
func (c *collecting) take(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	options := c.options()
	t, err := session.Collect(ctx, c.drop, session.At(c.host, c.into), session.CopyOptions{
		Options: &options,
		Decide:  func(q session.Question) session.Conflict { return c.decide(ctx, q, cancel) },
		OnItem:  c.report.item,
		OnProgress: func(t session.Transfer) {
			c.report.progress([]session.Transfer{t}, c.keeper.lanes())
		},
	})
	return c.end(ctx, t, err)
}

// decide asks the person at the terminal about a conflict.
func (c *collecting) decide(ctx context.Context, q session.Question, cancel context.CancelCauseFunc) session.Conflict {
	if c.always != session.Ask {
		return c.always
	}
	c.report.clear()
	d, all, err := c.askConflict(ctx, q)
	switch {
	case err != nil:
		cancel(err)
		return session.Fail
	case all:
		c.always = d
	}
	return d
}

// end tells how it ended, and returns what that amounts to.
func (c *collecting) end(ctx context.Context, t session.Transfer, err error) error {
	out := c.report.verdict(len(c.about.First))
	if err != nil && out == nil {
		out = c.explain(ctx, err)
	}
	if stopped := interrupted(ctx, resumeHint); stopped != nil {
		out = stopped
	}
	var partly *partlyError
	whole := out == nil || errors.As(out, &partly)
	c.report.finish([]session.Transfer{t}, c.keeper.lanes(), whole)
	if partly != nil && partly.all && c.json { // else it was told of as an item
		return failed("receive into", c.dst, partly.first)
	}
	return out
}

// explain says why it could not be had.
func (c *collecting) explain(ctx context.Context, err error) error {
	if stopped := interrupted(ctx, resumeHint); stopped != nil {
		return stopped
	}
	var e *session.Error
	if errors.As(err, &e) && e.Side == session.Destination {
		return failed("receive into", c.dst, err)
	}
	told := c.keeper.problem("receive from", err)
	var p *problem
	if !errors.As(told, &p) {
		return told
	}
	switch session.KindOf(err) {
	case session.NotFound: // of one that is gone the relay says why, for some days
		p.hint = "ask who stored it to store it again"
		if !strings.Contains(err.Error(), "gone") {
			p.err = &session.Error{Kind: session.NotFound, Err: errors.New("the relay has no such drop, or forgot it long ago")}
		}
	case session.Integrity:
		p.hint = "what the relay has is not what was stored: nothing of it was taken; ask for it to be stored again"
	case session.Auth:
		p.hint = ""
	}
	return told
}
