package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const serveLong = `Serve DIR to other peers, as a jail: nothing outside of it can be reached, whatever they ask for.

Without a secret bargee makes a token, prints it and a ticket this once, and keeps its public half
for that directory: after a restart it still lets its holders in. A peer that was asked with
--trust at the other side needs no secret again.

Who knows it finds it on the local network, wherever it is there; BARGEE_LAN names the interfaces, or
is off. With --relay (or BARGEE_RELAY, or bargee relay add) it can be met at that relay, too, by the
ticket and by who knows it, from anywhere; and goes on directly where that is possible.

Every flag is also an environment variable: --max-clients is BARGEE_SERVE_MAX_CLIENTS.
SIGINT and SIGTERM end it; transfers under way can be resumed.`

type serveOptions struct {
	*app
	dir       string
	listen    string
	stdio     bool
	jail      string
	readOnly  bool
	writeOnly bool
	limits    limitFlags
	umask     string
	portable  bool
	tokenFile string
	newToken  bool
	jwtKeys   []string
	perUser   bool
	quota     byteCount
	ticket    bool
	relay     relayFlags
	detach    detachFlags
	pages     pageFlags
	unit      bool
	log       logFlags
}

func newServe(a *app) *cobra.Command {
	o := &serveOptions{app: a}
	cmd := &cobra.Command{
		Use:     "serve DIR",
		Short:   "Serve a directory to other peers",
		Long:    serveLong,
		Example: "  bargee serve ~/share\n  bargee serve /srv/inbox --write-only --token-file ~/.bargee-token --listen :6768",
		Args:    atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.dir = args[0]
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			if o.unit {
				return o.printUnit(cmd)
			}
			if o.stdio {
				return o.runStdio(cmd.Context())
			}
			return o.run(cmd.Context())
		},
	}
	a.checkedBy(cmd, func() error {
		o.dir = "."
		return o.check(cmd)
	})
	f := cmd.Flags()
	f.BoolVar(&o.stdio, "stdio", false, "serve who started this over ssh, by standard input and output; without DIR all of this machine")
	f.StringVar(&o.jail, "jail", "", "with --stdio, the same as `DIR`")
	f.StringVar(&o.listen, "listen", ":"+defaultPort, "`ADDR` to listen on; port 0 picks one")
	f.BoolVar(&o.readOnly, "read-only", false, "nothing in DIR is changed")
	f.BoolVar(&o.writeOnly, "write-only", false, "nothing of DIR is told: peers can only send")
	f.BoolVar(&o.portable, "portable-names", false, "refuse new names that Windows or another system could not keep")
	o.limits.add(f)
	f.StringVar(&o.umask, "umask", "", "permissions that new files never get, octal (default that of the shell)")
	f.StringVar(&o.tokenFile, "token-file", "", "let in who has the token or phrase in `FILE`; - is a line of standard input")
	f.BoolVar(&o.newToken, "new-token", false, "make another token for DIR; the one before is refused from now on")
	f.StringArrayVar(&o.jwtKeys, "jwt-key", nil, "let in who has a JWT signed by the key whose public half is in `FILE` (bargee key new); may be repeated")
	f.BoolVar(&o.perUser, "per-user", false, "with --jwt-key: the subject of a JWT sees nothing but its own directory in DIR, which is made at need")
	f.Var(&o.quota, "quota", "files in DIR have no more bytes than that together; what does not fit is refused (default any)")
	f.BoolVar(&o.ticket, "show-ticket", false, "print a ticket also for a token that was given")
	o.relay.add(f)
	o.detach.add(f)
	o.pages.add(f)
	f.BoolVar(&o.unit, "print-unit", false, "print a unit of systemd that serves DIR like this")
	o.log.add(f)
	return cmd
}

// check finds values that make no sense, before anything is touched.
func (o *serveOptions) check(cmd *cobra.Command) error {
	if o.readOnly && o.writeOnly {
		return usage("exclude each other", "").about("", "--read-only and --write-only")
	}
	if o.dir != "" && o.jail != "" || o.jail != "" && !o.stdio {
		return usage("stands in place of DIR, with --stdio", "").about("", "--jail")
	}
	if o.dir += o.jail; o.dir == "" && !o.stdio {
		return usage("the DIR is missing", "usage: "+cmd.UseLine()).about("", nameOf(cmd))
	}
	if o.stdio && o.detach.detach {
		return usage("exclude each other", "").about("", "--stdio and --detach")
	}
	if o.stdio && o.unit {
		return usage("exclude each other", "").about("", "--stdio and --print-unit")
	}
	if o.stdio && o.log.level == "" && !o.verbose {
		o.log.level = "warn" // it comes out at the other side
	}
	if o.newToken && o.tokenFile != "" {
		return usage("exclude each other", "").about("", "--new-token and --token-file")
	}
	if o.stdio && o.dir == "" && o.quota.n > 0 {
		return usage("is that of a DIR", "").about("", "--quota")
	}
	if o.perUser && len(o.jwtKeys) == 0 {
		return usage("goes with --jwt-key", "").about("", "--per-user")
	}
	if o.stdio && len(o.jwtKeys) > 0 {
		return usage("exclude each other", "").about("", "--stdio and --jwt-key")
	}
	if cmd.Flags().Changed("quota") && o.quota.n <= 0 {
		return usage("is at least one byte", "for example: --quota 100GB").about("", "--quota")
	}
	if err := checkListen(o.listen); err != nil {
		return err
	}
	return errors.Join(o.limits.check(cmd.Flags()), o.checkUmask(), o.detach.check(), o.pages.check(), o.log.check())
}

