package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

const demoLong = `Try bargee without setting anything up: a peer runs inside this program, on the loopback and over
real QUIC, and the two panes open on it. Left is a directory for you, right what the peer serves.
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
	p, token, err := a.demoPeer(served, theirs, filepath.Join(dir, "home-of-peer"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	serving, stop := context.WithCancel(ctx)
	defer stop()
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
	there := target{kind: addressTarget, addr: p.endpoint.Addr().String(), path: "/"}
	id, err := e.Connect(ctx, r.word(there), token)
	if err != nil {
		return failed("connect to", there, err)
	}
	opts.Right = &tui.Location{Place: id}
	return a.show(ctx, e, opts)
}

// demoPeer serves dir, whose name is tree, and returns the token that opens it.
func (a *app) demoPeer(dir *session.Dir, tree, state string) (*server, string, error) {
	grants, err := transport.OpenGrants(state)
	if err != nil {
		return nil, "", filed(err)
	}
	token := transport.NewToken()
	in := &entry{admission: transport.Admission{Tree: tree, Grants: grants, Tokens: transport.Tokens(token.Public())}}
	o := &serveOptions{app: a, listen: "127.0.0.1:0"}
	s, err := o.start(home{config: state, state: state}, dir, in, slog.Default())
	return s, token.Reveal(), err
}
