package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// leaveFlags are those of send --store.
type leaveFlags struct {
	store     bool
	to        string
	ttl       string
	downloads int
	tags      []string
	giveUp    time.Duration
}

func (f *leaveFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.store, "store", false, "leave it at the relay, sealed, and print a ticket; nobody has to be there for it")
	flags.StringVar(&f.to, "to", "", "with --store: seal it to the known peer `NAME`, who needs no ticket")
	flags.StringVar(&f.ttl, "ttl", "7d", "with --store: how long the relay keeps it, such as 12h or 30d, or until a `DATE`")
	flags.IntVar(&f.downloads, "downloads", 0, "with --store: how many may take it; 0 is any number")
	flags.StringArrayVar(&f.tags, "tag", nil, "with --store: a `TAG` to find it by; may be given again")
	flags.DurationVar(&f.giveUp, "give-up", session.DefaultOptions().GiveUp, "with --store: how long to try a relay that is not reached; 0 is for ever")
}

// check finds values that make no sense; set tells which flags were given.
func (f *leaveFlags) check(set *pflag.FlagSet, now time.Time) error {
	if !f.store {
		for _, name := range []string{"to", "ttl", "downloads", "tag", "give-up"} {
			if set.Changed(name) {
				return usage("is for --store", "").about("", "--"+name)
			}
		}
		return nil
	}
	for _, name := range []string{"receivers", "code-ttl", "listen"} {
		if set.Changed(name) {
			return usage("is not for --store, where nobody comes here", "").about("", "--"+name)
		}
	}
	if _, err := parseExpiry(f.ttl, now); err != nil {
		return usage(err.Error(), "for example: --ttl 7d").about("--ttl", session.Display(f.ttl))
	}
	if f.downloads < 0 || f.downloads > session.MaxDropDownloads {
		return usage(fmt.Sprintf("is not within 0 to %d", session.MaxDropDownloads), "").about("--downloads", fmt.Sprint(f.downloads))
	}
	if f.giveUp < 0 {
		return usage("is negative", "").about("--give-up", f.giveUp.String())
	}
	if len(f.tags) > session.MaxDropTags {
		return usage(fmt.Sprintf("at most %d", session.MaxDropTags), "").about("", "--tag")
	}
	for _, tag := range f.tags {
		if tag == "" || len(tag) > session.MaxDropTag || session.Display(tag) != tag {
			return usage(fmt.Sprintf("is no tag: 1 to %d printable characters", session.MaxDropTag), "").about("--tag", session.Display(tag))
		}
	}
	return nil
}

// A storing is files on their way into a drop.
type storing struct {
	*sendOptions
	home   home
	relay  transport.RelayRemote
	keeper *keeper
	host   *session.Host
	report *reporter
	names  []string
	whole  bool // it is at the relay; items that failed are not in it

	sequence uint64
}

// leave stores what is named at the relay.
func (o *sendOptions) leave(ctx context.Context) (err error) {
	preferThroughput()
	stayLean()
	s := &storing{sendOptions: o, host: session.NewHost()}
	s.report = newReporter(&cpOptions{app: o.app, progress: o.progress}, "store")
	if s.home, err = o.home(); err != nil {
		return err
	}
	cfg, err := s.config()
	if err != nil {
		return err
	}
	if s.keeper, err = o.keeperAt(s.relay); err != nil {
		return err
	}
	defer s.keeper.close()
	s.keeper.whenAway(o.app)
	cfg.Depot = s.keeper
	_, t, err := session.Deposit(ctx, cfg)
	return s.end(ctx, t, err)
}

// config says what is stored, and how.
func (s *storing) config() (cfg session.DepositConfig, err error) {
	cfg.Paths, err = s.named(s.host)
	if err != nil {
		return cfg, err
	}
	for _, p := range cfg.Paths {
		s.names = append(s.names, p.Base())
	}
	remote, ok, err := s.relayRemote(&s.relayFlags)
	if err == nil && !ok {
		err = usage("there is no relay to leave it at", "bargee relay add takes a relay's bgrelay_ word; --relay names one").about("", "--store")
	}
	if err != nil {
		return cfg, err
	}
	s.relay = remote
	now := time.Now()
	until, _ := parseExpiry(s.ttl, now) // checked
	cfg.Name, cfg.TTL, cfg.Downloads, cfg.From, cfg.Tags = remote.Address, until.Sub(now), s.downloads, callOurselves(), s.tags
	cfg.State = s.home.dropWork()
	cfg.OnItem, cfg.OnStored = s.report.item, s.stored
	cfg.OnProgress = func(t session.Transfer) { s.report.progress([]session.Transfer{t}, s.keeper.lanes()) }
	options := session.DefaultOptions()
	options.Limit, options.Timeout, options.GiveUp = s.limit.n, s.progressWait(), s.giveUp
	cfg.Options = &options
	if s.to != "" {
		if cfg.To, err = s.home.recipient(s.to, now); err == nil {
			s.sequence = cfg.To.Sequence
		}
	}
	return cfg, err
}

