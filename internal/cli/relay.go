package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const relayLong = `Run a relay: two machines that cannot reach each other meet at it, and it forwards between them what
it cannot read. It needs one port that both can reach, on UDP and TCP.

Without --token-file bargee makes a token, keeps its public half in --data, and prints, this once, the
two lines to type on each machine that shall use the relay. FILE has a token or the public half of one
on each line; SIGHUP has it read again, and who came in by one that is gone is cut off.

Every flag is also an environment variable: --token-file is BARGEE_RELAY_TOKEN_FILE.
SIGINT and SIGTERM end it; what it forwards goes on when it is back.`

type relayOptions struct {
	*app
	listen    []string
	address   string
	closed    bool
	tokenFile string
	newToken  bool
	ticket    bool
	data      string
	drain     time.Duration
	detach    detachFlags
	guards    relayGuards
	store     storeFlags
	unit      string
	log       logFlags
}

func newRelay(a *app) *cobra.Command {
	o := &relayOptions{app: a}
	cmd := &cobra.Command{
		Use:     "relay",
		Short:   "Run a relay, for machines that cannot reach each other",
		Long:    relayLong,
		Example: "  bargee relay\n  bargee relay --address relay.example --token-file /etc/bargee/tokens --data /var/lib/bargee",
		Args:    onlySubcommands,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if o.unit != "" {
				return o.printUnit(cmd)
			}
			return o.run(cmd.Context())
		},
	}
	a.checkedBy(cmd, o.check)
	f := cmd.Flags()
	f.StringSliceVar(&o.listen, "listen", []string{":" + defaultPort}, "`ADDR` to listen on, udp and tcp; port 0 picks one. May be given again")
	f.StringVar(&o.address, "address", "", "what others reach us by, `HOST[:PORT]` (default the addresses of this machine)")
	f.BoolVar(&o.closed, "closed-join", false, "let nobody join a room either without a token or a pass")
	f.StringVar(&o.tokenFile, "token-file", "", "let in who has a token of `FILE`, which has one or its public half on each line")
	f.BoolVar(&o.newToken, "new-token", false, "make another token; the one before is refused from now on")
	f.BoolVar(&o.ticket, "show-ticket", false, "print a ticket also for a token that was given")
	f.StringVar(&o.data, "data", "", "keep key, token and quotas in `DIR` (default in the state directory)")
	f.DurationVar(&o.drain, "drain", 0, "on SIGTERM let what is forwarded go on for so long at most")
	f.StringVar(&o.unit, "print-unit", "", "print a unit of systemd that runs this command, hardened: `service` or socket")
	f.Lookup("print-unit").NoOptDefVal = serviceUnit
	o.detach.add(f)
	o.guards.add(f)
	o.store.add(f)
	o.log.add(f)
	cmd.AddCommand(a.relayCommands()...)
	return cmd
}

// check finds values that make no sense, before anything is touched.
func (o *relayOptions) check() error {
	if o.newToken && o.tokenFile != "" {
		return usage("exclude each other", "").about("", "--new-token and --token-file")
	}
	if len(o.listen) == 0 {
		return usage("is empty", "for example: --listen :6768, or --listen 127.0.0.1:0").about("", "--listen")
	}
	for _, addr := range o.listen {
		if !isListenAddress(addr) {
			return usage("is no address to listen on", "for example: --listen :6768, or --listen 127.0.0.1:0").about("--listen", session.Display(addr))
		}
	}
	if o.address != "" {
		host, _, err := splitHost(o.address)
		if err != nil || strings.Contains(host, "/") {
			return usage("is no address of a host", "for example: --address relay.example").about("--address", session.Display(o.address))
		}
	}
	return errors.Join(checkDrain(o.drain), o.detach.check(), o.guards.check(), o.store.check(o.guards.pages.http != ""), o.log.check())
}

func (o *relayOptions) run(ctx context.Context) error {
	is, again := o.supervised()
	if o.detach.detach && !is {
		return o.background(ctx, "relay", "", &o.detach, &o.log, o.tokenFile, o.drain)
	}
	if again { // what is said once was said
		o.newToken, o.ticket = false, false
	}
	log, err := o.log.open(o.app)
	if err != nil {
		return err
	}
	defer log.close()
	preferThroughput()
	stayLean()
	r, err := o.start(log)
	if err != nil {
		return err
	}
	hungUp, release := onHangup() // before anybody knows that there is a relay to be sent one
	defer release()
	if err := o.ready(r); err != nil {
		return errors.Join(err, r.close())
	}
	if ctx, err = o.released(ctx); err != nil {
		return errors.Join(err, r.close())
	}
	return r.run(ctx, o.drain, hungUp)
}

// mostUnproven is how many may be on their way in: strangers hold a place for 10 s,
// 4 from each address, and must not keep the others out with a few.
const mostUnproven = 512

