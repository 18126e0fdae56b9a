package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	b := &relayBox{home: h, keeper: k, giveUp: a.progressWait(), opens: map[drop.ID]session.DropConfig{}, gone: map[drop.ID]bool{}}
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
	for _, r := range receipts {
		id, _ := drop.ParseID(r.ID) // checked, as the key
		key, _ := drop.ParseKey(r.Key)
		if r.Relay != b.keeper.at.addr || b.isGone(id) {
			continue
		}
		switch _, err := b.keeper.Info(ctx, id); {
		case errors.Is(err, session.NotFound): // bargee drop list says so
			b.mu.Lock()
			b.gone[id] = true
			b.mu.Unlock()
			continue
		case err != nil:
			return nil, err
		}
		ticket, err := r.ticket()
		if err != nil {
			return nil, err
		}
		all = append(all, boxed{session.BoxedDrop{ID: id, Name: boxName(r.To, r.Names, r.ID), Stored: r.Stored, Ours: true,
			Note: "bargee receive " + ticket.Reveal() + "\n"}, session.DropConfig{Key: key}})
	}
	return all, nil
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
		for _, st := range states[:min(len(states), mostWaiting)] {
			all = append(all, boxed{session.BoxedDrop{ID: st.ID, Name: "for us " + st.ID.String()[:8], Stored: st.Created},
				session.DropConfig{ID: st.ID, Private: private}})
		}
	}
	return all, nil
}

// longestBoxName is how many letters of a file's name are in that of its drop.
const longestBoxName = 60

// boxName is what a drop of ours is called: after what is in it, and with the beginning
// of its ID, so that two of the same files are told apart.
func boxName(to string, names []string, id string) string {
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
	return name + " " + id[:8]
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
func (b *relayBox) store(paths []session.Path) (session.DepositConfig, error) {
	var names []string
	for _, p := range paths {
		names = append(names, p.Base())
	}
	return session.DepositConfig{
		Depot: b.keeper, Name: b.keeper.at.addr, TTL: boxTTL, From: callOurselves(), State: b.home.dropWork(),
		OnStored: func(d session.Deposited) error {
			key := b.keeper.remote.Key
			if key.IsZero() {
				key = b.keeper.web.Peer().Key
			}
			return b.home.keepReceipt(receiptFor(d, b.keeper.at.addr, key, names))
		},
	}, nil
}
