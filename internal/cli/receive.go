package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const receiveLong = `Take what bargee send offers at the other side: type the code or the ticket that stands there. It says
who offers what, and how much room there is, and asks; a no is told there, with your reason. Without a
CODE it asks for one, so that no list of processes shows it.

What bargee send --store left at a relay is taken by its ticket, by the address that a browser opens
(https://HOST/#KEY), or, if it was sealed to this machine, by the ID that bargee drop list shows.

Everything goes into DIR, or into this directory, under its own name, and nothing is replaced without
a question. After an interruption the same command goes on where it stopped.`

// receiveOptions are those of a cp whose source is an offer.
type receiveOptions struct {
	cpOptions
	yes  bool
	drop *namedDrop // nil: it is an offer
}

func newReceive(a *app) *cobra.Command {
	o := &receiveOptions{cpOptions: cpOptions{app: a}}
	cmd := &cobra.Command{
		Use:     "receive [CODE|TICKET|URL|ID] [DIR]",
		Short:   "Take what somebody offers with bargee send",
		Long:    receiveLong,
		Example: "  bargee receive 4711-abacus-abdomen-zoom@relay.example\n  bargee receive --yes 4711-abacus-abdomen-zoom ~/Downloads",
		Args:    atMost(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			if !o.yes && !o.dryRun && !o.canAsk() {
				return usage("there is nobody to ask whether to take what is offered", "--yes takes it").about("", "receive")
			}
			if err := o.aim(cmd.Context(), args); err != nil {
				return err
			}
			if o.drop != nil {
				return o.collect(cmd.Context(), *o.drop)
			}
			return o.run(cmd.Context())
		},
	}
	o.addFlags(cmd)
	f := cmd.Flags()
	f.BoolVarP(&o.yes, "yes", "y", false, "take it without a question")
	for _, name := range []string{"recursive", "trust"} { // everything is taken, and nobody is there to come back to
		f.Lookup(name).Hidden = true
	}
	o.recursive = true
	return cmd
}

// aim reads the arguments: where the offer is, and the directory that takes it.
func (o *receiveOptions) aim(ctx context.Context, args []string) error {
	word := ""
	if len(args) > 0 {
		word = args[0]
	} else {
		if !o.asks {
			return usage("the CODE is missing", "usage: bargee receive CODE [DIR]").about("", "receive")
		}
		fmt.Fprint(o.console, "code or ticket: ")
		line, err := o.readLine(ctx)
		if err != nil {
			return err
		}
		word = strings.TrimSpace(line)
	}
	if len(args) > 1 {
		o.dst.path = args[1]
	} else {
		o.dst = target{path: "."}
	}
	w, isDrop, err := dropWord(word)
	if err != nil {
		return usage(oneLine(err.Error()), "it is https://HOST/#KEY, whole").about("receive", "that address")
	}
	if isDrop {
		o.drop = &w
		if w.secret && len(args) > 0 {
			o.warn("a ticket as an argument can be read by everyone on this machine")
		}
		return o.opens()
	}
	from, err := parseTarget(word, o.getenv("BARGEE_TARGET"))
	if code, cerr := transport.ParseCode(word); cerr == nil { // also as it was heard: blanks, capitals
		from, err = target{kind: codeTarget, code: code, path: "/"}, nil
	}
	switch {
	case err != nil:
		return err
	case from.isLocal():
		return usage("is no code and no ticket", "a code is a number and three words, and with a relay ends in @ and its name").about("receive", from.String())
	case from.kind == ticketTarget && len(args) > 0:
		o.warn("a ticket as an argument can be read by everyone on this machine")
	}
	o.sources = []target{from}
	return o.opens()
}

// opens tries the directory that takes it, before anybody is asked for anything.
func (o *receiveOptions) opens() error {
	dir, err := session.OpenDir(o.dst.path)
	if err != nil {
		return failed("receive into", o.dst, err)
	}
	return dir.Close()
}

