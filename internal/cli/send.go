package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const sendLong = `Offer files and directories for one transfer. It prints a code, and what to type at the other side:
there bargee receive shows what is offered, and asks. Several PATHs keep their names; two of one name
cannot go together.

With a relay (--relay, BARGEE_RELAY or bargee relay add) the other machine can be anywhere, and needs
nothing but the code. Without one it has to reach this machine: by the code on the same network, by
the ticket from wherever the address leads here (--listen makes that a fixed port).

A code is for one machine, or --receivers N. It is good for --code-ttl, or until 3 wrong ones came;
then another one is printed. Who came in by it may come again: after an interruption of either side
the same command goes on where it stopped.

With --store nobody has to be there at the same time: the files go to the relay, sealed, which keeps
them for --ttl, and what is printed is a ticket with the key, never a code. With --to NAME only that known peer
can read them, and finds them with bargee drop list. bargee drop rm takes them back.`

type sendOptions struct {
	*app
	relayFlags
	leaveFlags
	paths     []string
	listen    string
	receivers int
	codeTTL   time.Duration
	limit     byteRate
	progress  bool
}

func newSend(a *app) *cobra.Command {
	o := &sendOptions{app: a}
	cmd := &cobra.Command{
		Use:     "send PATH...",
		Short:   "Offer files to somebody, by a code, or leave them at a relay",
		Long:    sendLong,
		Example: "  bargee send film.mkv photos\n  bargee send --receivers 3 --relay bargee://relay.example slides.pdf\n  bargee send --store --ttl 30d --downloads 1 photos",
		Args:    atLeast(1, "the PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.paths = args
			if err := errors.Join(o.check(), o.leaveFlags.check(cmd.Flags(), time.Now())); err != nil {
				return err
			}
			if o.store {
				return o.leave(cmd.Context())
			}
			return o.run(cmd.Context())
		},
	}
	a.checkedBy(cmd, o.check)
	f := cmd.Flags()
	o.relayFlags.add(f)
	o.leaveFlags.add(f)
	f.StringVar(&o.listen, "listen", ":0", "`ADDR` to listen on; port 0 picks one")
	f.IntVar(&o.receivers, "receivers", 1, "how many machines may take it")
	f.DurationVar(&o.codeTTL, "code-ttl", transport.DefaultCodeTTL, "how long a code is good before there is another one")
	f.Var(&o.limit, "limit", "all receivers together no faster than that: "+rateWords)
	f.BoolVar(&o.progress, "progress", false, "show progress, also where standard error is no terminal")
	return cmd
}

// maxReceivers is how many may take an offer: all of them have a code that the one
// before has used.
const maxReceivers = 1000

func (o *sendOptions) check() error {
	switch {
	case o.receivers < 1 || o.receivers > maxReceivers:
		return usage(fmt.Sprintf("is not within 1 to %d", maxReceivers), "").about("--receivers", fmt.Sprint(o.receivers))
	case o.codeTTL <= 0:
		return usage("is no time that a code can be good for", "for example: --code-ttl 30m").about("--code-ttl", o.codeTTL.String())
	}
	return checkListen(o.listen)
}

// named returns what is to be offered.
func (o *sendOptions) named(host *session.Host) (paths []session.Path, err error) {
	for _, word := range o.paths {
		at, err := parseTarget(word, o.getenv("BARGEE_TARGET"))
		if err != nil {
			return nil, err
		}
		if !at.isLocal() {
			return nil, usage("is not on this machine", "bargee cp copies from one peer to another").about("send", at.String())
		}
		p, err := host.PathOf(word)
		if err != nil {
			return nil, failed("send", at, err)
		}
		paths = append(paths, p)
	}
	return paths, nil
}

// begin makes the offer, or goes on with that of an earlier run.
func (s *sending) begin() error {
	host := session.NewHost()
	paths, err := s.named(host)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range paths {
		names = append(names, host.Name(p))
	}
	h, err := s.home()
	if err != nil {
		return err
	}
	if err := s.restore(h, names); err != nil {
		return err
	}
	s.offer, err = session.NewOffer(session.OfferConfig{Paths: paths, From: callOurselves(), Receivers: s.receivers, ID: s.id, Observe: s.item})
	if err != nil {
		at := target{path: s.paths[0]}
		var e *session.Error
		if errors.As(err, &e) && !e.Path.IsRoot() {
			at.path = host.Name(e.Path)
		}
		return failed("send", at, err)
	}
	return nil
}

// callOurselves is what the other side is told who asks: USER@HOST.
func callOurselves() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	if u, err := user.Current(); err == nil {
		return filepath.Base(u.Username) + "@" + host // Windows has DOMAIN\USER
	}
	return host
}