func checkListen(addr string) error {
	if _, port, err := net.SplitHostPort(addr); err != nil || !isPort(port) {
		return usage("is no address to listen on", "for example: --listen :6768, or --listen 127.0.0.1:0").about("--listen", session.Display(addr))
	}
	return nil
}

func (o *serveOptions) run(ctx context.Context) error {
	at := target{path: o.dir}
	is, again := o.supervised()
	if o.detach.detach && !is {
		return o.background(ctx, "serve", o.dir, &o.detach, &o.log, o.tokenFile, 0)
	}
	if again { // what is said once was said
		o.newToken, o.ticket = false, false
	}
	log, err := o.log.open(o.app)
	if err != nil {
		return err
	}
	defer log.close()
	defer log.follow(is)()
	preferThroughput()
	stayLean()
	o.setUmask()
	dir, err := session.OpenDir(o.dir)
	if err != nil {
		return failed("serve", at, err)
	}
	defer dir.Close()
	tree, err := realPath(o.dir)
	if err != nil {
		return failed("serve", at, err)
	}
	h, err := o.home()
	if err != nil {
		return err
	}
	entry, err := o.entry(h, tree, dir, log.Logger)
	if err != nil {
		return err
	}
	met, err := o.attendance(h, tree, entry)
	if err != nil {
		return err
	}
	s, err := o.start(h, dir, entry, log.Logger)
	if err != nil {
		return err
	}
	if met != nil {
		if err := met.begin(ctx, s, log.Logger); err != nil {
			return errors.Join(err, s.close())
		}
	}
	if entry.save != nil {
		if err := entry.save(); err != nil {
			return errors.Join(err, s.close())
		}
	}
	if err := h.keepWhereabouts(tree, s, met); err != nil {
		log.Warn("bargee token new cannot print tickets for this directory", "reason", reason(err))
	}
	pages, err := o.pages.open(o.pages.http, newHealth(s.probe, func() bool { return false }), metricsOf(s.traffic), log)
	if err != nil {
		return errors.Join(err, s.close())
	}
	defer pages.close()
	if err := o.ready(s, entry, met); err != nil {
		return errors.Join(err, s.close())
	}
	if ctx, err = o.released(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	initSystem{}.ready()
	s.links.Go(func() { entry.door.watch(ctx, func() { met.turn() }) })
	s.accept(ctx)
	initSystem{}.stopping(endingTime)
	return s.close()
}

// realPath returns the one absolute name of a directory, by which grants and
// tokens are kept for it.
func realPath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// ready says that we can be reached, and what the other side needs.
func (o *serveOptions) ready(s *server, in *entry, met *attendance) error {
	addresses := reachable(s.endpoint.Addr())
	ticket := ""
	if !in.token.IsZero() && (in.made || o.ticket) {
		k := transport.Ticket{Addresses: addresses, Token: in.token}
		k.Key, k.Next = s.endpoint.Keyring().Fingerprints()
		met.ticket(&k)
		ticket = k.Reveal()
	}
	if o.json {
		ev := listeningEvent{Event: "listening", Role: "serve", Address: addresses[0], Peer: s.peer.String(), Ticket: ticket, Relay: met.address()}
		if in.made {
			ev.Token = in.token.Reveal()
		}
		o.event(ev)
		return o.flush()
	}
	o.printf("listening on %s\n", addresses[0])
	if met.address() != "" {
		o.printf("relay   %s\n", met.address())
	}
	if in.made {
		o.printf("token   %s\n", in.token.Reveal())
	}
	if ticket != "" {
		o.printf("ticket  %s\n", ticket)
	}
	if in.made {
		o.say("Neither is shown again. At the other side, with the token or the ticket:\n  bargee bargee://%s/", addresses[0])
	}
	return o.flush()
}

type listeningEvent struct {
	Event   string `json:"event"`
	Role    string `json:"role"`
	Address string `json:"address"`
	Peer    string `json:"peer"`
	Relay   string `json:"relay,omitempty"`
	Token   string `json:"token,omitempty"`
	Ticket  string `json:"ticket,omitempty"`
	Code    string `json:"code,omitempty"`

	HTTP     string `json:"http,omitempty"` // origin, of a relay
	ServerID string `json:"server_id,omitempty"`
}

// reachable returns the addresses under which others can dial a socket, the
// best first.
func reachable(addr net.Addr) []string {
	udp, ok := addr.(*net.UDPAddr)
	if !ok || !udp.IP.IsUnspecified() && udp.IP != nil {
		return []string{addr.String()}
	}
	port := fmt.Sprint(udp.Port)
	var four, six []string
	ifaces, _ := net.InterfaceAddrs() // without them the loopback remains
	for _, a := range ifaces {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok || !n.IP.IsGlobalUnicast():
		case n.IP.To4() != nil:
			four = append(four, net.JoinHostPort(n.IP.String(), port))
		default:
			six = append(six, net.JoinHostPort(n.IP.String(), port))
		}
	}
	all := append(four, six...)
	if len(all) == 0 {
		all = []string{net.JoinHostPort("127.0.0.1", port)}
	}
	return all[:min(len(all), mostAddresses)]
}

func (o *serveOptions) checkUmask() error {
	if o.umask == "" {
		return nil
	}
	if _, err := parseUmask(o.umask); err != nil {
		return usage(err.Error(), "for example: --umask 027").about("--umask", session.Display(o.umask))
	}
	return nil
}

func (o *serveOptions) setUmask() {
	if mask, err := parseUmask(o.umask); err == nil {
		setUmask(mask)
	}
}
