package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bargee/bargee/internal/depot"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// relayFlags say by which relay a command goes.
type relayFlags struct {
	relay     string
	tokenFile string
}

func (f *relayFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.relay, "relay", "", "meet at this relay: bargee://`HOST[:PORT]` (default BARGEE_RELAY, else the one that was added last)")
	flags.StringVar(&f.tokenFile, "relay-token-file", "", "read the relay's token from `FILE` (default BARGEE_RELAY_TOKEN_FILE)")
}

// relayRemote returns the relay that f means, and whether there is one: --relay,
// else BARGEE_RELAY, else the one that was added last. What was added gives its
// key and its token to an address that is named, too.
func (a *app) relayRemote(f *relayFlags) (transport.RelayRemote, bool, error) {
	h, err := a.home()
	if err != nil {
		return transport.RelayRemote{}, false, err
	}
	known, err := transport.OpenKnownRelays(h.state)
	if err != nil {
		return transport.RelayRemote{}, false, filed(err)
	}
	all, err := known.List()
	if err != nil {
		return transport.RelayRemote{}, false, filed(err)
	}
	var r transport.RelayRemote
	word, source := f.relay, "--relay"
	if word == "" {
		word, source = a.getenv("BARGEE_RELAY"), "BARGEE_RELAY"
	}
	switch {
	case word != "":
		if r, err = a.namedRelay(word, source, all); err != nil {
			return transport.RelayRemote{}, false, err
		}
	case len(all) > 0:
		r = all[0].Remote()
	default:
		return r, false, nil
	}
	return r, true, a.relaySecret(&r, f.tokenFile)
}

// relayAt is relayRemote of a relay that somebody else has named, as a code does; "":
// of the one that is used here. What BARGEE_RELAY_TOKEN_FILE has is for BARGEE_RELAY,
// and another one would refuse it instead of taking us as a guest.
func (a *app) relayAt(addr string) (transport.RelayRemote, bool, error) {
	word := a.getenv("BARGEE_RELAY")
	if addr == "" || word == "" {
		return a.relayRemote(&relayFlags{relay: addr})
	}
	known, err := a.knownRelays()
	if err != nil {
		return transport.RelayRemote{}, false, err
	}
	all, err := known.List()
	if err != nil {
		return transport.RelayRemote{}, false, filed(err)
	}
	ours, err := a.namedRelay(word, "BARGEE_RELAY", all)
	if err != nil {
		return transport.RelayRemote{}, false, err
	}
	if ours.Address == addr {
		return a.relayRemote(new(relayFlags))
	}
	r, err := a.namedRelay(addr, "--relay", all)
	return r, err == nil, err
}

// namedRelay reads the address of a relay: bargee://[FINGERPRINT@]host[:port],
// the same without bargee://, or a bgrelay_ word.
func (a *app) namedRelay(word, source string, all []transport.KnownRelay) (transport.RelayRemote, error) {
	if strings.HasPrefix(word, "bgrelay_") {
		if source == "--relay" {
			a.warn("a relay's ticket as an argument can be read by everyone on this machine")
		}
		ticket, err := transport.ParseRelayTicket(word)
		if err != nil {
			return transport.RelayRemote{}, usage(err.Error(), "").about("", source)
		}
		return transport.KnownRelay{Ticket: ticket}.Remote(), nil
	}
	addr, key, err := parseRelay(word)
	if err != nil {
		return transport.RelayRemote{}, err.about("", source)
	}
	i := slices.IndexFunc(all, func(k transport.KnownRelay) bool {
		return slices.Contains(k.Ticket.Addresses, addr) && (key.IsZero() || key == k.Ticket.Key)
	})
	if i < 0 {
		return transport.RelayRemote{Address: addr, Key: key}, nil
	}
	r := all[i].Remote()
	r.Address = addr
	return r, nil
}

// parseRelay reads bargee://[FINGERPRINT@]host[:port], or the same without
// bargee://, as host:port and the key, if one is in it.
func parseRelay(word string) (addr string, key transport.Fingerprint, wrong *problem) {
	t, err := parseURL("bargee://" + strings.TrimPrefix(word, "bargee://"))
	if err != nil || strings.Trim(t.path, "/") != "" {
		return "", key, usage("is no address of a relay", "for example: bargee://relay.example, or bargee://192.0.2.7:6768")
	}
	return t.addr, t.key, nil
}