func (o *receiveOptions) run(ctx context.Context) error {
	c, err := o.copier()
	if err != nil {
		return err
	}
	defer c.reach.Close()
	// Its queue is its own: the offer lets in this process, and no other link.
	c.engine = control.Open(control.QueueConfig{Role: control.Command, Agent: agent(), Reach: c.reach, Past: c.reach.notePast})
	defer c.engine.Close()
	at, _, err := c.locate(ctx, c.sources[0])
	if err != nil {
		return err
	}
	into, err := c.host.PathOf(c.dst.path)
	if err != nil {
		return failed("receive into", c.dst, err)
	}
	r := &receiving{copier: c, yes: o.yes, at: at, into: into}
	if err := r.agree(ctx); err != nil {
		return err
	}
	job := session.Job{
		From: at, Sources: []session.Path{{}}, To: session.Here, Destination: into, Into: true,
		Priority: session.DefaultPriority, Foreground: true, Options: c.options(), Observe: c.report.item,
	}
	if err := c.submit([]session.Job{job}); err != nil {
		return err
	}
	transfers, err := c.watch(ctx)
	if err == nil {
		r.thank(ctx, transfers)
	}
	return c.end(transfers, err)
}

// A receiving is an offer that is being taken.
type receiving struct {
	*copier
	yes   bool
	at    session.PlaceID
	into  session.Path
	key   transport.Fingerprint // of who offers
	offer session.OfferSummary
	free  uint64
}

// agree finds out what is offered, and has it accepted or refused.
func (r *receiving) agree(ctx context.Context) error {
	if err := r.look(ctx); err != nil {
		p := problemOf("receive from", r.sources[0], err)
		if errors.Is(err, session.Refused) {
			p.hint = "bargee cp -r copies from a peer that serves a directory"
		}
		return p
	}
	need := r.needs(ctx)
	if r.json {
		r.event(r.newOfferEvent())
		if err := r.flush(); err != nil {
			return err
		}
	}
	if r.dryRun { // nothing is taken, and nothing told: the offer stands
		return nil
	}
	var why error
	switch {
	case r.free > 0 && need > r.free:
		why = &session.Error{Kind: session.NoSpace, Side: session.Destination, Err: fmt.Errorf("%s are needed, and %s are free", size(int64(need)), size(int64(r.free)))}
	case !r.yes:
		reason, err := r.ask(ctx)
		if err != nil {
			return err
		}
		why = reason
	}
	peer, err := r.engine.Peer(ctx, r.at)
	if err != nil {
		return failed("receive from", r.sources[0], err)
	}
	if why == nil {
		return failed("receive from", r.sources[0], peer.Accept(ctx, r.offer.ID, r.taking()))
	}
	told := peer.Refuse(ctx, r.offer.ID, r.taking(), why)
	if errors.Is(why, session.NoSpace) {
		return errors.Join(&problem{what: "receive into", where: r.dst.String(), err: why, hint: "free some space, and have it offered again"}, told)
	}
	return errors.Join(&problem{err: &session.Error{Kind: session.Refused, Err: errors.New("not taken, and the other side told so")}}, told)
}

func (r *receiving) taking() session.Taking {
	return session.Taking{From: callOurselves(), Free: r.free}
}

// look asks what is offered until all of it is counted, and how much room there is.
func (r *receiving) look(ctx context.Context) error {
	w := r.app.watch(ctx)
	defer w.stop()
	peer, err := r.engine.Peer(w, r.at)
	if err != nil {
		return w.explain(err)
	}
	r.key = peer.Peer().Key
	for sum, err := range peer.Offered(w) {
		if err != nil {
			return w.explain(err)
		}
		w.moved()
		r.offer = sum
	}
	here, err := r.engine.Tree(session.Here)
	if err != nil {
		return err
	}
	if dir, err := r.host.Dir(r.into); err == nil { // its disk, not that of the root
		defer dir.Close()
		here = dir
	}
	r.free, _, err = here.Space(ctx)
	if errors.Is(err, session.Refused) {
		return nil
	}
	return err
}

