package cli

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/dav"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const mountLong = `Show TARGET as WebDAV on this machine, so that file managers, rclone, davfs2 and other programs can
use it: they connect to the address that is printed, and see what lies below TARGET.

Only this machine can connect, and on Linux only programs of your own user. Elsewhere everybody who
is logged in on this machine can, unless there is a --password-file; to --listen on another address
takes one, and then both it and the files cross that network unencrypted.

A file that is written appears at the peer when it was closed, sent and verified; until then it lies
in --spool on this machine. One that is cut off appears not at all. Links and special files are not
shown. Locks and properties that programs set last as long as the mount.

Every flag is also an environment variable: --listen is BARGEE_MOUNT_DAV_LISTEN.`

// mountPort is that of --listen by default: a file manager's bookmark needs one.
const mountPort = "6769"

type mountOptions struct {
	*app
	reachFlags
	listen       string
	passwordFile string
	spool        string
	readOnly     bool
	log          logFlags
}

func newMountDAV(a *app) *cobra.Command {
	o := &mountOptions{app: a}
	cmd := &cobra.Command{
		Use:     "mount-dav TARGET",
		Short:   "Show a peer as WebDAV on this machine",
		Long:    mountLong,
		Example: "  bargee mount-dav laptop:/\n  bargee mount-dav laptop:/photos --read-only --listen 127.0.0.1:0",
		Args:    exactly(1, "a TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(checkListen(o.listen), o.log.check()); err != nil {
				return err
			}
			return o.run(cmd.Context(), args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:"+mountPort, "`ADDR` to listen on; port 0 picks one")
	f.StringVar(&o.passwordFile, "password-file", "", "let in who has the password in `FILE`, by any user's name")
	f.StringVar(&o.spool, "spool", "", "keep files in `DIR` until they are sent (default in the state directory)")
	f.BoolVar(&o.readOnly, "read-only", false, "nothing at the peer is changed")
	o.reachFlags.add(cmd)
	o.log.add(f)
	return cmd
}

func (o *mountOptions) run(ctx context.Context, arg string) error {
	targets, err := o.targets([]string{arg})
	if err != nil {
		return err
	}
	t := targets[0]
	if t.isLocal() {
		return usage("is on this machine", "a TARGET is NAME:/path or bargee://HOST/path").about("mount", t.String())
	}
	password, err := o.password()
	if err != nil {
		return err
	}
	log, err := o.log.open(o.app)
	if err != nil {
		return err
	}
	defer log.close()
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return mountListenProblem(o.listen, err)
	}
	defer l.Close()
	m, err := o.connect(ctx, t)
	if err != nil {
		return err
	}
	defer m.close()
	h := dav.NewHandler(dav.Config{
		Tree: m.tree, Root: m.root, Put: m.put, Spool: m.spool.dir,
		ReadOnly: o.readOnly, Password: password, Wait: o.progressWait(), Log: log.Logger,
	})
	if err := o.mounted(l.Addr().String()); err != nil {
		return err
	}
	if err := h.Serve(ctx, l, endingTime); err != nil {
		return &problem{what: "mount", where: t.String(), err: err}
	}
	return nil
}

// password returns that of --password-file, which any address but one of this machine
// takes.
func (o *mountOptions) password() (string, error) {
	if o.passwordFile != "" {
		p, err := o.secretLine(o.passwordFile)
		if err == nil && p == "" {
			err = usage("is empty", "").about("--password-file", session.Display(o.passwordFile))
		}
		return p, err
	}
	host, _, err := net.SplitHostPort(o.listen)
	if ip := net.ParseIP(host); err == nil && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return "", nil
	}
	return "", usage("others can connect there", "add --password-file FILE, or listen on 127.0.0.1").about("--listen", session.Display(o.listen))
}

func mountListenProblem(addr string, err error) error {
	p := listenProblem(addr, err)
	if p, ok := errors.AsType[*problem](p); ok && p.hint != "" {
		p.hint = "is it mounted already? --listen 127.0.0.1:0 picks another port"
	}
	return p
}

// mounted says where it is.
func (o *mountOptions) mounted(addr string) error {
	if o.json {
		o.event(struct {
			Event   string `json:"event"`
			Role    string `json:"role"`
			Address string `json:"address"`
			URL     string `json:"url"`
		}{"listening", "mount-dav", addr, "http://" + addr + "/"})
		return o.flush()
	}
	o.printf("listening on http://%s/\n", addr)
	o.say("File managers of Linux call it dav://%s/. Ctrl-C ends it.", addr)
	return o.flush()
}

// A mount is a peer that is shown as WebDAV.
type mount struct {
	reach  *reach
	engine *session.Engine
	host   *session.Host
	place  session.PlaceID
	tree   session.Tree
	root   session.Path
	spool  *spool
	opts   session.Options
}

func (o *mountOptions) connect(ctx context.Context, t target) (_ *mount, err error) {
	preferThroughput()
	stayLean()
	m := &mount{host: session.NewHost(), opts: session.DefaultOptions()}
	m.opts.OnConflict, m.opts.KeepMode = session.Overwrite, false
	m.opts.Timeout, m.opts.GiveUp = o.progressWait(), o.progressWait()
	if m.root, err = t.remotePath(); err != nil {
		return nil, failed("mount", t, err)
	}
	if m.reach, err = o.reach(); err != nil {
		return nil, err
	}
	m.reach.ssh.wants(&o.reachFlags)
	m.reach.lanes = transport.AutoLanes
	m.engine = session.NewEngine(session.EngineConfig{Reach: m.reach})
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if m.spool, err = openSpool(o.spool, m.reach.home.state); err != nil {
		return nil, err
	}
	secret, err := o.admit(ctx, t.root(), &o.reachFlags, func(secret string) (err error) {
		m.place, err = m.engine.Connect(ctx, m.reach.word(t), secret)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := m.look(ctx, o); err != nil {
		return nil, failed("mount", t, err)
	}
	return m, o.pinMounted(ctx, m, t, secret)
}

// look finds whether there is something to mount.
func (m *mount) look(ctx context.Context, o *mountOptions) (err error) {
	if m.tree, err = m.engine.Tree(m.place); err != nil {
		return err
	}
	w := o.watch(ctx)
	defer w.stop()
	e, err := m.tree.Stat(w, m.root)
	if err == nil && e.Kind != session.Directory {
		err = &session.Error{Kind: session.NotADirectory, Path: m.root, Err: errors.New("is not a directory")}
	}
	return w.explain(err)
}

func (o *mountOptions) pinMounted(ctx context.Context, m *mount, t target, secret bool) error {
	i := slices.IndexFunc(m.engine.Places(), func(p session.Place) bool { return p.ID == m.place })
	name, isKnown := m.reach.nameFor(t.root(), m.engine.Places()[i].Key)
	return o.app.pin(ctx, t.root(), &o.reachFlags, secret && !isKnown, name, func(name string) error {
		return m.engine.Pin(ctx, m.place, name)
	})
}

// put is dav.Config.Put.
func (m *mount) put(ctx context.Context, u dav.Upload) error {
	src, err := m.host.PathOf(u.File)
	if err != nil {
		return err
	}
	opts := m.opts
	opts.KeepMode = u.KeepMode
	id, err := m.engine.Submit(session.Job{
		Sources: []session.Path{src}, To: m.place, Destination: u.To, Exact: true,
		Priority: session.DefaultPriority, Foreground: true, Options: opts,
	})
	if err != nil {
		return err
	}
	t, err := m.engine.Wait(ctx, id)
	if err != nil {
		m.engine.Cancel(id, false)
		return err
	}
	defer m.engine.Forget(id)
	switch {
	case t.State == session.StateDone && len(t.Failed) > 0:
		return t.Failed[0].Err
	case t.State == session.StateDone:
		return nil
	case t.State == session.StatePaused:
		m.engine.Cancel(id, false)
	}
	if t.Err == nil {
		return &session.Error{Kind: session.Cancelled, Err: errors.New("it was " + t.State.String())}
	}
	return t.Err
}

func (m *mount) close() {
	m.engine.Close()
	m.reach.Close()
	if m.spool != nil {
		m.spool.close()
	}
}

// A spool is where files of a mount lie until they are sent. Those of mounts that
// were killed are removed by the next one.
type spool struct {
	dir string
	pid *pidFile
}

func openSpool(dir, state string) (*spool, error) {
	if dir == "" {
		dir = state
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		removeLeft(dir)
		if dir, err = os.MkdirTemp(dir, "mount-dav-"); err == nil {
			var pid *pidFile
			if pid, err = takePidFile(dir + "/pid"); err == nil {
				return &spool{dir, pid}, nil
			}
		}
	}
	return nil, &problem{what: "make", where: "a directory in " + session.Display(dir), err: err}
}

func removeLeft(dir string) {
	entries, _ := os.ReadDir(dir) // what cannot be read is removed another time
	for _, e := range entries {
		name := dir + "/" + e.Name()
		if !e.IsDir() || !strings.HasPrefix(e.Name(), "mount-dav-") {
			continue
		}
		if _, err := os.Stat(name + "/pid"); err != nil {
			continue // somebody is about to have it
		}
		if pid, err := runningPid(name + "/pid"); err == nil && pid == 0 {
			os.RemoveAll(name)
		}
	}
}

func (s *spool) close() {
	s.pid.close()
	os.RemoveAll(s.dir)
}