// relaySecret puts the token or the pass that file or BARGEE_RELAY_TOKEN_FILE
// holds into r; without either r keeps what it has.
func (a *app) relaySecret(r *transport.RelayRemote, file string) error {
	if file == "" {
		file = a.getenv("BARGEE_RELAY_TOKEN_FILE")
	}
	if file == "" {
		return nil
	}
	word, err := a.secretLine(file)
	if err != nil {
		return err
	}
	if isPass(word) {
		r.Secret, r.Pass = transport.Secret{}, word
		return nil
	}
	token, err := transport.ParseToken(word)
	if err != nil {
		return &problem{what: "the relay's token in", where: session.Display(file), err: &session.Error{Kind: session.Auth, Err: err},
			hint: "bargee relay prints it when it starts the first time"}
	}
	r.Secret, r.Pass = transport.SecretOf(token), ""
	return nil
}

// isPass tells whether word looks like a JSON web token in compact form: three
// parts of base64, the first of which begins with {" in JSON.
func isPass(word string) bool { return strings.HasPrefix(word, "eyJ") && strings.Count(word, ".") == 2 }

const relayAddLong = `Add a relay that this machine meets others at: paste the bgrelay_ word that bargee relay, or who runs
it, has given out. It is asked for, or read from standard input; it holds a secret, and is kept in a
file that only you can read. The relay is asked whether it lets us in.

The relay that was added last is used where none is named by --relay or BARGEE_RELAY.`

// relayCommands are those of a client, below bargee relay.
func (a *app) relayCommands() []*cobra.Command {
	unchecked := false
	add := &cobra.Command{
		Use: "add", Short: "Add a relay, from its bgrelay_ word", Long: relayAddLong, Args: atMost(0),
		Example: "  bargee relay add\n  bargee relay add < relay.ticket",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.addRelay(cmd.Context(), unchecked) },
	}
	add.Flags().BoolVar(&unchecked, "no-check", false, "do not ask the relay")
	list := &cobra.Command{
		Use: "list", Short: "List the relays that were added", Args: atMost(0),
		RunE: func(*cobra.Command, []string) error { return a.listRelays() },
	}
	forget := &cobra.Command{
		Use: "forget HOST[:PORT]...", Short: "Forget relays and their tokens", Args: atLeast(1, "the HOST"),
		RunE: func(_ *cobra.Command, args []string) error { return a.forgetRelays(args) },
	}
	return []*cobra.Command{add, list, forget, newRelayTicket(a), newRelayKey(a), a.newRelayStatus()}
}

func (a *app) knownRelays() (*transport.KnownRelays, error) {
	h, err := a.home()
	if err != nil {
		return nil, err
	}
	known, err := transport.OpenKnownRelays(h.state)
	return known, filed(err)
}

func (a *app) addRelay(ctx context.Context, unchecked bool) error {
	word, err := a.askRelayTicket(ctx)
	if err != nil {
		return err
	}
	ticket, err := transport.ParseRelayTicket(word)
	if err != nil {
		return &problem{what: "add", where: "the relay", err: &session.Error{Kind: session.Auth, Err: err}}
	}
	remote := transport.KnownRelay{Ticket: ticket}.Remote()
	if !unchecked {
		if err := a.linkToRelay(ctx, remote, func(transport.Link) error { return nil }); err != nil {
			return err
		}
	}
	known, err := a.knownRelays()
	if err != nil {
		return err
	}
	if err := known.Add(ticket); err != nil {
		return filed(err)
	}
	if a.json {
		a.event(newRelayEvent(transport.KnownRelay{Ticket: ticket, Added: time.Now().UTC().Truncate(time.Second)}))
		return nil
	}
	a.say("added the relay %s, key %s", session.Display(remote.Address), ticket.Key.Short())
	return nil
}

