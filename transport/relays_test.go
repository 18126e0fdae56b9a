package transport

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func relayTicket(host string) RelayTicket {
	return RelayTicket{
		Addresses: []string{host + ":6768", "[2001:db8::1]:6768"},
		Key:       testIdentity(host).Fingerprint(),
		Token:     testToken(host),
	}
}

func TestRelayTicket(t *testing.T) {
	full := relayTicket("relay.example")
	full.Pass = "a.b.c"
	open := RelayTicket{Addresses: []string{"h:1"}, Key: Fingerprint{1}}
	for _, ticket := range []RelayTicket{full, relayTicket("other.example"), open} {
		word := ticket.Reveal()
		again, err := ParseRelayTicket(word)
		if err != nil || fmt.Sprintf("%q", again.Addresses) != fmt.Sprintf("%q", ticket.Addresses) ||
			again.Key != ticket.Key || again.Token != ticket.Token || again.Pass != ticket.Pass {
			t.Errorf("read back with %v", err)
		}
		for i := range word {
			if _, err := ParseRelayTicket(word[:i]); err == nil {
				t.Errorf("cut at %d it is a ticket", i)
			}
		}
		shown, _ := json.Marshal(ticket)
		if s := fmt.Sprintf("%v %+v %#v %s %q", ticket, ticket, ticket, ticket, ticket) + string(shown); strings.Contains(s, word[8:20]) || !strings.Contains(s, "bgrelay_***") {
			t.Errorf("it shows itself: %s", s)
		}
	}
	for name, payload := range map[string]string{"newer": "\x02\x01", "without an address": "\x01\x12\x20" + strings.Repeat("k", 32), "nothing": ""} {
		if _, err := ParseRelayTicket(encodeWord(relayTicketPrefix, []byte(payload))); err == nil {
			t.Errorf("%s is a ticket", name)
		}
	}
	if _, err := ParseRelayTicket(Ticket{Addresses: []string{"h:1"}, Key: Fingerprint{1}, Token: testToken("x")}.Reveal()); err == nil {
		t.Error("a peer's ticket is a relay's")
	}
}

func TestKnownRelays(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenKnownRelays(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"one.example", "two.example", "one.example"} {
		if err := k.Add(relayTicket(host)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := k.List()
	if err != nil || len(all) != 2 || all[0].Ticket.Addresses[0] != "one.example:6768" || all[1].Added.IsZero() {
		t.Fatalf("%v %v", all, err)
	}
	r := all[0].Remote()
	if token, ok := r.Secret.Token(); r.Address != "one.example:6768" || r.Key != all[0].Ticket.Key || !ok || token != testToken("one.example") {
		t.Errorf("reached as %v", r)
	}
	if known, err := k.Lookup("two.example:6768"); err != nil || known.Ticket.Key != all[1].Ticket.Key {
		t.Errorf("%v %v", known, err)
	}
	if _, err := k.Lookup("three.example:6768"); !errors.Is(err, ErrUnknownRelay) {
		t.Errorf("unknown: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "relays.json")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the file: %v %v", info, err)
	}
	if err := k.Forget("two.example:6768"); err != nil {
		t.Error(err)
	}
	if err := k.Forget("two.example:6768"); !errors.Is(err, ErrUnknownRelay) {
		t.Errorf("forgotten twice: %v", err)
	}
	if r := (KnownRelay{Ticket: RelayTicket{Addresses: []string{"h:1"}}}).Remote(); !r.Secret.IsZero() {
		t.Error("a relay without a token has a secret")
	}
	if err := os.WriteFile(filepath.Join(dir, "relays.json"), []byte(`{"relays":[{"addresses":["h:1"],"token":"bgt_x"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKnownRelays(dir); err == nil {
		t.Error("a damaged list opens")
	}
}
