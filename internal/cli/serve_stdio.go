package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// runStdio serves who started us, by ssh for instance, through standard input and
// output, and directly where UDP passes. It ends with the pipe, unless it was told
// to linger.
func (o *serveOptions) runStdio(ctx context.Context) error {
	if o.asks {
		return usage("is for programs: standard input is a terminal", "at the other machine: bargee ssh://HOST/").about("serve", "--stdio")
	}
	signal.Ignore(syscall.SIGPIPE) // the pipe may end before we do
	log, err := o.log.open(o.app)
	if err != nil {
		return err
	}
	defer log.close()
	stayLean()
	o.setUmask()
	call, in, err := o.hearStdio(ctx)
	if err != nil {
		return &problem{what: "serve", where: "--stdio", err: err}
	}
	g, err := o.ground(call.Jail)
	if err != nil {
		name := cmp.Or(call.Jail, o.dir)
		return errors.Join(failed("serve", target{path: name}, err),
			transport.RefuseStdio(os.Stdout, string(kindOf(err)), "the jail "+session.Display(name)+": "+reason(err)))
	}
	defer g.dir.Close()
	s, err := o.startStdio(call, in, g, log.Logger)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.attend(ctx, call.Linger)
	stop()
	return s.close()
}

// stdioPatience is how long who started us may take to say what it wants: it has asked
// for passwords by then.
const stdioPatience = time.Minute

// hearStdio hears what who started us wants. Where nothing comes the read is left
// behind: the process ends.
func (o *serveOptions) hearStdio(ctx context.Context) (call transport.StdioCall, in *bufio.Reader, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, stdioPatience,
		&session.Error{Kind: session.Timeout, Err: fmt.Errorf("nobody has said anything on standard input for %v", stdioPatience)})
	defer cancel()
	heard := make(chan func(), 1)
	go func() {
		c, r, e := transport.HearStdio(o.stdin)
		heard <- func() { call, in, err = c, r, e }
	}()
	select {
	case take := <-heard:
		take()
		return call, in, err
	case <-ctx.Done():
		return call, nil, context.Cause(ctx)
	}
}

// A ground is what is served to who comes by a pipe.
type ground struct {
	dir  *session.Dir
	tree string       // its name
	home session.Path // what ~ is, in it
}

// ground finds what to serve: the jail of this side, and in it the one that the
// other side wants, else the whole machine with its login's rights.
func (o *serveOptions) ground(wanted string) (g ground, err error) {
	home, err := os.UserHomeDir()
	if err != nil {
		if home, err = os.Getwd(); err != nil {
			return g, err
		}
	}
	switch {
	case o.dir != "":
		g.dir, g.tree, err = within(o.dir, wanted)
		return g, err
	case wanted != "":
		g.tree, err = realPath(fromHome(home, wanted))
	default:
		g.dir, g.tree = session.Machine(), string(filepath.Separator)
		g.home, err = session.NewHost().PathOf(home)
		return g, err
	}
	if err == nil {
		g.dir, err = session.OpenDir(g.tree)
	}
	return g, err
}

// fromHome returns the name of a directory as a login writes it.
func fromHome(home, name string) string {
	if below, ok := strings.CutPrefix(name, "~"); ok && (below == "" || below[0] == '/') {
		return filepath.Join(home, below)
	}
	if !filepath.IsAbs(name) {
		return filepath.Join(home, name)
	}
	return name
}

// within opens the directory wanted in a jail, whose root and home are one, and
// returns its name.
func within(jail, wanted string) (*session.Dir, string, error) {
	root, err := realPath(jail)
	if err != nil {
		return nil, "", err
	}
	name, err := filepath.EvalSymlinks(filepath.Join(root, fromHome(string(filepath.Separator), wanted)))
	if err != nil {
		return nil, "", err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, "", &session.Error{Kind: session.Permission, Err: errors.New("leads out of what is served here")}
	}
	dir, err := session.OpenDirIn(root, rel)
	return dir, name, err
}

// A stdioServer is a server at the far end of a pipe.
type stdioServer struct {
	*server                     // through the pipe
	direct  *transport.Endpoint // nil without UDP
}

// standardPipe is the pipe; whoever holds its other end learns of Close.
type standardPipe struct{ io.Reader }

func (standardPipe) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (standardPipe) Close() error                { return errors.Join(os.Stdin.Close(), os.Stdout.Close()) }

