package cli

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

const pairLong = `Bring two machines together that share nothing yet. Here it prints a code; at the other machine
"bargee pair CODE" finds this one, wherever both are. Both screens then show the same four words, and
two panes: this machine's directory left, the other's right.

On one network that is all; BARGEE_LAN names its interfaces (eth0,wlan0), or is off. To meet from
anywhere, who shows the code needs a relay and its token: --relay or BARGEE_RELAY, or one that
bargee relay add has added; who types it needs nothing. The code is good for one machine, for
--code-ttl or 3 wrong tries; then there is another one.

Two machines that have the same token (--token-file, BARGEE_TOKEN_FILE) need no code: bargee pair
on both. With --listen ADDR here and bargee pair bargee://HOST there it takes no relay, either. A
phrase that both know does in place of a token, with --room, which one side makes up. A ticket, or
any other address of a peer, can stand in place of the code.

Who remembers the other one (--trust, or on the screen) finds it again by name, on the local network
and at the relay, while bargee is open there: the directory that was shown, as it was shown.

Each side sees only what the other one shows: --share DIR (default this directory), to look at and
take from; with --read-write also to change. Without a terminal it shows that until it is ended.`

type pairOptions struct {
	*app
	reachFlags
	relayFlags relayFlags
	word       string // the argument
	dir        string
	write      bool
	listen     string
	ttl        time.Duration
	lanes      int
	plain      bool
	near       bool
	room       string
}

func newPair(a *app) *cobra.Command {
	o := &pairOptions{app: a}
	cmd := &cobra.Command{
		Use:     "pair [CODE|TARGET]",
		Short:   "Bring two machines together by a code",
		Long:    pairLong,
		Example: "  bargee pair\n  bargee pair 4711-fable-orbit-zinc@relay.example\n  bargee pair --share ~/Films --read-write",
		Args:    atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.word = args[0]
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	a.checkedBy(cmd, func() error { return o.check(cmd) })
	f := cmd.Flags()
	o.reachFlags.add(cmd)
	o.relayFlags.add(f)
	f.StringVar(&o.dir, "share", ".", "`DIR` that the other side sees")
	f.BoolVar(&o.write, "read-write", false, "the other side may change what it sees")
	f.StringVar(&o.listen, "listen", "", "`ADDR` where the other side can come to without a relay (default any port)")
	f.DurationVar(&o.ttl, "code-ttl", transport.DefaultCodeTTL, "how long a code is good")
	f.BoolVar(&o.near, "lan", true, "look on the local network, too")
	f.StringVar(&o.room, "room", "", "with a phrase: `NAME` of the room where both meet, as the other side says it")
	f.BoolVar(&o.plain, "plain", false, "no screen: lines, as without a terminal")
	addLanes(f, &o.lanes)
	return cmd
}

// leastCodeTime is the least that makes sense between two people.
const leastCodeTime = 10 * time.Second

func (o *pairOptions) check(cmd *cobra.Command) error {
	if o.ttl < leastCodeTime || o.ttl > 24*time.Hour {
		return usage("is not within 10s to 24h", "").about("--code-ttl", o.ttl.String())
	}
	if o.listen != "" {
		if _, port, err := net.SplitHostPort(o.listen); err != nil || !isPort(port) {
			return usage("is no address to listen on", "for example: --listen :6768, or --listen 127.0.0.1:0").about("--listen", session.Display(o.listen))
		}
	}
	return checkLanes(cmd.Flags(), o.lanes)
}

// begin says what there is to be done, and finds what is wrong with it at once.
func (o *pairOptions) begin(p *pairing) (func(), error) {
	if o.word != "" {
		t, err := typedTarget(p.reach, o.word)
		if err != nil {
			return nil, err
		}
		if t.kind == ticketTarget {
			o.warn("a ticket as an argument can be read by everyone on this machine")
		}
		secret := ""
		if !t.hasSecret() && t.kind != knownTarget {
			if secret, err = o.secret(clientSecrets(o.tokenFile)); err != nil {
				return nil, err
			}
		}
		return func() {
			p.begin(tui.PairingJoining, func(ctx context.Context) error { return p.join(ctx, t, secret) })
		}, nil
	}
	word, err := o.secret(clientSecrets(o.tokenFile))
	switch {
	case err != nil:
		return nil, err
	case word != "":
		secret, err := transport.ParseSecret(word)
		if err != nil {
			return nil, &problem{err: &session.Error{Kind: session.Auth, Err: err}}
		}
		return p.bySecret(secret, o.room)
	case o.room != "":
		return nil, usage("is for a phrase that both sides know", "a code names its room itself").about("", "--room")
	}
	return p.Show, nil
}

func (o *pairOptions) run(ctx context.Context) error {
	r, err := o.app.reach()
	if err != nil {
		return err
	}
	defer r.Close()
	r.listen = o.listen
	if r.lanes = o.lanes; r.lanes == 0 {
		r.lanes = transport.AutoLanes
	}
	doors, err := o.doors()
	if err != nil {
		return err
	}
	closeLog, err := o.screenLog(r.home)
	if err != nil {
		return err
	}
	defer closeLog()
	preferThroughput()
	p := o.newPairing(r, doors, o.ttl)
	p.trust = o.trust
	defer p.close()
	if err := p.share(o.dir, o.write); err != nil {
		return err
	}
	begin, err := o.begin(p)
	if err != nil {
		return err
	}
	if err := o.takeQueue(ctx, p); err != nil {
		return err
	}
	defer p.queue.Close() // keeps what is under way, to be resumed
	p.attend()
	begin()
	if o.json || o.plain || o.whyNotDrawn() != "" {
		return o.tellAll(ctx, p)
	}
	return o.screen(ctx, p)
}

// takeQueue opens the queue for p. Links that come in cannot be another process's:
// where one runs the queue, there is one for this pairing alone, which is not kept.
func (o *pairOptions) takeQueue(ctx context.Context, p *pairing) error {
	p.queue = o.queueServing(p.reach, control.Screen, p.serve)
	_, ours, err := p.queue.Owner(ctx)
	if err != nil || ours {
		return err
	}
	if err := p.queue.Close(); err != nil {
		return err
	}
	slog.Info("another process runs the queue: this one has its own")
	p.queue = control.Open(control.QueueConfig{Role: control.Command, Agent: agent(), Reach: p.reach, Serve: p.serve, Past: p.reach.notePast})
	return nil
}

// screen shows the pairing, and then both sides.
func (o *pairOptions) screen(ctx context.Context, p *pairing) error {
	c, err := o.config()
	if err != nil {
		return err
	}
	opts, err := o.screenSettings(p.reach, c)
	if err != nil {
		return err
	}
	if opts.Left.Dir, err = localDirectory(o.dir); err != nil {
		return err
	}
	opts.Pairing, opts.Pairs = p, true
	return o.show(ctx, p.queue, opts)
}

// doors are where the two can meet.
func (o *pairOptions) doors() (transport.Doors, error) {
	doors, err := o.app.doors(&o.relayFlags)
	if !o.near {
		doors.LAN = nil
	}
	return doors, err
}