// mostLoops is how many cores forward at most: one carries gigabits.
const mostLoops = 8

func (o *relayOptions) start(log *roleLog) (*relayRole, error) {
	dir, err := o.relayDir(o.data)
	if err != nil {
		return nil, err
	}
	id, err := transport.LoadIdentity(dir)
	if err != nil {
		return nil, filed(err)
	}
	tokens, err := o.openTokens(dir)
	if err != nil {
		return nil, err
	}
	guard, err := o.guards.open(dir, log)
	if err != nil {
		return nil, err
	}
	plane, err := o.openPlane(id, log)
	if err != nil {
		return nil, err
	}
	store, err := o.openStore(context.Background(), dir, log)
	if err != nil {
		return nil, errors.Join(err, plane.Close())
	}
	report := func(from string, err error) {
		log.Warn("refused", "from", relay.PeerAddress(from), "reason", reason(err))
	}
	var running atomic.Pointer[relay.Relay]
	ep, err := transport.NewEndpoint(plane.Own(), transport.Config{
		Identity: id, Agent: agent(), HandshakeTimeout: o.connectWait(), MaxUnproven: mostUnproven,
		Report: func(from string, err error) {
			report(from, err)
			if r := running.Load(); r != nil {
				r.Note(err)
			}
		},
		Admission: &transport.Admission{Tree: "relay", Tokens: guard.tokens(tokens.list), Pass: guard.judge(), Guests: !o.closed},
	})
	if err != nil {
		return nil, errors.Join(&problem{what: "start", where: "the relay", err: err}, plane.Close(), store.close())
	}
	r := &relayRole{
		plane: plane, endpoint: ep, key: id.Fingerprint(), tokens: tokens, log: log, dir: dir,
		relay: relay.New(relay.Config{Plane: plane, Endpoint: ep, Ledger: guard.ledger, Report: report, Good: guard.good(tokens.list), Web: store.overLinks()}),
		files: []reloader{tokens, guard}, guard: guard, store: store,
	}
	if store != nil {
		r.files = append(r.files, store)
	}
	running.Store(r.relay)
	plane.Warn(func(err error) {
		log.Warn("the relay lacks something", "reason", oneLine(err.Error()))
		r.relay.Note(err)
	})
	warnOfFewFiles(log)
	ctx, cancel := context.WithTimeout(context.Background(), aliveTime)
	defer cancel()
	if err := r.relay.Probe(ctx); err != nil {
		return nil, errors.Join(&problem{what: "start", where: "the relay", err: err}, r.close())
	}
	if err := o.openPages(r, log); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if err := tokens.keep(); err != nil {
		return nil, errors.Join(err, r.close())
	}
	guard.start()
	store.start(r.relay.Note)
	return r, nil
}

// ready says that we can be reached, and what others need.
func (o *relayOptions) ready(r *relayRole) error {
	addresses := o.addresses(r.plane.Addrs())
	if err := keepAddresses(r.dir, addresses); err != nil {
		r.log.Warn("bargee relay ticket will not know where we are", "reason", reason(err))
	}
	if len(r.tokens.list()) == 0 {
		r.log.Warn("nobody can open a room yet: bargee relay ticket lets somebody in", "data", r.dir)
	}
	ticket := ""
	if token := r.tokens.known; !token.IsZero() && (r.tokens.made || o.ticket) {
		ticket = transport.RelayTicket{Addresses: addresses, Key: r.key, Token: token}.Reveal()
	}
	if o.json {
		ev := listeningEvent{Event: "listening", Role: "relay", Address: addresses[0], Peer: r.key.String(), Ticket: ticket}
		if r.tokens.made {
			ev.Token = r.tokens.known.Reveal()
		}
		ev.HTTP, ev.ServerID = r.origin(), r.serverID(o.ticket)
		o.event(ev)
		return o.flush()
	}
	o.printf("listening on %s\n", addresses[0])
	if ticket != "" {
		o.handOut(ticket)
	}
	o.sayHTTP(r)
	return o.flush()
}

// mostAddresses is how many a ticket has.
const mostAddresses = 16

// addresses are those that others dial, the best first. A host without a port has
// the one that we listen on.
func (o *relayOptions) addresses(all []netip.AddrPort) (found []string) {
	if o.address == "" {
		for _, at := range all {
			for _, a := range reachable(net.UDPAddrFromAddrPort(at)) {
				if !slices.Contains(found, a) {
					found = append(found, a)
				}
			}
		}
		return found[:min(len(found), mostAddresses)]
	}
	at := all[0]
	host, port, _ := splitHost(o.address) // checked
	if !strings.HasSuffix(o.address, ":"+port) {
		port = fmt.Sprint(at.Port())
	}
	return []string{net.JoinHostPort(host, port)}
}
