package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// dropsPrefix begins the address of the drop box of a relay, as a place of a pane.
const dropsPrefix = "drops://"

// parseDrops reads drops://HOST[:PORT][/path].
func parseDrops(s string) (target, error) {
	place, path, _ := strings.Cut(strings.TrimPrefix(s, dropsPrefix), "/")
	addr, key, err := parseRelay(place)
	if err != nil || place == "" {
		return target{}, usage("is no address of a relay's drop box", "for example: drops://relay.example").about("", session.Display(s))
	}
	return target{kind: dropsTarget, addr: addr, key: key, path: "/" + path}, nil
}

// boxed is peer of a drop box.
func (t target) boxed() string {
	if t.key.IsZero() {
		return dropsPrefix + t.addr
	}
	return dropsPrefix + t.key.String() + "@" + t.addr
}

// boxes are the drop boxes of the relays that were added, for who chooses a place.
func (r *reach) boxes() (all []session.KnownPeer) {
	known, err := transport.OpenKnownRelays(r.home.state)
	if err != nil {
		return nil
	}
	relays, err := known.List()
	if err != nil {
		return nil
	}
	for _, k := range relays {
		if len(k.Ticket.Addresses) > 0 {
			at := target{kind: dropsTarget, addr: k.Ticket.Addresses[0]}
			all = append(all, session.KnownPeer{Name: at.shown(), Address: at.addr, Box: true})
		}
	}
	return all
}

// errBoxHere is why the commands do not take the address of a drop box.
func errBoxHere(t target) error {
	return usage("is a drop box, which the screen shows: bargee "+session.Display(t.shown()), "from the shell: bargee send --store, bargee receive and bargee drop list").about("", t.shown())
}

// dialBox makes the drop box of a relay a place, once it is seen that it is one.
func (a *app) dialBox(ctx context.Context, h home, t target) (transport.Link, error) {
	k, err := a.keepers().of(t.addr, t.key)
	if err != nil {
		return nil, err
	}
	b := &relayBox{home: h, keeper: k, giveUp: a.progressWait(), opens: map[drop.ID]session.DropConfig{}, gone: map[drop.ID]bool{}, looked: map[drop.ID]lookedAt{}}
	box := session.NewDropBox(session.DropBoxConfig{Drops: b.drops, Open: b.open, Remove: b.remove, Store: b.store, Close: k.close, Lanes: k.web.Lanes})
	if _, err := b.drops(ctx); err != nil {
		box.Close()
		return nil, k.problem("ask", err)
	}
	return session.BoxLink(box), nil
}

// A relayBox is what a relay keeps for us: what was stored from here, and what others
// sealed to us. Its methods may be called from several goroutines.
type relayBox struct {
	home   home
	keeper *keeper
	giveUp time.Duration // of looks; transfers say it themselves

	mu    sync.Mutex
	opens map[drop.ID]session.DropConfig // how each is opened
	gone  map[drop.ID]bool               // the relay has no longer: it is not asked again

	looked map[drop.ID]lookedAt // drops for us, which stay as they are
}

// A lookedAt is what is shown of a drop for us: what is in it, and whose signature it has.
type lookedAt struct {
	names  []string
	sender []byte
}

// A boxed is a drop in the box, and how it is opened.
type boxed struct {
	session.BoxedDrop
	open session.DropConfig
}

