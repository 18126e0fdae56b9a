package cli

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bargee/bargee/internal/config"
	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
	"github.com/bargee/bargee/tui/theme"
)

// screenOptions are those of bargee without a command.
type screenOptions struct {
	*app
	reachFlags
	target string // "": choose on the screen
	dir    string
	lanes  int
	flags  *pflag.FlagSet
	plain  bool
	alone  bool // target was given without dir: it may be that
}

// isPath tells whether somebody meant a directory of this machine: one that is
// there, or what can be no command that was mistyped.
func isPath(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.IsDir() || strings.ContainsRune(name, filepath.Separator)
}

func (o *screenOptions) run(ctx context.Context) error {
	var t target
	var err error
	if o.target != "" {
		if t, err = parseTarget(o.target, o.getenv("BARGEE_TARGET")); err != nil {
			return err
		}
		switch {
		case !t.isLocal():
		case o.alone && isPath(t.path):
			o.target, o.dir = "", t.path
		default:
			return usage("is neither a command nor the address of a peer", "see bargee --help").about("", session.Display(o.target))
		}
	}
	if o.plain {
		return o.runPlain(ctx, t)
	}
	if err := o.needScreen(); err != nil {
		return err
	}
	c, err := o.configuration()
	if err != nil {
		return err
	}
	r, err := o.app.reach()
	if err != nil {
		return err
	}
	r.ssh.wants(&o.reachFlags)
	defer r.Close()
	if r.lanes = o.lanes; r.lanes == 0 {
		r.lanes = transport.AutoLanes
	}
	closeLog, err := o.screenLog(r.home)
	if err != nil {
		return err
	}
	defer closeLog()
	opts, err := o.screenSettings(r, c)
	if err != nil {
		return err
	}
	if opts.Left.Dir, err = localDirectory(o.dir); err != nil {
		return err
	}
	p, err := o.pairingBeside(r)
	if err != nil {
		return err
	}
	defer p.close()
	e := o.queueServing(r, control.Screen, p.serve)
	defer e.Close() // keeps what is under way, to be resumed
	p.queue, opts.Pairing = e, p
	p.attend()
	offers := newOffersHere(ctx, r, e)
	defer offers.close()
	opts.Offers = offers
	opts.Guide = o.target == ""
	if o.target != "" {
		if opts.Right, opts.OfferPin, err = o.connect(ctx, e, r, t); err != nil {
			return err
		}
	}
	if c.Background != "never" {
		opts.Background = func(ctx context.Context) error { return o.leaveBehind(ctx, e) }
		opts.LeaveRunning = c.Background == "always"
	}
	if err := o.show(ctx, e, opts); err != nil {
		return err
	}
	if errors.Is(context.Cause(ctx), errHungUp) && opts.LeaveRunning && e.Busy() { // nobody was left to be asked
		return o.leaveBehind(context.WithoutCancel(ctx), e)
	}
	return nil
}