// needs returns how many bytes are missing here of what is offered, at the least:
// what an earlier run has left has its place already.
func (r *receiving) needs(ctx context.Context) uint64 {
	var names []string
	for _, e := range r.offer.First {
		names = append(names, e.Name)
	}
	return uint64(max(r.offer.Bytes-r.host.Occupied(ctx, r.into, names), 0))
}

// ask shows the offer and returns why it is refused, nil if it is taken.
func (r *receiving) ask(ctx context.Context) (refused, err error) {
	fmt.Fprintf(r.console, "%s offers %s\n", r.offeredBy(), whatIsOffered(r.offer))
	for {
		fmt.Fprintf(r.console, "take it into %s (%s free)? [y]es, [n]o, or n and the reason: ", r.dst, size(int64(r.free)))
		line, err := r.readLine(ctx)
		if err != nil {
			return nil, err
		}
		word, why, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToLower(word) {
		case "y", "yes":
			return nil, nil
		case "n", "no":
			if why = strings.TrimSpace(why); why == "" {
				why = "they said no"
			}
			return &session.Error{Kind: session.Refused, Side: session.Destination, Err: errors.New(why)}, nil
		}
	}
}

// offeredBy names who offers: what it calls itself, and its key, which it cannot make up.
func (r *receiving) offeredBy() string {
	return fmt.Sprintf("%s (key %s)", session.Display(r.offer.From), r.key.Short())
}

// maxNamed is how many names of an offer are shown.
const maxNamed = 5

// whatIsOffered describes an offer in a line.
func whatIsOffered(o session.OfferSummary) string {
	var names []string
	for _, e := range o.First[:min(len(o.First), maxNamed)] {
		name := session.Display(e.Name)
		if e.Kind == session.Directory {
			name += "/"
		}
		names = append(names, name)
	}
	if o.Names > len(names) {
		names = append(names, fmt.Sprintf("and %d more", o.Names-len(names)))
	}
	line := count(o.Files, "file") + ", " + size(o.Bytes) + ": " + strings.Join(names, ", ")
	if o.Failed > 0 {
		line += fmt.Sprintf(" (%d could not be read there)", o.Failed)
	}
	return line
}

// An offerEvent says what is offered, and how much room there is for it.
type offerEvent struct {
	Event string   `json:"event"`
	Peer  string   `json:"peer"` // its key
	From  string   `json:"from"` // what it calls itself
	Names []string `json:"names"`
	Files int64    `json:"files"`
	Dirs  int64    `json:"dirs"`
	Bytes int64    `json:"bytes"`
	Free  int64    `json:"free"`

	// Of a drop: its name, the name of the known peer that signed it (peer is the key
	// then), and what its sender and the relay say of it.
	Drop    string    `json:"drop,omitempty"`
	Name    string    `json:"name,omitempty"`
	Tags    []string  `json:"tags,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

func (r *receiving) newOfferEvent() offerEvent {
	ev := offerEvent{Event: "offer", Peer: r.key.String(), From: textOf(r.offer.From), Names: []string{}, Files: r.offer.Files, Dirs: r.offer.Dirs, Bytes: r.offer.Bytes, Free: int64(r.free)}
	for _, e := range r.offer.First {
		ev.Names = append(ev.Names, textOf(e.Name))
	}
	return ev
}

// thank tells the other side that we have all. It is a courtesy: what was sent is
// known there, and a link that is gone is no failure any more.
func (r *receiving) thank(ctx context.Context, all []session.Transfer) {
	t := r.taking()
	if r.dryRun {
		return
	}
	for _, tr := range all {
		if tr.State != session.StateDone {
			return
		}
		t.Failed += tr.Failures
	}
	ctx, cancel := context.WithTimeout(ctx, goodbyeTime)
	defer cancel()
	if peer, err := r.engine.Peer(ctx, r.at); err == nil {
		if err := peer.Taken(ctx, r.offer.ID, t); err != nil {
			r.detail("the other side does not know that all is here: %s", reason(err))
		}
	}
}