// askRelayTicket reads the word from standard input, which may be a terminal.
func (a *app) askRelayTicket(ctx context.Context) (string, error) {
	if a.asks {
		return a.promptFor(ctx, "the relay's bgrelay_ word")
	}
	line, err := bufio.NewReader(a.stdin).ReadString('\n') // as long as a ticket: longer than any other secret
	if err != nil && line == "" {
		return "", usage("no bgrelay_ word on standard input", "bargee relay prints it when it starts the first time").about("add", "the relay")
	}
	return strings.TrimSpace(line), nil
}

// linkToRelay links to a relay, with what r has, and does do with it.
func (a *app) linkToRelay(ctx context.Context, r transport.RelayRemote, do func(transport.Link) error) error {
	at := target{kind: addressTarget, addr: r.Address}
	h, err := a.home()
	if err != nil {
		return err
	}
	cfg, err := h.self()
	if err != nil {
		return err
	}
	cfg.HandshakeTimeout = a.connectWait()
	ep, err := transport.ListenToRelay(":0", cfg, r.Address)
	if err != nil {
		return relayProblem(at, err)
	}
	defer ep.Close()
	l, err := ep.Dial(ctx, transport.Remote{
		Addresses: []string{r.Address}, Key: r.Key, Secret: r.Secret, Pass: r.Pass,
		Guest: r.Secret.IsZero() && r.Pass == "", As: cfg.Identity.ForRelay(r.Address),
	})
	if err != nil {
		return relayProblem(at, err)
	}
	defer l.Close("done")
	return do(l)
}

// relayProblem is an error of a relay, with what to do about it.
func relayProblem(at target, err error) *problem {
	p := problemOf("connect to the relay", at, err)
	p.where = session.Display(at.addr)
	switch session.KindOf(err) {
	case session.Auth:
		p.hint = "a token may have been replaced, a pass may have expired: ask who runs it for another bgrelay_ word"
		if errors.Is(err, transport.ErrKeyChanged) {
			p.hint = "if that is expected: bargee relay forget " + session.Display(at.addr) + ", then add it with its new word"
		}
	case session.Unreachable:
		if p.hint = "its log says why"; depot.Answered(err) {
			break
		}
		p.hint = "is bargee relay running there, and may UDP pass to that port?"
	}
	return p
}

func (a *app) listRelays() error {
	known, err := a.knownRelays()
	if err != nil {
		return err
	}
	all, err := known.List()
	if err != nil {
		return filed(err)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, r := range all {
		if a.json {
			a.event(newRelayEvent(r))
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", session.Display(strings.Join(r.Ticket.Addresses, " ")), r.Ticket.Key.Short(), rightsAt(r))
	}
	if len(all) == 0 {
		a.say("no relay was added; bargee relay add takes a bgrelay_ word")
	}
	return table.Flush()
}

// rightsAt says what we may do at a relay.
func rightsAt(r transport.KnownRelay) string {
	switch {
	case r.Ticket.Pass != "":
		return "pass"
	case !r.Ticket.Token.IsZero():
		return "token"
	}
	return "guest"
}

type relayEvent struct {
	Event     string    `json:"event"`
	Addresses []string  `json:"addresses"`
	Peer      string    `json:"peer"`
	Rights    string    `json:"rights"`
	Added     time.Time `json:"added"`
}

func newRelayEvent(r transport.KnownRelay) relayEvent {
	return relayEvent{"relay", r.Ticket.Addresses, r.Ticket.Key.String(), rightsAt(r), r.Added}
}

func (a *app) forgetRelays(args []string) error {
	known, err := a.knownRelays()
	if err != nil {
		return err
	}
	for _, arg := range args {
		addr, _, wrong := parseRelay(arg)
		if wrong != nil {
			return wrong.about("", session.Display(arg))
		}
		err := known.Forget(addr)
		if errors.Is(err, transport.ErrUnknownRelay) {
			return &problem{what: "forget", where: session.Display(arg), hint: "bargee relay list shows those that were added",
				err: &session.Error{Kind: session.NotFound, Err: errors.New("no such relay was added")}}
		}
		if err != nil {
			return filed(err)
		}
	}
	return nil
}