// pairingBeside is for pairing with other machines from a screen that was opened
// for something else: they would see its directory, and change nothing.
func (o *screenOptions) pairingBeside(r *reach) (*pairing, error) {
	doors, err := o.doors(&relayFlags{})
	if err != nil {
		return nil, err
	}
	p := o.newPairing(r, doors, transport.DefaultCodeTTL)
	if err := p.share(o.dir, false); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// needScreen refuses to draw where nobody would see it.
func (a *app) needScreen() error {
	if a.json {
		return usage("the screen prints no JSON", "commands do: bargee ls --json, bargee cp --json")
	}
	if why := a.whyNotDrawn(); why != "" {
		return usage(why, "commands do not: bargee ls, bargee cp; line by line it works anywhere: bargee --plain")
	}
	return nil
}

// connect links to t before the screen opens: a secret is asked for here.
func (o *screenOptions) connect(ctx context.Context, e *control.Queue, r *reach, t target) (at *tui.Location, secret bool, err error) {
	dir, err := t.remotePath()
	if err != nil {
		return nil, false, failed("open", t, err)
	}
	at = &tui.Location{Dir: dir}
	defer r.letAsk(o.app, t)() // before the screen has the terminal
	secret, err = o.admit(ctx, t.root(), &o.reachFlags, func(secret string) (err error) {
		at.Place, err = e.Connect(ctx, r.word(t), secret)
		return err
	})
	if err == nil && t.kind == sshTarget {
		at.Dir = r.ssh.settle(r.word(t), at.Dir)
	}
	if err != nil || o.trust == "" {
		return at, secret, err
	}
	for _, p := range e.Places() {
		if p.ID == at.Place {
			name, _ := r.nameFor(t, p.Key)
			err = o.pin(ctx, t.root(), &o.reachFlags, false, name, func(name string) error { return e.Pin(ctx, p.ID, name) })
		}
	}
	return at, false, err
}

// screenSettings are what the screen shows wherever it is opened.
func (a *app) screenSettings(r *reach, c *config.Config) (tui.Options, error) {
	opts := tui.Options{
		Output:    os.Stdout,
		Environ:   os.Environ(),
		Desk:      desk{a.getenv},
		Store:     storeDesk{r.home},
		ASCII:     !speaksUTF8(a.getenv),
		Split:     func(typed string) (string, session.Path, error) { return split(r, typed) },
		PeerName:  func(p session.Place) string { return proposal(r, p) },
		Bookmarks: &bookmarkFile{name: filepath.Join(r.home.state, "bookmarks.json")},
	}
	a.configure(&opts, c)
	host := session.NewHost()
	opts.HostPath, opts.PathOf = host.Name, host.PathOf
	r.home.rememberScreen(&opts)
	if a.noColor {
		opts.Environ = append([]string{"NO_COLOR=1"}, opts.Environ...)
	}
	var err error
	if dir, herr := os.UserHomeDir(); herr == nil { // without one no path is written with ~
		opts.Home, err = session.NewHost().PathOf(dir)
	}
	return opts, err
}

// split takes an address that was typed on the screen apart. There it can be
// nothing on this machine, so host:port, and a name that no known peer has, mean
// the host of that name.
func split(r *reach, typed string) (string, session.Path, error) {
	t, err := typedTarget(r, typed)
	if err != nil {
		return "", session.Path{}, err
	}
	dir, err := t.remotePath()
	return r.word(t), dir, err
}

// typedTarget reads an address that was typed where a peer is meant.
func typedTarget(r *reach, typed string) (target, error) {
	typed = strings.TrimSpace(typed)
	if code, err := transport.ParseCode(typed); err == nil { // also as it was heard: blanks, capitals
		return target{kind: codeTarget, code: code, path: "/"}, nil
	}
	if strings.HasPrefix(typed, "ssh://") { // as a word it has lost its path, the home
		return parsePeer(typed)
	}
	t, err := r.target(typed)
	if _, missing := r.remote(t); strings.HasPrefix(typed, "[") || t.kind == knownTarget && errors.Is(missing, session.NotFound) {
		t, err = parsePeer("bargee://" + typed)
	}
	return t, err
}

func proposal(r *reach, p session.Place) string {
	t, err := r.target(p.Target)
	if err != nil {
		return p.Name
	}
	name, _ := r.nameFor(t, p.Key)
	return name
}

// speaksUTF8 tells whether the locale does. A machine without any is taken to:
// its terminal is elsewhere.
func speaksUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

func localDirectory(name string) (session.Path, error) {
	at := target{path: name}
	fi, err := os.Stat(name)
	if err == nil && !fi.IsDir() {
		err = &session.Error{Kind: session.NotADirectory, Err: errors.New("is not a directory")}
	}
	if err != nil {
		return session.Path{}, failed("open", at, err)
	}
	p, err := session.NewHost().PathOf(name)
	return p, failed("open", at, err)
}

// maxScreenLog is where the log of the screen starts anew.
const maxScreenLog = 1 << 20

// screenLog sends all logs to a file in the state directory, away from the
// terminal.
func (a *app) screenLog(h home) (done func(), err error) { return a.logTo(h, "screen.log") }

func (a *app) logTo(h home, file string) (done func(), err error) {
	name := filepath.Join(h.state, file)
	if err := os.MkdirAll(h.state, 0o700); err != nil {
		return nil, &problem{what: "write the log", where: session.Display(name), err: err}
	}
	if fi, err := os.Stat(name); err == nil && fi.Size() > maxScreenLog {
		os.Rename(name, name+".old") // if it stays, it grows
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, &problem{what: "write the log", where: session.Display(name), err: err}
	}
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: level})))
	return func() {
		log.SetOutput(io.Discard)
		f.Close()
	}, nil
}

// show runs the screen until its user leaves it or a signal ends it.
func (a *app) show(ctx context.Context, e tui.Engine, opts tui.Options) error {
	slog.Info("the screen opens", "version", version(), "demo", opts.Demo)
	err := tui.Run(ctx, e, opts)
	slog.Info("the screen closes", "error", err, "cause", context.Cause(ctx))
	if err != nil {
		return &problem{err: err}
	}
	return nil
}

// addScreen makes cmd, the root, open the screen.
func addScreen(cmd *cobra.Command, a *app) {
	o := &screenOptions{app: a, dir: "."}
	o.reachFlags.add(cmd)
	addLanes(cmd.Flags(), &o.lanes)
	f := cmd.Flags()
	f.BoolVar(&o.plain, "plain", false, "line by line, in words: for screen readers, dumb terminals and pipes")
	f.Bool("slow", false, "spare the line to the terminal: progress every few seconds")
	f.Bool("ascii", false, "no lines and signs beyond ASCII")
	f.Bool("mouse", true, "the mouse is bargee's, not the terminal's")
	f.String("theme", "", "`NAME` of a theme: "+strings.Join(theme.Names(), ", "))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkLanes(cmd.Flags(), o.lanes); err != nil {
			return err
		}
		o.flags = cmd.Flags()
		if len(args) > 0 {
			o.target, o.alone = args[0], len(args) == 1
		}
		if len(args) > 1 {
			o.dir = args[1]
		}
		return o.run(cmd.Context())
	}
}
