package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// An sshReach is how a reach gets to peers that it starts over ssh. Those that a
// person asked for may ask that person, on the terminal; what is dialled again, and
// on the screen, never does.
type sshReach struct {
	program []string
	jail    string
	linger  time.Duration
	noUDP   bool
	install bool
	show    func(string) // lines that ssh says while it may ask

	mu     sync.Mutex
	asks   map[string]bool // words whose dial may ask
	homes  map[string]string
	again  map[string]transport.Remote // those that linger
	fails  map[string]int
	links  map[transport.Link]bool
	linked map[string]time.Time // words, when they were reached last
}

// sshReach returns what the environment says of ssh.
func (a *app) sshReach() *sshReach {
	return &sshReach{
		program: sshProgram(a.getenv), noUDP: a.getenv("BARGEE_SSH_UDP") == "no",
		asks: map[string]bool{}, homes: map[string]string{}, again: map[string]transport.Remote{}, fails: map[string]int{},
		links: map[transport.Link]bool{}, linked: map[string]time.Time{},
		show: func(line string) {
			if !a.quiet {
				fmt.Fprintln(a.stderr, oneLine(line))
			}
		},
	}
}

// wants takes in what flags say.
func (s *sshReach) wants(f *reachFlags) { s.jail, s.linger, s.install = f.jail, f.linger, f.install }

// An sshError is why a peer could not be started over ssh, and what to do.
type sshError struct {
	text, hint string
}

func (e *sshError) Error() string { return e.text }

func sshFailed(kind session.Kind, hint, format string, args ...any) error {
	return &session.Error{Kind: kind, Err: &sshError{fmt.Sprintf(format, args...), hint}}
}

// letAsk lets ssh ask the person at the terminal about t, if there is one, until
// done.
func (r *reach) letAsk(a *app, t target) (done func()) {
	if t.kind != sshTarget || !a.asks && !a.draws {
		return func() {}
	}
	word := r.word(t)
	set := func(yes bool) {
		r.ssh.mu.Lock()
		defer r.ssh.mu.Unlock()
		r.ssh.asks[word] = yes
	}
	set(true)
	return func() { set(false) }
}

// dialSSH starts bargee at the other machine and links to it. secret is the
// password that ssh may ask for, where a person has given one beforehand.
func (r *reach) dialSSH(ctx context.Context, word string, t target, secret string) (transport.Link, error) {
	ep, err := r.open()
	if err != nil {
		return nil, err
	}
	s := r.ssh
	s.mu.Lock()
	again, lingers := s.again[word]
	asks, fails := s.asks[word], s.fails[word]
	s.mu.Unlock()
	if lingers {
		quick, cancel := context.WithTimeout(ctx, lingerWait)
		l, err := ep.Dial(quick, again)
		cancel()
		if err == nil {
			return s.keep(word, l), nil
		}
	}
	if err := pauseSSH(ctx, fails); err != nil {
		return nil, err
	}
	l, err := s.start(ctx, ep, word, t, sshStart{asks: asks, secret: secret, wait: r.wait, lanes: r.lanesTo(t)})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.fails[word]++
		return nil, err
	}
	s.fails[word] = 0
	return l, nil
}

// lingerWait is how long a far end that was told to linger has to answer, before
// another one is started.
const lingerWait = 2 * time.Second

