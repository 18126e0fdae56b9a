package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const relayTicketLong = `Make a token for the relay whose files are in --data, on the machine that it runs on, and print the two
lines to type on each machine that shall use it. The relay lets it in within a second; only its public
half is kept. A ticket for each person or machine can be revoked by itself: bargee token revoke ID.`

type relayTicketOptions struct {
	*app
	data, address, who string
}

func newRelayTicket(a *app) *cobra.Command {
	o := &relayTicketOptions{app: a}
	cmd := &cobra.Command{
		Use: "ticket", Short: "Let somebody use the relay of this machine", Long: relayTicketLong, Args: atMost(0),
		Example: "  sudo bargee relay ticket --data /var/lib/bargee-relay --address relay.example --for laptop",
		RunE:    func(*cobra.Command, []string) error { return o.run() },
	}
	cmd.Flags().StringVar(&o.data, "data", "", "the relay's `DIR` (default in the state directory)")
	cmd.Flags().StringVar(&o.address, "address", "", "what others reach the relay by, `HOST[:PORT]` (default as the relay was told)")
	cmd.Flags().StringVar(&o.who, "for", "", "a note beside the token's public half: `WHO` has it")
	return cmd
}

func (o *relayTicketOptions) run() error {
	dir, err := o.relayDir(o.data)
	if err != nil {
		return err
	}
	addresses, err := o.where(dir)
	if err != nil {
		return err
	}
	id, err := transport.LoadIdentity(dir)
	if err != nil {
		return filed(err)
	}
	token := transport.NewToken()
	if err := addToken(filepath.Join(dir, tokensFile), token.Public(), session.Display(o.who)); err != nil {
		return err
	}
	ticket := transport.RelayTicket{Addresses: addresses, Key: id.Fingerprint(), Token: token}.Reveal()
	if o.json {
		o.event(struct {
			Event  string `json:"event"`
			ID     string `json:"id"`
			Token  string `json:"token"`
			Ticket string `json:"ticket"`
		}{"ticket", token.Public().ID(), token.Reveal(), ticket})
		return nil
	}
	o.handOut(ticket)
	return nil
}

// handOut prints what is to be typed on a client.
func (a *app) handOut(ticket string) {
	a.say("Type these two lines on each machine that shall use it; they are not shown again:")
	a.printf("bargee relay add\n%s\n", ticket)
}

// where returns the addresses to dial: the ones that the relay has told, unless the
// user knows better.
func (o *relayTicketOptions) where(dir string) ([]string, error) {
	var kept []string
	b, err := readAtMost(filepath.Join(dir, addressFile), 16<<10)
	if err == nil {
		err = json.Unmarshal(b, &kept)
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(kept) == 0 {
		return nil, &problem{what: "find", where: "the relay in " + session.Display(dir), hint: "start it first; --data says where its files are",
			err: &session.Error{Kind: session.NotFound, Err: errors.New("none has run there")}}
	}
	if err != nil {
		return nil, &problem{what: "read", where: session.Display(filepath.Join(dir, addressFile)), err: err}
	}
	if o.address == "" {
		return kept, nil
	}
	addr, _, wrong := parseRelay(o.address)
	if wrong != nil {
		return nil, wrong.about("--address", session.Display(o.address))
	}
	return []string{addr}, nil
}

// addressFile is where a relay keeps what it is reached by, in its --data.
const addressFile = "address.json"

func keepAddresses(dir string, addresses []string) error {
	b, err := json.Marshal(addresses)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, addressFile), append(b, '\n'))
}

// relayDir is where a relay keeps what is its own: data, what systemd has made for
// it, or a place in the state directory.
func (a *app) relayDir(data string) (string, error) {
	if data == "" || bucket.IsURL(data) { // what is there is not the relay's own
		data = a.getenv("STATE_DIRECTORY")
	}
	if data != "" {
		return filepath.Abs(data)
	}
	h, err := a.home()
	return filepath.Join(h.state, "relay"), err
}
