package plain

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bargee/bargee/session"
)

// A command is a word that somebody types first.
type command struct {
	name string
	args string // as the help shows them
	does string
	run  func(r *run, ctx context.Context, args []string) error
}

// commands lists all of them, in the order of the help.
func commands() []command {
	return []command{
		{"ls", "[PATH]", "list a directory of this side", (*run).ls},
		{"cd", "[PATH]", "go to another directory; .. is the one above", (*run).cd},
		{"here", "[COMMAND]", "be on this machine's side, or do one command there", onSide(0)},
		{"there", "[COMMAND]", "be on the other side, or do one command there", onSide(1)},
		{"where", "", "say where both sides are", func(r *run, _ context.Context, _ []string) error { r.where(); return nil }},
		{"put", "NAME...", "copy from here to there", transfer(0)},
		{"get", "NAME...", "copy from there to here", transfer(1)},
		{"queue", "", "list the transfers", (*run).queue},
		{"answer", "TRANSFER overwrite|skip|rename|newer [all]", "say what becomes of a name that is taken", (*run).answer},
		{"pause", "TRANSFER", "let a transfer stand still", act("paused", Engine.Pause)},
		{"resume", "TRANSFER", "let it go on", act("goes on", Engine.Resume)},
		{"retry", "TRANSFER", "try again what failed", act("tries again", Engine.Retry)},
		{"cancel", "TRANSFER [keep]", "end a transfer; keep leaves what arrived, to be resumed", (*run).cancel},
		{"forget", "TRANSFER", "take it off the list", act("off the list", Engine.Forget)},
		{"wait", "", "until all that was put into the queue here is over", (*run).wait},
		{"mkdir", "NAME", "make a directory", (*run).mkdir},
		{"mv", "OLD NEW", "rename", (*run).mv},
		{"rm", "NAME... [yes]", "delete, directories with all in them; yes has to be said", (*run).rm},
		{"connect", "ADDRESS", "make there another machine: NAME: or bargee://HOST/", (*run).connect},
		{"peers", "", "list the machines that are known by name", (*run).peers},
		{"trust", "[NAME]", "remember the machine there: no secret next time", (*run).trust},
		{"help", "", "this list", (*run).help},
		{"quit", "[yes]", "leave; what is under way can be resumed", (*run).quit},
	}
}

// do carries out a line.
func (r *run) do(ctx context.Context, line string) {
	args, err := words(line)
	if err == nil && len(args) > 0 {
		err = r.command(ctx, args)
	}
	if err != nil {
		r.say("error: %s", why(err))
	}
}

func (r *run) command(ctx context.Context, args []string) error {
	name := strings.ToLower(args[0])
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		if required(c.args) > len(args)-1 {
			return fmt.Errorf("usage: %s %s", c.name, c.args)
		}
		return c.run(r, ctx, args[1:])
	}
	return fmt.Errorf("there is no command %s; help lists them", session.Display(args[0]))
}

// required is how many words have to follow a command.
func required(args string) (n int) {
	for word := range strings.FieldsSeq(args) {
		if !strings.HasPrefix(word, "[") {
			n++
		}
	}
	return n
}

// why is an error in words, fit to be shown.
func why(err error) string {
	text := err.Error()
	if kind := session.KindOf(err); kind != session.Internal && !strings.Contains(text, string(kind)) {
		text = strings.ReplaceAll(string(kind), "-", " ") + ": " + text
	}
	return strings.Join(strings.Fields(text), " ")
}

// after is before with why err behind it; without an error it is nothing.
func after(before string, err error) string {
	if err == nil {
		return ""
	}
	return before + why(err)
}

func (r *run) help(context.Context, []string) error {
	for _, c := range commands() {
		r.say("%s: %s", strings.TrimSpace(c.name+" "+c.args), c.does)
	}
	r.say("Names with blanks are written in quotes. * and ? stand for any letters.")
	return nil
}

func onSide(side int) func(*run, context.Context, []string) error {
	return func(r *run, ctx context.Context, args []string) error {
		if _, err := r.at(side); err != nil {
			return err
		}
		before := r.side
		r.side = side
		if len(args) == 0 {
			r.say("%s", r.name(side))
			return nil
		}
		defer func() { r.side = before }()
		if slices.Contains([]string{"here", "there"}, args[0]) {
			return fmt.Errorf("one side at a time")
		}
		return r.command(ctx, args)
	}
}

func (r *run) connect(ctx context.Context, args []string) error {
	side, err := r.Connect(ctx, args[0])
	if err != nil {
		return err
	}
	r.sides[1], r.side = &side, 1
	r.say("connected: %s", r.name(1))
	if p := r.place(side.Place); !p.Pinned && p.Key != "" {
		r.say("its key is %s; trust remembers it, so that it needs no secret again", p.Key)
	}
	return nil
}

func (r *run) peers(context.Context, []string) error {
	known := r.Engine.Known()
	if len(known) == 0 {
		r.say("no machine is known by name yet")
	}
	for _, k := range known {
		r.say("%s at %s", session.Display(k.Name), session.Display(k.Address))
	}
	return nil
}

func (r *run) trust(ctx context.Context, args []string) error {
	s, err := r.at(1)
	if err != nil {
		return err
	}
	p := r.place(s.Place)
	name := ""
	switch {
	case s.Place == session.Here:
		return fmt.Errorf("that is this machine")
	case len(args) > 0:
		name = args[0]
	case r.PeerName != nil:
		name = r.PeerName(p)
	default:
		name = p.Name
	}
	if err := r.Engine.Pin(ctx, s.Place, name); err != nil {
		return err
	}
	r.say("trusted; next time: bargee --plain %s:/", session.Display(name))
	return nil
}

func (r *run) wait(ctx context.Context, _ []string) error {
	asking, err := r.until(ctx)
	if asking > 0 {
		r.say("%s for an answer", [...]string{"1 transfer waits", count(asking, "transfer") + " wait"}[min(asking-1, 1)])
	}
	return err
}

func (r *run) quit(_ context.Context, args []string) error {
	busy, _ := r.look()
	if busy > 0 && (len(args) == 0 || strings.ToLower(args[0]) != "yes") {
		r.say("%s under way. quit yes interrupts, to be resumed; wait waits.", count(busy, "transfer"))
		return nil
	}
	r.over = true
	return nil
}

// transferID reads the number of a transfer.
func transferID(s string) (session.TransferID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s is not the number of a transfer; queue lists them", session.Display(s))
	}
	return session.TransferID(n), nil
}

func act(done string, f func(Engine, session.TransferID) error) func(*run, context.Context, []string) error {
	return func(r *run, _ context.Context, args []string) error {
		id, err := transferID(args[0])
		if err != nil {
			return err
		}
		if err := f(r.Engine, id); err != nil {
			return err
		}
		r.say("transfer %d: %s", id, done)
		return nil
	}
}