// drops lists what there is now.
func (b *relayBox) drops(ctx context.Context) ([]session.BoxedDrop, error) {
	ours, err := b.ours(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := b.waiting(ctx)
	if err != nil {
		return nil, err
	}
	all, opens := []session.BoxedDrop{}, map[drop.ID]session.DropConfig{}
	for _, d := range append(ours, waiting...) {
		all, opens[d.ID] = append(all, d.BoxedDrop), d.open
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opens = opens
	return all, nil
}

// ours are the drops that were stored from here and are still there.
func (b *relayBox) ours(ctx context.Context) (all []boxed, err error) {
	receipts, err := b.home.receipts()
	if err != nil {
		return nil, err
	}
	receipts = slices.DeleteFunc(receipts, func(r receipt) bool {
		id, _ := drop.ParseID(r.ID) // checked
		return r.Relay != b.keeper.at.addr || b.isGone(id)
	})
	found, errs := make([]boxed, len(receipts)), make([]error, len(receipts))
	sideBySide(len(receipts), func(i int) { found[i], errs[i] = b.oneOfOurs(ctx, &receipts[i]) })
	for i := range found {
		switch {
		case errors.Is(errs[i], session.NotFound): // bargee drop list says so
			id, _ := drop.ParseID(receipts[i].ID)
			b.mu.Lock()
			b.gone[id] = true
			b.mu.Unlock()
		case errs[i] != nil:
			return nil, errs[i]
		default:
			all = append(all, found[i])
		}
	}
	return all, nil
}

// oneOfOurs asks how it stands with a drop.
func (b *relayBox) oneOfOurs(ctx context.Context, r *receipt) (out boxed, err error) {
	id, _ := drop.ParseID(r.ID) // checked, as the key
	key, _ := drop.ParseKey(r.Key)
	st, err := b.keeper.Info(ctx, id)
	if err != nil {
		return out, err
	}
	ticket, err := r.ticket()
	if err != nil {
		return out, err
	}
	out = boxed{session.BoxedDrop{
		ID: id, Name: boxName(r.To, r.Names, r.ID[:8]), Stored: r.Stored, Ours: true, Expires: st.Expires, Downloads: st.Downloads,
		To: r.To, Tags: r.Tags, Ticket: ticket.Reveal(), Link: r.link(),
	}, session.DropConfig{Key: key}}
	out.Note = "bargee receive " + out.Ticket + "\n"
	if out.Link != "" {
		out.Note += out.Link + "\n"
	}
	return out, nil
}

func (b *relayBox) isGone(id drop.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gone[id]
}

// waiting are the drops that others sealed to this machine.
func (b *relayBox) waiting(ctx context.Context) (all []boxed, err error) {
	openers, err := b.home.openers()
	if err != nil {
		return nil, err
	}
	for _, private := range openers {
		states, err := b.keeper.Mailbox(ctx, drop.MailboxOf(private.PublicKey().Bytes()))
		if err != nil {
			return nil, err
		}
		states = states[:min(len(states), mostWaiting)]
		found := make([]boxed, len(states))
		sideBySide(len(states), func(i int) {
			st := states[i]
			cfg := session.DropConfig{ID: st.ID, Private: private}
			found[i] = boxed{session.BoxedDrop{ID: st.ID, Stored: st.Created, Expires: st.Expires, Downloads: st.Downloads}, cfg}
			found[i].Name, found[i].From = b.sentBy(ctx, cfg)
		})
		all = append(all, found...)
	}
	return all, nil
}

// sentBy says what a drop for us is called: after what is in it and the known peer who
// signed it, if one did. What the drop itself says of its sender is no name. One that
// cannot be read now has none of this.
func (b *relayBox) sentBy(ctx context.Context, cfg session.DropConfig) (name, from string) {
	b.mu.Lock()
	s, known := b.looked[cfg.ID]
	b.mu.Unlock()
	if !known {
		cfg.Depot, cfg.GiveUp = b.keeper, time.Nanosecond
		d, err := session.OpenDrop(ctx, cfg)
		if err != nil {
			return "for us " + cfg.ID.String()[:8], ""
		}
		s.sender = d.Summary().Sender
		for _, e := range d.Summary().First {
			s.names = append(s.names, e.Name)
		}
		d.Close()
		b.mu.Lock()
		b.looked[cfg.ID] = s
		b.mu.Unlock()
	}
	who := "a stranger"
	if len(s.sender) > 0 {
		if from = b.home.peerOf(transport.FingerprintOf(s.sender)); from != "" {
			who = from
		}
	}
	return "from " + who + ", " + boxName("", s.names, cfg.ID.String()[:8]), from
}

// longestBoxName is how many letters of a file's name are in that of its drop.
const longestBoxName = 60

// boxName is what a drop is called: after what is in it, with more behind it.
func boxName(to string, names []string, rest string) string {
	name := "drop"
	if len(names) > 0 {
		name = names[0]
	}
	if letters := []rune(name); len(letters) > longestBoxName {
		name = string(letters[:longestBoxName])
	}
	if len(names) > 1 {
		name += fmt.Sprintf(" +%d", len(names)-1)
	}
	if to != "" {
		name += " for " + to
	}
	return name + " " + rest
}

func (b *relayBox) open(ctx context.Context, id drop.ID) (*session.Drop, error) {
	b.mu.Lock()
	cfg, ok := b.opens[id]
	b.mu.Unlock()
	if !ok {
		return nil, &session.Error{Kind: session.NotFound, Err: errors.New("the drop is gone")}
	}
	cfg.Depot, cfg.State, cfg.GiveUp = b.keeper, b.home.dropWork(), b.giveUp
	return session.OpenDrop(ctx, cfg)
}

func (b *relayBox) remove(ctx context.Context, id drop.ID) error {
	all, err := b.home.receipts()
	if err != nil {
		return err
	}
	r, err := receiptOf(all, id.String())
	if err != nil {
		return err
	}
	owner, _ := session.ParseDropOwner(r.Owner) // checked
	if err := b.keeper.Remove(ctx, id, owner); err != nil && !errors.Is(err, session.NotFound) {
		return err
	}
	return os.Remove(b.home.receiptFile(r.ID))
}

// boxTTL is how long a drop is kept that is stored from a pane.
const boxTTL = 7 * 24 * time.Hour

// store says how files are stored that somebody copies into the box.
func (b *relayBox) store(paths []session.Path, terms session.DropTerms) (cfg session.DepositConfig, err error) {
	var names []string
	for _, p := range paths {
		names = append(names, p.Base())
	}
	cfg = session.DepositConfig{
		Depot: b.keeper, Name: b.keeper.at.addr, TTL: cmp.Or(terms.TTL, boxTTL), Downloads: terms.Downloads, Tags: terms.Tags,
		From: callOurselves(), State: b.home.dropWork(),
	}
	if terms.To != "" {
		if cfg.To, err = b.home.recipient(terms.To, time.Now()); err != nil {
			return cfg, err
		}
	}
	cfg.OnStored = func(d session.Deposited) error {
		key := b.keeper.remote.Key
		if key.IsZero() {
			key = b.keeper.web.Peer().Key
		}
		r := receiptFor(d, b.keeper.at.addr, key, names)
		r.Tags, r.To, r.Downloads = terms.Tags, strings.TrimSuffix(terms.To, ":"), terms.Downloads
		if cfg.To != nil {
			r.Sequence = cfg.To.Sequence
		}
		return b.home.keepReceipt(r)
	}
	return cfg, nil
}

// storeDesk is what the screen asks for before it stores something in a box.
type storeDesk struct{ home home }

// KeepFor implements tui.StoreDesk.
func (storeDesk) KeepFor(typed string) (time.Duration, error) {
	now := time.Now()
	until, err := parseExpiry(strings.TrimSpace(typed), now)
	return until.Sub(now), err
}

// Receivers implements tui.StoreDesk.
func (d storeDesk) Receivers() (names []string) {
	known, err := d.home.known()
	if err != nil {
		return nil
	}
	peers, err := known.List()
	if err != nil {
		return nil
	}
	for _, p := range peers {
		if len(p.KEM) > 0 {
			names = append(names, p.Name)
		}
	}
	return names
}
