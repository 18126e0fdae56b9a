package cli

import (
	"cmp"
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

// reachFlags are the flags of all commands that go to peers.
type reachFlags struct {
	tokenFile string
	trust     string
	queues    bool // --wait
	globFlags

	// Of peers that are started over ssh:
	jail    string
	linger  time.Duration
	install bool
}

// chosenName is --trust without a name.
const chosenName = "its host's name"

func (f *reachFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "read the peer's token or phrase from `FILE`; - is a line of standard input")
	cmd.Flags().StringVar(&f.trust, "trust", "", "remember the peer as `NAME`; it then needs no secret again")
	cmd.Flags().Lookup("trust").NoOptDefVal = chosenName
	cmd.Flags().BoolVar(&f.queues, "wait", false, "wait for a turn where a peer serves as many as it may")
	cmd.Flags().StringVar(&f.jail, "jail", "", "with ssh://: let nothing but `DIR` be reached there")
	cmd.Flags().DurationVar(&f.linger, "linger", 0, "with ssh://: how long the far end goes on when the connection of ssh is gone")
	cmd.Flags().BoolVar(&f.install, "install", false, "with ssh://: copy this program there if bargee is missing")
}

// addAll adds them to a command whose addresses may be patterns.
func (f *reachFlags) addAll(cmd *cobra.Command) {
	f.add(cmd)
	f.addGlobs(cmd)
}

// A place is a tree that a command works on.
type place struct {
	root   target // its address
	tree   session.Tree
	host   *session.Host   // of this machine, else nil
	remote *session.Remote // of a peer, else nil
	link   transport.Link
	secret bool // one was needed
}

// path returns the path of t, which is an address at this place.
func (p *place) path(t target) (session.Path, error) {
	if p.host != nil {
		return p.host.PathOf(t.path)
	}
	return t.remotePath()
}

// places are the trees that a command works on, each linked once.
type places struct {
	app   *app
	flags *reachFlags
	reach *reach
	open  map[string]*place
}

func (a *app) places(f *reachFlags) (*places, error) {
	r, err := a.reach()
	if err != nil {
		return nil, err
	}
	r.ssh.wants(f)
	r.early = !f.queues && a.mayBeEarly(f.tokenFile) // who queues has to hear of it in time
	return &places{app: a, flags: f, reach: r, open: map[string]*place{}}, nil
}

// at returns the place of t.
func (ps *places) at(ctx context.Context, t target) (*place, error) {
	if p, ok := ps.open[t.peer()]; ok {
		return p, nil
	}
	if t.kind == dropsTarget {
		return nil, errBoxHere(t)
	}
	p := &place{root: t.root()}
	if t.isLocal() {
		p.host = session.NewHost()
		p.tree = p.host
	} else if err := ps.link(ctx, p); err != nil {
		return nil, err
	}
	ps.open[t.peer()] = p
	return p, nil
}

func (ps *places) link(ctx context.Context, p *place) error {
	var err error
	ps.reach.letAsk(ps.app, p.root)
	p.secret, err = ps.app.admit(ctx, p.root, ps.flags, func(secret string) error {
		p.link, err = ps.reach.Dial(ctx, ps.reach.word(p.root), secret)
		return err
	})
	if err != nil {
		return err
	}
	peer := p.link.Peer()
	ps.app.detail("linked to %s, key %s", peer.Address, peer.Key.Short())
	p.remote = session.NewRemote(p.link)
	p.tree = p.remote
	return nil
}

