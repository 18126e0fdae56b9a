package cli

import (
	"crypto/hpke"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/depot"
	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
	"github.com/bargee/bargee/relay/web"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// boxAt is a drop box at a relay that is asked over HTTP.
func boxAt(t *testing.T) *relayBox {
	t.Helper()
	b, err := bucket.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := drops.Open(t.Context(), drops.Config{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(web.New(web.Config{Drops: store}).As(web.Caller{Account: "us"}))
	t.Cleanup(srv.Close)
	asks := &http.Transport{}
	t.Cleanup(asks.CloseIdleConnections)
	k := &keeper{
		Depot: depot.New(depot.Config{Transport: asks, Origin: srv.URL}), plain: asks,
		at: target{kind: addressTarget, addr: "relay.example:6768"}, remote: transport.RelayRemote{Key: transport.Fingerprint{1}},
	}
	return &relayBox{home: home{t.TempDir(), t.TempDir()}, keeper: k, giveUp: time.Nanosecond,
		opens: map[drop.ID]session.DropConfig{}, gone: map[drop.ID]bool{}, looked: map[drop.ID]lookedAt{}}
}

// names are what the box shows.
func (b *relayBox) names(t *testing.T) (names []string) {
	t.Helper()
	all, err := b.drops(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		names = append(names, d.Name)
	}
	return names
}

// A box has what was stored from here and what is sealed to us, opens both, and takes
// back what is ours.
func TestRelayBox(t *testing.T) {
	b, ctx := boxAt(t), t.Context()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	at, err := session.NewHost().PathOf(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := b.store([]session.Path{at}, session.DropTerms{Tags: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Paths = []session.Path{at}
	ours, _, err := session.Deposit(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	openers, err := b.home.openers()
	if err != nil {
		t.Fatal(err)
	}
	sender, err := transport.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnStored, cfg.To = nil, recipientOf(openers[0], sender)
	waiting, _, err := session.Deposit(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := aReceipt(time.Now()) // at another relay
	if err := b.home.keepReceipt(elsewhere); err != nil {
		t.Fatal(err)
	}
	want := []string{"file " + ours.ID.String()[:8], "from a stranger, file " + waiting.ID.String()[:8]}
	if got := b.names(t); !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	known, err := b.home.known()
	if err == nil {
		err = known.Add(transport.KnownPeer{Name: "anna", Key: transport.FingerprintOf(sender.PublicKey())})
	}
	if err != nil {
		t.Fatal(err)
	}
	want[1] = "from anna, file " + waiting.ID.String()[:8]
	all, err := b.drops(ctx)
	if err != nil || len(all) != 2 || all[1].Name != want[1] || all[1].From != "anna" || all[0].Ticket == "" || !slices.Equal(all[0].Tags, []string{"x"}) {
		t.Fatalf("%+v %v", all, err)
	}
	for _, id := range []drop.ID{ours.ID, waiting.ID} {
		d, err := b.open(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if s := d.Summary(); s.Files != 1 || s.Bytes != 7 {
			t.Errorf("%+v", s)
		}
		d.Close()
	}
	if err := b.remove(ctx, waiting.ID); !errors.Is(err, session.NotFound) {
		t.Errorf("what others stored is removed: %v", err)
	}
	if err := b.keeper.Remove(ctx, ours.ID, ours.Owner); err != nil { // by who has the receipt, too
		t.Fatal(err)
	}
	if got := b.names(t); !slices.Equal(got, want[1:]) || !b.isGone(ours.ID) {
		t.Errorf("%q", got)
	}
	if err := b.remove(ctx, ours.ID); err != nil {
		t.Errorf("one that is gone: %v", err)
	}
	if _, err := os.Stat(b.home.receiptFile(ours.ID.String())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its receipt is kept: %v", err)
	}
}

func recipientOf(opener hpke.PrivateKey, sender *transport.Identity) *session.DropRecipient {
	return &session.DropRecipient{KEM: opener.PublicKey().Bytes(), Key: sender.PublicKey(), Sign: sender.Sign, Sequence: 1}
}

// A drop is called after what is in it.
func TestBoxName(t *testing.T) {
	long := slices.Repeat([]rune{'ä'}, longestBoxName)
	for want, x := range map[string]struct {
		to    string
		names []string
	}{
		"drop 01234567":            {"", nil},
		"film 01234567":            {"", []string{"film"}},
		"film +2 for nas 01234567": {"nas", []string{"film", "b", "c"}},
		string(long) + " 01234567": {"", []string{string(long) + "more"}},
	} {
		if got := boxName(x.to, x.names, "01234567"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
