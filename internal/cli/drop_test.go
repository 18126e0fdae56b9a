package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// aReceipt is one of a drop that was stored at.
func aReceipt(at time.Time) receipt {
	k := drop.NewKey()
	return receipt{ID: drop.Derive(k).ID.String(), Key: k.Reveal(), Owner: session.NewDropOwner().Reveal(), Relay: "relay.example:6768",
		Stored: at, Names: []string{"a\xff"}, Files: 1, Bytes: 2}
}

// Receipts outlive us, are nobody else's to read, and one that is damaged is told of
// by its file.
func TestReceipts(t *testing.T) {
	h := home{state: t.TempDir()}
	if all, err := h.receipts(); err != nil || len(all) != 0 {
		t.Fatal(all, err)
	}
	old, late := aReceipt(time.Unix(1000, 0)), aReceipt(time.Unix(2000, 0))
	late.To, late.Sequence = "nas", 7
	for _, r := range []receipt{late, old} {
		if err := h.keepReceipt(r); err != nil {
			t.Fatal(err)
		}
	}
	st, err := os.Stat(h.receiptFile(old.ID))
	if err != nil || st.Mode().Perm()&0o077 != 0 && os.Getuid() >= 0 {
		t.Errorf("%v %v", st.Mode(), err)
	}
	all, err := h.receipts()
	if err != nil || len(all) != 2 || all[0].ID != late.ID || all[1].Key != old.Key {
		t.Fatalf("%+v %v", all, err)
	}
	for _, word := range []string{old.ID, old.ID[:leastID]} {
		if got, err := receiptOf(all, word); err != nil || got.ID != old.ID {
			t.Errorf("%s is %s, %v", word, got.ID, err)
		}
	}
	for _, word := range []string{"", old.ID[:leastID-1], "zzzz"} {
		if _, err := receiptOf(all, word); !errors.Is(err, session.NotFound) {
			t.Errorf("%q: %v", word, err)
		}
	}
	twice := []receipt{old, old}
	twice[1].ID = old.ID[:leastID] + strings.Repeat("0", 32-leastID)
	if _, err := receiptOf(twice, old.ID[:leastID]); exitCode(err) != exitUsage {
		t.Errorf("it begins two: %v", err)
	}
	if n := nextSequence(all, time.UnixMicro(3)); n != 8 {
		t.Errorf("after 7 comes %d", n)
	}
	if n := nextSequence(all, time.UnixMicro(900)); n != 900 {
		t.Errorf("at 900 comes %d", n)
	}
	if err := os.WriteFile(h.receiptFile(old.ID), []byte(`{"id":"../x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.receipts(); err == nil || !strings.Contains(err.Error(), old.ID+".json") {
		t.Errorf("a damaged one: %v", err)
	}
	if _, err := os.Stat(h.receiptFile("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// What a ticket, an address or an ID of a drop says, and what is none.
func TestDropWords(t *testing.T) {
	r := aReceipt(time.Now())
	r.RelayKey = transport.Fingerprint{1}
	open, err := r.ticket()
	if err != nil {
		t.Fatal(err)
	}
	r.To = "nas"
	sealed, err := r.ticket()
	if err != nil {
		t.Fatal(err)
	}
	key, _ := drop.ParseKey(r.Key)
	for name, x := range map[string]struct {
		word string
		ok   bool
		want func(namedDrop) bool
	}{
		"ticket": {open.Reveal(), true, func(w namedDrop) bool {
			return w.key == key && w.secret && w.relay == r.Relay && w.relayKey == r.RelayKey
		}},
		"sealed ticket": {sealed.Reveal(), true, func(w namedDrop) bool { return w.sealed && !w.secret && w.id.String() == r.ID }},
		"address": {drop.Link("https://relay.example", key), true, func(w namedDrop) bool {
			return w.key == key && w.origin == "https://relay.example" && w.relay == "" && w.secret
		}},
		"id":         {strings.ToUpper(r.ID), true, func(w namedDrop) bool { return w.sealed && w.id.String() == r.ID }},
		"code":       {"4711-abacus-abdomen-zoom", false, nil},
		"path":       {"x/" + r.ID, false, nil},
		"mistyped":   {open.Reveal()[:40], false, nil},
		"short id":   {r.ID[:31], false, nil},
		"a web page": {"https://relay.example/", false, nil},
	} {
		w, ok, err := dropWord(x.word)
		if ok != x.ok || err != nil || ok && !x.want(w) {
			t.Errorf("%s: %+v %v %v", name, w, ok, err)
		}
	}
	if _, _, err := dropWord("https://relay.example/#short"); err == nil {
		t.Error("an address with half a key is taken")
	}
}

// Values of send --store that make no sense are wrong usage.
func TestStoreFlags(t *testing.T) {
	for args, good := range map[string]bool{
		"":                                 true,
		"--store":                          true,
		"--store --ttl 12h --downloads 3":  true,
		"--store --tag a --tag b --to nas": true,
		"--ttl 12h":                        false,
		"--to nas":                         false,
		"--store --ttl 0s":                 false,
		"--store --ttl soon":               false,
		"--store --downloads -1":           false,
		"--store --tag a\tb":               false,
		"--store --tag=":                   false,
		"--store --give-up -1s":            false,
		"--store --receivers 2":            false,
		"--store --tag " + strings.Repeat("x", session.MaxDropTag+1): false,
	} {
		var f leaveFlags
		set := pflag.NewFlagSet("send", pflag.ContinueOnError)
		f.add(set)
		set.Int("receivers", 1, "")
		set.Duration("code-ttl", 0, "")
		set.String("listen", "", "")
		if err := set.Parse(strings.Split(args, " ")); err != nil {
			t.Fatal(args, err)
		}
		err := f.check(set, time.Now())
		if (err == nil) != good || err != nil && exitCode(err) != exitUsage {
			t.Errorf("%q: %v", args, err)
		}
	}
}