// recipient is the known peer that something is sealed to.
func (h home) recipient(name string, now time.Time) (*session.DropRecipient, error) {
	name = strings.TrimSuffix(name, ":")
	known, err := h.known()
	if err != nil {
		return nil, err
	}
	p, err := known.Lookup(name)
	if err != nil {
		return nil, peerProblem("seal to", name, err)
	}
	if len(p.KEM) == 0 {
		return nil, &problem{what: "seal to", where: name, err: &session.Error{Kind: session.Invalid, Err: errors.New("it was remembered before peers had keys to seal to")},
			hint: "bargee peer forget " + name + ", then connect with --trust=" + name + " once more"}
	}
	keys, err := h.keys()
	if err != nil {
		return nil, err
	}
	id := keys.Ring().Key
	all, err := h.receipts()
	if err != nil {
		return nil, err
	}
	return &session.DropRecipient{KEM: p.KEM, Key: id.PublicKey(), Sign: id.Sign, Sequence: nextSequence(all, now)}, nil
}

// stored keeps the receipt of what is whole at the relay, and says how it is received.
func (s *storing) stored(d session.Deposited) error {
	key := s.relay.Key
	if key.IsZero() {
		key = s.keeper.web.Peer().Key
	}
	r := receiptFor(d, s.relay.Address, key, s.names)
	r.Tags, r.To, r.Downloads, r.Sequence = s.tags, strings.TrimSuffix(s.to, ":"), s.downloads, s.sequence
	if err := s.home.keepReceipt(r); err != nil {
		return &problem{what: "keep", where: "the receipt of the drop", err: err}
	}
	t, err := r.ticket()
	if err != nil {
		return err
	}
	s.whole = true
	s.report.aside(func() { s.tell(r, t.Reveal()) })
	return nil
}

type storedEvent struct {
	Event     string    `json:"event"`
	ID        string    `json:"id"`
	Relay     string    `json:"relay"`
	Ticket    string    `json:"ticket"`
	Link      string    `json:"link,omitempty"` // for a browser
	Expires   time.Time `json:"expires"`
	Downloads int       `json:"downloads,omitempty"`
	To        string    `json:"to,omitempty"`
	Tags      []string  `json:"tags,omitempty"`
}

func (s *storing) tell(r receipt, ticket string) {
	if s.json {
		s.event(storedEvent{"stored", r.ID, r.Relay, ticket, r.link(), r.Expires.UTC(), r.Downloads, r.To, r.Tags})
		return
	}
	s.say("stored at %s until %s", session.Display(r.Relay), r.Expires.Local().Format(time.DateTime))
	if r.To != "" {
		s.say("only %s can read it, there:", session.Display(r.To))
		s.printf("  bargee receive %s\n", r.ID)
		return
	}
	s.say("At the other side, whenever that is (who has this word has the files):")
	s.printf("  bargee receive %s\n", ticket)
	if link := r.link(); link != "" {
		s.say("Or in a browser:")
		s.printf("  %s\n", link)
	}
}

// end tells how it ended, and returns what that amounts to.
func (s *storing) end(ctx context.Context, t session.Transfer, err error) error {
	var out error
	switch {
	case err == nil || s.whole: // else items failed, and were told of
		out = s.report.verdict(len(s.paths))
	case interrupted(ctx, resumeHint) != nil:
		out = interrupted(ctx, resumeHint)
	default:
		out = s.explain(err)
	}
	var partly *partlyError
	s.report.finish([]session.Transfer{t}, s.keeper.lanes(), out == nil || errors.As(out, &partly))
	return out
}

// explain says what could not be stored, or where not.
func (s *storing) explain(err error) error {
	var e *session.Error
	var p *problem
	if errors.As(err, &p) {
		return err
	}
	if errors.As(err, &e) && e.Side != session.Relay && !e.Path.IsRoot() {
		return failed("store", target{path: s.host.Name(e.Path)}, err)
	}
	told := s.keeper.problem("store at", err)
	if errors.As(told, &p) && slices.Contains([]session.Kind{session.Unreachable, session.Timeout, session.Busy}, session.KindOf(err)) {
		p.hint = "what is there is kept for a while: run the same command again to go on"
	}
	return told
}

// dropWord reads what names a drop: a ticket of one, the address that a browser opens,
// or the name of one that is sealed to us; ok: it is one of these.
func dropWord(word string) (w namedDrop, ok bool, err error) {
	switch {
	case strings.HasPrefix(word, "bgticket_"):
		t, err := transport.ParseTicket(word)
		if err != nil || t.Drop == nil {
			return w, false, nil // somebody else says what is wrong with it
		}
		w = namedDrop{relay: t.Relay, relayKey: t.RelayKey, origin: t.Drop.URL, sealed: t.Drop.Key == nil, secret: t.Drop.Key != nil}
		if w.sealed {
			copy(w.id[:], t.Drop.ID)
		} else {
			copy(w.key[:], t.Drop.Key)
		}
		return w, true, nil
	case drop.IsLink(word):
		origin, key, err := drop.ParseLink(word)
		return namedDrop{origin: origin, key: key, secret: true}, true, err
	}
	id, err := drop.ParseID(strings.ToLower(path.Base(word)))
	if err != nil || strings.Contains(word, "/") {
		return w, false, nil
	}
	return namedDrop{id: id, sealed: true}, true, nil
}

// A namedDrop is what somebody was given to receive.
type namedDrop struct {
	relay    string // host:port; "": the one that is used here, or origin
	relayKey transport.Fingerprint
	origin   string // where it speaks plain HTTP
	key      drop.Key
	id       drop.ID // of one that is sealed to us
	sealed   bool
	secret   bool // the word is one
}