// pauseSSH waits longer and longer between runs of ssh that fail: who tries every
// few seconds is locked out by many machines.
func pauseSSH(ctx context.Context, fails int) error {
	if fails < 2 {
		return nil
	}
	select {
	case <-time.After(min(2*time.Second<<min(fails-2, 5), time.Minute)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// lanesTo is how many lanes a link to t shall have.
func (r *reach) lanesTo(t target) int {
	if t.lanes != 0 {
		return t.lanes
	}
	return r.lanes
}

// An sshStart is how a far end is to be started.
type sshStart struct {
	asks   bool
	secret string
	wait   time.Duration
	lanes  int
}

// start runs ssh, once more if bargee was installed by that.
func (s *sshReach) start(ctx context.Context, ep *transport.Endpoint, word string, t target, o sshStart) (transport.Link, error) {
	l, err := s.startOnce(ctx, ep, word, t, o)
	var missing *missingError
	if !errors.As(err, &missing) || !s.install {
		return l, err
	}
	if err := s.installAt(ctx, t, o, missing); err != nil {
		return nil, err
	}
	return s.startOnce(ctx, ep, word, t, o)
}

func (s *sshReach) startOnce(ctx context.Context, ep *transport.Endpoint, word string, t target, o sshStart) (transport.Link, error) {
	p, cleanup, err := s.run(ctx, t, o, farScript)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	if !o.asks { // nobody can be slow to answer
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, 3*o.wait, sshFailed(session.Timeout, "", "ssh did not start it within %v", 3*o.wait))
		defer cancel()
	}
	hosts := s.lookUp(ctx, t.ssh)
	l, peer, err := ep.DialStdio(ctx, p, transport.StdioRemote{
		Call: transport.StdioCall{Jail: t.ssh.jail, Linger: s.linger, NoUDP: s.noUDP}, Where: t.ssh.String(), Hosts: hosts, Lanes: o.lanes,
	})
	if err != nil {
		return nil, s.explain(ctx, p, t, o, err)
	}
	p.said.hush()
	s.mu.Lock()
	s.homes[word] = peer.Home
	if s.linger > 0 {
		s.again[word] = peer.Again
	}
	s.mu.Unlock()
	return s.keep(word, l), nil
}

// run starts ssh with script. cleanup is to be called when it has asked all that
// it asks.
func (s *sshReach) run(ctx context.Context, t target, o sshStart, script string) (p *sshProcess, cleanup func(), err error) {
	words := append(s.program[:len(s.program):len(s.program)], sshArgs(t.ssh, o, script)...)
	show, cleanup := s.show, func() {}
	var env []string
	if !o.asks {
		show = func(line string) { slog.Debug("ssh", "host", t.ssh.host, "says", oneLine(line)) }
	}
	if o.secret != "" {
		if env, cleanup, err = answerAskpass(o.secret, t.ssh.host, sshHostOf(ctx, s.program, t.ssh)); err != nil {
			return nil, nil, &problem{what: "hand the password to", where: "ssh", err: err}
		}
	}
	p, err = startSSH(words, env, !o.asks, show)
	if err != nil {
		cleanup()
		if errors.Is(err, exec.ErrNotFound) {
			err = errNoSSH
		}
		return nil, nil, &problem{what: "run", where: session.Display(s.program[0]), err: err, hint: "BARGEE_SSH names another one"}
	}
	return p, cleanup, nil
}

// lookUp finds, while ssh is on its way, where the host may be reached directly.
func (s *sshReach) lookUp(ctx context.Context, l login) func(context.Context) []netip.Addr {
	if s.noUDP {
		return nil
	}
	found := make(chan []netip.Addr, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		ips, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", sshHostOf(ctx, s.program, l)) // a name that only ssh's proxies know
		found <- ips[:min(len(ips), 4)]
	}()
	return func(ctx context.Context) []netip.Addr {
		select {
		case ips := <-found:
			return ips
		case <-ctx.Done():
			return nil
		}
	}
}

// keep notes a link, to be closed with the reach.
func (s *sshReach) keep(word string, l transport.Link) transport.Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links[l], s.linked[word] = true, time.Now()
	go func() {
		<-l.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.links, l)
	}()
	return l
}

// close ends all links over ssh, and the programs with them.
func (s *sshReach) close() {
	s.mu.Lock()
	links := s.links
	s.links = map[transport.Link]bool{}
	s.mu.Unlock()
	for l := range links {
		l.Close("the program ends")
	}
}

// home returns where ~ is at word, if that is known here.
func (s *sshReach) home(word string) (session.Path, bool) {
	s.mu.Lock()
	raw, ok := s.homes[word]
	s.mu.Unlock()
	p, err := session.ParsePath(raw)
	return p, ok && err == nil
}

// settle returns the path that dir, which may begin with ~, is at word.
func (s *sshReach) settle(word string, dir session.Path) session.Path {
	below, ok := strings.CutPrefix(dir.Raw()+"/", "~/")
	home, known := s.home(word)
	if !ok || !known {
		return dir
	}
	rest, err := session.ParsePath(below)
	if err != nil {
		return dir
	}
	return home.Append(rest)
}