func (o *serveOptions) startStdio(call transport.StdioCall, in *bufio.Reader, g ground, log *slog.Logger) (*stdioServer, error) {
	id, err := o.stdioIdentity(log)
	if err != nil {
		return nil, err
	}
	token := transport.NewToken()
	cfg := transport.Config{
		Identity: id,
		Agent:    agent(),
		Admission: &transport.Admission{
			Tree: g.tree, Tokens: transport.Tokens(token.Public()), Only: call.Key,
			MaxClients: o.limits.clients, MaxLanes: o.limits.lanes,
		},
		HandshakeTimeout: o.connectWait(),
		Report:           func(from string, err error) { log.Warn("not let in", "from", from, "reason", reason(err)) },
	}
	served := o.sessionConfig(g.dir)
	served.Home = &g.home
	if o.quota.n > 0 {
		all := []*session.Quota{session.NewTreeQuota(o.quota.n, g.dir, session.Path{})}
		served.Quotas = func(transport.Grant) []*session.Quota { return all }
	}
	s := &stdioServer{server: &server{peer: id.Fingerprint(), log: log, session: session.NewServer(served)}}
	if !call.NoUDP {
		if s.direct, err = transport.Listen(o.stdioListen(), cfg); err != nil {
			log.Warn("no UDP: all goes through the pipe", "reason", reason(err))
			s.direct = nil
		}
	}
	s.endpoint, err = transport.ListenStdio(standardPipe{in}, in, cfg, s.direct,
		transport.StdioAnswer{Token: token, Home: g.home.Raw(), Local: cameFromHere(o.getenv("SSH_CONNECTION"))})
	if err != nil {
		if s.direct != nil {
			s.direct.Close()
		}
		return nil, &problem{what: "serve", where: "--stdio", err: err}
	}
	return s, nil
}

// stdioListen is where the direct socket listens: at any port, unless --listen
// says otherwise.
func (o *serveOptions) stdioListen() string {
	if o.listen == ":"+defaultPort {
		return ":0"
	}
	return o.listen
}

// stdioIdentity is this machine's. Where it cannot be kept, one for this once does,
// since the pipe says whose it is.
func (o *serveOptions) stdioIdentity(log *slog.Logger) (*transport.Identity, error) {
	h, err := o.home()
	if err != nil {
		return nil, err
	}
	keys, err := h.keys()
	if err == nil {
		return keys.Ring().Key, nil
	}
	log.Info("a key for this once", "reason", reason(err))
	return transport.NewIdentity()
}

// cameFromHere tells by SSH_CONNECTION whether the other side is on this machine.
func cameFromHere(connection string) bool {
	words := strings.Fields(connection) // client, port, server, port
	if len(words) != 4 || words[0] == words[2] {
		return true
	}
	ip, err := netip.ParseAddr(words[0])
	return err == nil && ip.IsLoopback()
}

// attend serves until it is time to end.
func (s *stdioServer) attend(ctx context.Context, linger time.Duration) {
	go s.accept(ctx)
	if s.direct != nil {
		go s.acceptFrom(ctx, s.direct)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	unplugged := s.endpoint.Unplugged()
	stay := staying{linger: linger, since: time.Now()}
	for {
		select {
		case <-ctx.Done():
			return
		case <-unplugged:
			unplugged, stay.unplugged = nil, true
		case <-tick.C:
		}
		if stay.over(time.Now(), s.visitors()) {
			return
		}
	}
}

func (s *stdioServer) visitors() int {
	n := len(s.endpoint.Links())
	if s.direct != nil {
		n += len(s.direct.Links())
	}
	return n
}

// close ends all links, which then can be resumed.
func (s *stdioServer) close() error {
	err := s.server.close()
	if s.direct != nil {
		s.direct.Close()
	}
	return err
}

// staying decides how long a far end stays: as long as its pipe or, if it was told
// to linger, its links. Of a pipe through which nobody comes it gives up waiting,
// since a connection that was cut may look like that for hours.
type staying struct {
	linger    time.Duration
	unplugged bool
	since     time.Time // without a link
}

const lonely = time.Minute // with a pipe and no link

func (s *staying) over(now time.Time, links int) bool {
	if links > 0 {
		s.since = now
	}
	if s.unplugged {
		return s.linger == 0 || now.Sub(s.since) >= s.linger
	}
	return now.Sub(s.since) >= max(lonely, s.linger)
}
