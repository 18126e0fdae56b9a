package cli

import (
	"cmp"
	"context"
	"crypto/hpke"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const dropListLong = `List the drops that were stored from here, and how it stands with them at their relay; and those that lie
there for this machine, sealed to its key: bargee receive ID takes one of those.`

type dropListOptions struct {
	*app
	relayFlags
	tags   []string
	ticket bool
}

func newDropList(a *app) *cobra.Command {
	o := &dropListOptions{app: a}
	cmd := &cobra.Command{
		Use: "list", Short: "List what we left at relays, and what lies there for us", Long: dropListLong,
		Example: "  bargee drop list\n  bargee drop list --tag invoices --show-ticket", Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.relayFlags.add(cmd.Flags())
	cmd.Flags().StringArrayVar(&o.tags, "tag", nil, "only those with this `TAG`; may be given again")
	cmd.Flags().BoolVar(&o.ticket, "show-ticket", false, "print the tickets, too, which are secrets")
	return cmd
}

// What is said of a drop.
const (
	dropKept    = "kept"
	dropGone    = "gone"    // no longer on the relay
	dropUnknown = "unknown" // the relay was not reached
	dropWaiting = "waiting" // for us
)

type dropEvent struct {
	Event     string    `json:"event"`
	ID        string    `json:"id"`
	State     string    `json:"state"` // kept, gone, unknown; waiting: it is for us
	Relay     string    `json:"relay"`
	Names     []string  `json:"names"`
	Files     int64     `json:"files"`
	Bytes     int64     `json:"bytes"`
	Stored    time.Time `json:"stored,omitzero"`
	Expires   time.Time `json:"expires,omitzero"`
	Downloads int       `json:"downloads,omitempty"` // how many may take it; left out: any number
	Left      *int      `json:"downloads_left,omitempty"`
	Tags      []string  `json:"tags,omitempty"`
	To        string    `json:"to,omitempty"`
	From      string    `json:"from,omitempty"` // what the sender calls itself
	Sender    string    `json:"sender,omitempty"`
	Peer      string    `json:"peer,omitempty"` // the known peer whose signature it has
	Ticket    string    `json:"ticket,omitempty"`
}

func (o *dropListOptions) run(ctx context.Context) error {
	h, err := o.home()
	if err != nil {
		return err
	}
	all, err := h.receipts()
	if err != nil {
		return err
	}
	keepers := o.keepers()
	defer keepers.close()
	all = slices.DeleteFunc(all, func(r receipt) bool { return !tagged(r.Tags, o.tags) })
	found, errs := make([]dropEvent, len(all)), make([]error, len(all))
	sideBySide(len(all), func(i int) { found[i], errs[i] = o.look(ctx, keepers, all[i]) })
	failure := cmp.Or(errs...)
	waiting, err := o.waiting(ctx, h, keepers)
	failure = cmp.Or(failure, err)
	o.show(append(found, waiting...))
	return failure
}

// look asks the relay how it stands with a drop of ours.
func (o *dropListOptions) look(ctx context.Context, ks *keepers, r receipt) (dropEvent, error) {
	ev := dropEvent{Event: "drop", ID: r.ID, State: dropUnknown, Relay: r.Relay, Names: namesFor(r.Names), Files: r.Files, Bytes: r.Bytes,
		Stored: r.Stored, Expires: r.Expires, Downloads: r.Downloads, Tags: r.Tags, To: r.To}
	if o.ticket {
		t, err := r.ticket()
		if err != nil {
			return ev, err
		}
		ev.Ticket = t.Reveal()
	}
	id, _ := drop.ParseID(r.ID) // checked
	k, err := ks.of(r.Relay, r.RelayKey)
	if err != nil {
		return ev, err
	}
	st, err := k.Info(ctx, id)
	switch {
	case errors.Is(err, session.NotFound):
		ev.State = dropGone
		return ev, nil
	case err != nil:
		err = k.problem("ask", err)
		ks.lose(r.Relay, err)
		return ev, err
	}
	ev.State, ev.Expires = dropKept, cmp.Or(st.Expires, ev.Expires)
	if st.Downloads >= 0 {
		ev.Left = &st.Downloads
	}
	return ev, nil
}

// mostWaiting is how many drops for us are looked into.
const mostWaiting = 100

// waiting returns what lies at the relay for us. Without a relay there is nothing.
func (o *dropListOptions) waiting(ctx context.Context, h home, ks *keepers) (found []dropEvent, err error) {
	r, ok, err := o.relayRemote(&o.relayFlags)
	if err != nil || !ok {
		return nil, err
	}
	if err := ks.isLost(r.Address); err != nil {
		return nil, nil // it was told
	}
	k, err := ks.at(r)
	if err != nil {
		return nil, err
	}
	openers, err := h.openers()
	if err != nil {
		return nil, err
	}
	for _, private := range openers {
		more, err := o.inBox(ctx, h, k, r.Address, private)
		found = append(found, more...)
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// inBox returns what is sealed to one of our keys.
func (o *dropListOptions) inBox(ctx context.Context, h home, k *keeper, relay string, private hpke.PrivateKey) (found []dropEvent, err error) {
	states, err := k.Mailbox(ctx, drop.MailboxOf(private.PublicKey().Bytes()))
	if err != nil {
		return nil, k.problem("ask", err)
	}
	states = states[:min(len(states), mostWaiting)]
	all, errs := make([]dropEvent, len(states)), make([]error, len(states))
	sideBySide(len(states), func(i int) {
		st := states[i]
		all[i] = dropEvent{Event: "drop", ID: st.ID.String(), State: dropWaiting, Relay: relay, Names: []string{}, Expires: st.Expires}
		var d *session.Drop
		if d, errs[i] = session.OpenDrop(ctx, session.DropConfig{Depot: k, ID: st.ID, Private: private, GiveUp: o.progressWait()}); errs[i] == nil {
			o.describe(h, &all[i], d.Summary())
			d.Close()
		}
	})
	for i, ev := range all {
		switch {
		case errs[i] != nil:
			o.tell(&problem{what: "look into", where: ev.ID, err: errs[i]}) // the others are worth to be seen
		case tagged(ev.Tags, o.tags):
			found = append(found, ev)
		}
	}
	return found, nil
}

// describe fills in what a drop says of itself.
func (o *dropListOptions) describe(h home, ev *dropEvent, s session.DropSummary) {
	ev.From, ev.Files, ev.Bytes, ev.Tags, ev.Stored = textOf(s.From), int64(s.Files), s.Bytes, s.Tags, s.Created
	for _, e := range s.First {
		ev.Names = append(ev.Names, textOf(e.Name))
	}
	if s.Downloads >= 0 {
		ev.Left = &s.Downloads
	}
	if len(s.Sender) > 0 {
		key := transport.FingerprintOf(s.Sender)
		ev.Sender, ev.Peer = key.String(), h.peerOf(key)
	}
}

// openers open what is sealed to this machine: its key, and those it had before.
func (h home) openers() (all []hpke.PrivateKey, err error) {
	keys, err := h.keys()
	if err != nil {
		return nil, err
	}
	ring := keys.Ring()
	for _, id := range append([]*transport.Identity{ring.Key}, ring.Former...) {
		private, err := id.KEMPrivate()
		if err != nil {
			return nil, err
		}
		all = append(all, private)
	}
	return all, nil
}

// peerOf is the name of a known peer, "" if it is none.
func (h home) peerOf(key transport.Fingerprint) string {
	known, err := h.known()
	if err != nil {
		return ""
	}
	p, err := known.LookupKey(key)
	if err != nil {
		return ""
	}
	return p.Name
}

func namesFor(names []string) []string {
	out := []string{}
	for _, name := range names {
		out = append(out, textOf(name))
	}
	return out
}

func (o *dropListOptions) show(all []dropEvent) {
	if o.json {
		for _, ev := range all {
			o.event(ev)
		}
		return
	}
	if len(all) == 0 {
		o.say("no drops; bargee send --store leaves one at a relay")
		return
	}
	table := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tFILES\tSIZE\tEXPIRES\tSTATE\tWHAT")
	for _, ev := range all {
		expires := "-"
		if !ev.Expires.IsZero() {
			expires = humanize.Time(ev.Expires)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\n", ev.ID[:8], ev.Files, size(ev.Bytes), expires, stateOfDrop(ev), namesOf(ev.Names))
		if ev.Ticket != "" {
			fmt.Fprintf(table, "  %s\n", ev.Ticket)
		}
	}
	table.Flush()
}

// stateOfDrop says how it stands with a drop, for people.
func stateOfDrop(ev dropEvent) string {
	left := ""
	if ev.Left != nil {
		left = fmt.Sprintf(", %d more may take it", *ev.Left)
	}
	switch ev.State {
	case dropWaiting:
		from := session.Display(ev.From) + ", whose key is not known here"
		if ev.Peer != "" {
			from = ev.Peer
		} else if ev.Sender == "" {
			from = session.Display(ev.From) + ", who did not sign it"
		}
		return "for us, from " + from
	case dropGone:
		return "no longer on the relay"
	case dropUnknown:
		return "the relay was not reached"
	}
	if ev.To != "" {
		return "for " + session.Display(ev.To) + left
	}
	return "kept" + left
}