// pin remembers the peers where that is wanted.
func (ps *places) pin(ctx context.Context) error {
	for _, p := range ps.open {
		if p.link == nil {
			continue
		}
		name, isKnown := ps.reach.nameFor(p.root, p.link.Peer().Key.Short())
		err := ps.app.pin(ctx, p.root, ps.flags, p.secret && !isKnown, name, func(name string) error {
			if err := p.remote.Keep(ctx); err != nil {
				return err
			}
			return ps.reach.Pin(p.link, ps.reach.word(p.root), name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (ps *places) close() { ps.reach.Close() }

// each does f for every address in args, over one link per peer. An address
// that fails does not keep the others from their turn. what is the verb for
// messages.
func (a *app) each(ctx context.Context, what string, args []string, flags *reachFlags,
	f func(w *watch, p *place, t target, path session.Path) error,
) error {
	targets, err := a.targets(args)
	if err != nil {
		return err
	}
	ps, err := a.places(flags)
	if err != nil {
		return err
	}
	defer ps.close()
	c := &chain{app: a, alone: len(targets) == 1}
	for _, t := range targets {
		group, err := ps.expand(ctx, t)
		if c.alone = c.alone && len(group) < 2; err != nil {
			c.count(failed(what, t, err))
		}
		for _, t := range group {
			if context.Cause(ctx) == nil {
				c.count(failed(what, t, ps.do(ctx, t, f)))
			}
		}
		if err := context.Cause(ctx); err != nil {
			return cmp.Or(c.first, err)
		}
	}
	if err := c.end(); err != nil {
		return err
	}
	return ps.pin(ctx)
}

// A chain is one thing done to several addresses.
type chain struct {
	app       *app
	alone     bool // there is only one
	n, failed int
	first     error // of the failures
}

// count notes how it ended for one of them.
func (c *chain) count(err error) {
	if c.n++; err == nil {
		return
	}
	c.failed++
	if c.first == nil {
		c.first = err
	}
	if !c.alone {
		c.app.tell(err)
	}
}

// end returns what that amounts to.
func (c *chain) end() error {
	switch {
	case c.failed == 0:
		return nil
	case c.alone:
		return c.first
	}
	return &partlyError{all: c.failed == c.n, first: c.first}
}

// expand returns the addresses that t stands for.
func (ps *places) expand(ctx context.Context, t target) ([]target, error) {
	p, err := ps.at(ctx, t)
	if err != nil {
		return nil, err
	}
	w := ps.app.watch(ctx)
	defer w.stop()
	group, err := ps.flags.expand(w, p, t, w.moved)
	return group, w.explain(err)
}

func (ps *places) do(ctx context.Context, t target, f func(*watch, *place, target, session.Path) error) error {
	p, err := ps.at(ctx, t)
	if err != nil {
		return err
	}
	path, err := p.path(t)
	if err != nil {
		return err
	}
	w := ps.app.watch(ctx)
	defer w.stop()
	return w.explain(f(w, p, t, path))
}

// targets parses addresses.
func (a *app) targets(args []string) ([]target, error) {
	out := make([]target, 0, len(args))
	for _, arg := range args {
		t, err := parseTarget(arg, a.getenv("BARGEE_TARGET"))
		if err != nil {
			return nil, err
		}
		if t.kind == ticketTarget {
			a.warn("a ticket as an argument can be read by everyone on this machine")
		}
		out = append(out, t)
	}
	return out, nil
}

// A watch is a context that ends when nothing moves for too long.
type watch struct {
	context.Context
	timer *time.Timer
	wait  time.Duration
	stop  func()
}

var errStalled = errors.New("no answer in time")

func (a *app) watch(parent context.Context) *watch {
	ctx, cancel := context.WithCancelCause(parent)
	w := &watch{Context: ctx, wait: a.progressWait()}
	w.timer = time.AfterFunc(w.wait, func() { cancel(errStalled) })
	w.stop = func() { w.timer.Stop(); cancel(nil) }
	return w
}

// moved says that there was progress.
func (w *watch) moved() { w.timer.Reset(w.wait) }

// explain returns err, or why w ended if that is what is behind it.
func (w *watch) explain(err error) error {
	if err != nil && context.Cause(w) == errStalled {
		return &session.Error{Kind: session.Timeout, Err: fmt.Errorf("no answer in %v", w.wait)}
	}
	return err
}

// admit calls dial with the secrets that there are for t, in the order of the
// contract, until one lets us in. It tells whether a secret was needed.
func (a *app) admit(ctx context.Context, t target, f *reachFlags, dial func(secret string) error) (needed bool, err error) {
	if t.kind == sshTarget { // ssh asks by itself
		a.detail("start bargee at %s", t.shown())
		return false, failed("connect to", t, dial(""))
	}
	dial = a.queueing(ctx, t, f, dial)
	secret := ""
	if t.kind != knownTarget && t.kind != codeTarget { // a known peer's pinned key comes first
		if secret, err = a.secret(clientSecrets(f.tokenFile)); err != nil {
			return false, err
		}
	}
	a.detail("connect to %s", t.shown())
	err = dial(secret)
	if err == nil || kindOf(err) != session.Auth || errors.Is(err, transport.ErrKeyChanged) {
		return secret != "" || t.hasSecret(), failed("connect to", t, err)
	}
	if t.kind == knownTarget {
		if secret, err = a.secret(clientSecrets(f.tokenFile)); err != nil {
			return false, err
		}
	} else if secret != "" || t.hasSecret() {
		return false, failed("connect to", t, err)
	}
	if secret == "" {
		if !a.asks {
			return false, failed("connect to", t, err)
		}
		if secret, err = a.prompt(ctx, t.shown()); err != nil {
			return false, err
		}
	}
	return true, failed("connect to", t, dial(secret))
}

// root returns the address of the root that t is below.
func (t target) root() target {
	t.path = "/"
	return t
}

// pin remembers the peer t if the user wants it, by the name that the user
// gives, else by proposal, and says what to type from now on. ask tells whether
// to ask where --trust was not given.
func (a *app) pin(ctx context.Context, t target, f *reachFlags, ask bool, proposal string, do func(name string) error) error {
	name := f.trust
	switch {
	case t.kind == sshTarget:
		if name != "" {
			a.warn("--trust: %s is started anew each time, and needs no secret as it is", t.shown())
		}
		return nil
	case name == chosenName:
		name = proposal
	case name != "":
	case ask && a.asks && !a.quiet && !a.json:
		fmt.Fprintf(a.console, "remember %s, so that it needs no secret again? its name (such as %s), or Enter for no: ", t.shown(), proposal)
		line, err := a.readLine(ctx)
		if name = strings.TrimSpace(line); err != nil || name == "" {
			return err
		}
	default:
		return nil
	}
	if err := do(name); err != nil {
		return failed("remember", t, err)
	}
	a.say("next time: %s:/", name)
	return nil
}

// isDirectory tells whether path on this machine leads to a directory, as a
// shell would have it.
func (p *place) isDirectory(path session.Path) bool {
	fi, err := os.Stat(p.host.Name(path))
	return err == nil && fi.IsDir()
}