func (o *sendOptions) run(ctx context.Context) error {
	preferThroughput()
	stayLean()
	s := &sending{sendOptions: o, told: map[transport.Fingerprint]session.TakerState{}, seen: map[seenItem]bool{}}
	s.report = newReporter(&cpOptions{app: o.app, progress: o.progress}, "send")
	if err := s.begin(); err != nil {
		return err
	}
	defer s.offer.Close()
	if err := s.open(ctx); err != nil {
		return err
	}
	err := s.watch(ctx)
	return errors.Join(err, s.close())
}

// A sending is an offer that others can come to.
type sending struct {
	*sendOptions
	state home     // where it is kept
	names []string // of what is offered
	id    session.OfferID
	token transport.Token
	came  []transport.Came // for an earlier run
	kept  int              // for so many who came

	offer   *session.Offer
	server  *server
	code    *transport.Invitation
	welcome *transport.Welcome
	stop    context.CancelFunc
	report  *reporter
	taken   bool // somebody takes it, or did

	told map[transport.Fingerprint]session.TakerState
	seen map[seenItem]bool
}

// open lets others in, and says how.
func (s *sending) open(ctx context.Context) error {
	doors, err := s.doors(&s.relayFlags)
	if err != nil {
		return err
	}
	cfg, err := s.state.self()
	if err != nil {
		return err
	}
	if s.code, err = transport.Invite(transport.InvitationOptions{Relay: doors.Relay.Address, TTL: s.codeTTL, Guests: s.receivers, Came: s.came}); err != nil {
		return err
	}
	log := s.log()
	cfg.HandshakeTimeout = s.connectWait()
	cfg.Admission = &transport.Admission{Tree: "offer", Tokens: transport.Tokens(s.token.Public()), Code: s.code}
	cfg.Report = func(from string, err error) { log.Warn("not let in", "from", from, "reason", reason(err)) }
	ep, err := transport.Listen(s.listen, cfg)
	if err != nil {
		return listenProblem(s.listen, err)
	}
	s.server = &server{endpoint: ep, peer: ep.Fingerprint(), log: log, session: session.NewServer(session.ServerConfig{Offer: s.offer, Limit: s.limit.n})}
	ctx, s.stop = context.WithCancel(ctx)
	if s.welcome, err = s.wait(ctx, ep, doors); err != nil {
		s.stop()
		ep.Close()
		if doors.Relay.Address == "" {
			return &problem{what: "wait on", where: "the local network", err: err, hint: "BARGEE_LAN=off does without it"}
		}
		return relayProblem(target{kind: addressTarget, addr: doors.Relay.Address}, err)
	}
	go s.server.accept(ctx)
	return s.ready(doors)
}

// takeoverTime is how long a relay may keep a room for a run that was killed.
const takeoverTime = 30 * time.Second

// wait has others find us. The room of who came in an earlier run may still be that
// run's at the relay, which finds out within seconds that it is dead.
func (s *sending) wait(ctx context.Context, ep *transport.Endpoint, doors transport.Doors) (*transport.Welcome, error) {
	until := time.Now().Add(takeoverTime)
	for {
		w, err := ep.Welcome(ctx, s.code, doors, nil)
		if err == nil || len(s.came) == 0 || !errors.Is(err, transport.ErrRoomOpen) || time.Now().After(until) {
			return w, err
		}
		select {
		case <-time.After(time.Second / 2):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// log is where it is said what nobody has to know: -v shows it.
func (s *sending) log() *slog.Logger {
	if !s.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// close ends all links.
func (s *sending) close() error {
	s.code.Close()
	s.stop()
	s.welcome.Close()
	return s.server.close()
}

// ready says that we can be reached, and what the other side has to type.
func (s *sending) ready(doors transport.Doors) error {
	addresses := reachable(s.server.endpoint.Addr())
	ticket := transport.Ticket{Addresses: addresses, Key: s.server.peer, Token: s.token}.Reveal()
	code := ""
	if c := s.welcome.State().Code; !c.IsZero() {
		code = c.Reveal()
	} else if len(s.came) > 0 { // all have come before: what they typed is good
		code = s.came[0].Code.Reveal()
	}
	if s.json {
		s.event(listeningEvent{Event: "listening", Role: "send", Address: addresses[0], Peer: s.server.peer.String(), Ticket: ticket, Code: code})
		return s.flush()
	}
	s.printf("listening on %s\n", addresses[0])
	if len(s.came) > 0 {
		s.say("going on with an offer that was interrupted; who came for it can come again")
		s.say("(to begin anew, for somebody else, remove %s)", session.Display(s.state.offerFile(s.names)))
	}
	switch {
	case doors.Relay.Address != "":
		s.tellCode(code)
		return s.flush()
	case doors.LAN != nil:
		s.tellCode(code)
		s.say("or, from wherever this address can be reached:")
	default:
		s.say("At the other side:")
	}
	s.printf("  bargee receive %s\n", ticket)
	return s.flush()
}

// tellCode prints a code as the other side has to type it.
func (s *sending) tellCode(code string) {
	s.say("At the other side:")
	s.printf("  bargee receive %s\n", code)
}
