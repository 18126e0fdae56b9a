package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

const demoLong = `Try bargee without setting anything up: a peer and a relay run inside this program, on the loopback
and over real QUIC, and the two panes open on the peer. Left is a directory for you, right what the peer serves.
Both are temporary, as is all that bargee would keep, and are gone when you leave.`

func newDemo(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Try two panes on sample trees, with nothing to set up",
		Long:  demoLong,
		Args:  atMost(0),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.demo(cmd.Context()) },
	}
}

func (a *app) demo(ctx context.Context) error {
	if err := a.needScreen(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bargee-demo-")
	if err != nil {
		return &problem{what: "make", where: "a temporary directory", err: err}
	}
	err = a.demoIn(ctx, dir)
	if rerr := removeAll(dir); err == nil && rerr != nil {
		err = &problem{what: "remove", where: session.Display(dir), err: rerr}
	}
	return err
}

// removeAll removes dir, also where permissions were copied that keep us out.
func removeAll(dir string) error {
	filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

func (a *app) demoIn(ctx context.Context, dir string) (err error) {
	mine, theirs := filepath.Join(dir, "here"), filepath.Join(dir, "peer")
	if err := errors.Join(writeSample(mine, sampleHere), writeSample(theirs, append(sampleLogs(), samplePeer...))); err != nil {
		return &problem{what: "write", where: "the sample trees", err: err}
	}
	c, err := a.config()
	if err != nil {
		return err
	}
	h := home{config: filepath.Join(dir, "home"), state: filepath.Join(dir, "home")}
	closeLog, err := a.screenLog(h)
	if err != nil {
		return err
	}
	defer closeLog()
	served, err := session.OpenDir(theirs)
	if err != nil {
		return failed("serve", target{path: theirs}, err)
	}
	defer served.Close()
	relayed, err := a.startDemoRelay(filepath.Join(dir, "home-of-relay"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, relayed.close()) }()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	go relayed.relay.Serve(serving)
	p, ticket, err := a.demoPeer(serving, served, theirs, filepath.Join(dir, "home-of-peer"), relayed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	go p.accept(serving)

	r := a.reachFrom(h)
	r.lanes = transport.AutoLanes
	defer r.Close()
	e := session.NewEngine(session.EngineConfig{Reach: r})
	defer e.Close()
	opts, err := a.screenSettings(r, c)
	if err != nil {
		return err
	}
	opts.Demo, opts.OfferPin = true, true
	if opts.Left.Dir, err = localDirectory(mine); err != nil {
		return err
	}
	opts.Home = opts.Left.Dir.Parent()
	there := target{kind: ticketTarget, pass: ticket, key: ticket.Key, path: "/"}
	id, err := e.Connect(ctx, r.word(there), "")
	if err != nil {
		return failed("connect to", there, err)
	}
	opts.Right = &tui.Location{Place: id}
	return a.show(ctx, e, opts)
}

// startDemoRelay starts a relay on the loopback that keeps what it has in dir.
func (a *app) startDemoRelay(dir string) (*relayRole, error) {
	o := &relayOptions{app: a, listen: []string{"127.0.0.1:0"}, data: dir}
	usual := pflag.NewFlagSet("relay", pflag.ContinueOnError) // what the flags are without any
	o.guards.add(usual)
	o.log.add(usual)
	o.log.file = filepath.Join(dir, "log")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &problem{what: "make", where: session.Display(dir), err: err}
	}
	log, err := o.log.open(a)
	if err != nil {
		return nil, err
	}
	return o.start(log)
}

// demoPeer serves dir, whose name is tree, and returns what opens it. It can be met
// at the relay, too.
func (a *app) demoPeer(ctx context.Context, dir *session.Dir, tree, state string, at *relayRole) (s *server, ticket transport.Ticket, err error) {
	grants, err := transport.OpenGrants(state)
	if err != nil {
		return nil, ticket, filed(err)
	}
	ticket.Token = transport.NewToken()
	in := &entry{admission: transport.Admission{Tree: tree, Grants: grants, Tokens: transport.Tokens(ticket.Token.Public())}}
	h := home{config: state, state: state}
	secret, err := h.roomSecret()
	if err != nil {
		return nil, ticket, err
	}
	met := &attendance{in: in, secret: secret.For(tree), relay: transport.RelayRemote{
		Address: at.plane.Addr().String(), Key: at.key, Secret: transport.SecretOf(at.tokens.known)}}
	o := &serveOptions{app: a, listen: "127.0.0.1:0"}
	if s, err = o.start(h, dir, in, slog.Default()); err != nil {
		return nil, ticket, err
	}
	if err := met.begin(ctx, s, slog.Default()); err != nil {
		return nil, ticket, errors.Join(err, s.close())
	}
	ticket.Key, ticket.Addresses = s.peer, []string{s.endpoint.Addr().String()}
	met.ticket(&ticket)
	return s, ticket, nil
}
