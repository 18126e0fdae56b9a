package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

func TestTokenWord(t *testing.T) {
	for range 100 {
		token := NewToken()
		word := token.Reveal()
		if len(word) != 4+26+4 || !strings.HasPrefix(word, "bgt_") || word != strings.ToLower(word) {
			t.Fatalf("the word has %d characters", len(word))
		}
		if again, err := ParseToken(word); err != nil || again != token {
			t.Fatalf("read back: %v", err)
		}
	}
}

// TestTokenMistyped holds M83.
func TestTokenMistyped(t *testing.T) {
	word := testToken("typo").Reveal()
	for i := 4; i < len(word); i++ {
		other := byte('a')
		if word[i] == other {
			other = 'b'
		}
		_, err := ParseToken(word[:i] + string(other) + word[i+1:])
		if err == nil || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("character %d changed: %v", i, err)
		}
		if err != nil && strings.Contains(err.Error(), word[4:12]) {
			t.Error("the error tells the token")
		}
	}
	for _, s := range []string{"", "bgt_", "bgt_abc", "bgt_" + strings.Repeat("a", 100), strings.ToUpper(word), word + " "} {
		if _, err := ParseToken(s); err == nil {
			t.Errorf("%q is a token", s)
		}
	}
}

// TestTokenSpelling: the bits of base32 that are not used have to be zero, so
// that a token has one spelling.
func TestTokenSpelling(t *testing.T) {
	body := tokenPrefix + strings.Repeat("a", 25) + "b"
	if _, err := ParseToken(body + checksum(body)); err == nil {
		t.Error("a second spelling is accepted")
	}
}

func TestTokenPublic(t *testing.T) {
	p := testToken("public").Public()
	text, err := p.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var q TokenPublic
	if err := q.UnmarshalText(text); err != nil || q != p {
		t.Errorf("read back %v: %v", q, err)
	}
	if len(p.ID()) != 8 || p.ID() == testToken("other").Public().ID() {
		t.Errorf("id %q", p.ID())
	}
	if err := q.UnmarshalText([]byte("bgtpub_nonsense")); err == nil {
		t.Error("nonsense is a public half")
	}
}

// TestRedaction prints secrets in every way there is.
func TestRedaction(t *testing.T) {
	token := testToken("hidden")
	phrase, err := ParseSecret("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	code := testCode("hidden")
	ticket := Ticket{Addresses: []string{"h:1"}, Key: Fingerprint{1}, Token: token}
	hidden := []string{token.Reveal()[4:20], "correct horse", fmt.Sprintf("%x", token.secret[:4]), fmt.Sprint(token.secret[:4]), ticket.Reveal()[9:30], code.words[1]}
	for _, v := range []any{token, &token, SecretOf(token), phrase, &phrase, ticket, &ticket, code, &code, code.Secret(), []any{token, phrase, code}, struct{ T Token }{token}} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+" ", v)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		for _, h := range hidden {
			if strings.Contains(out.String(), h) {
				t.Errorf("%T shows %q in %s", v, h, &out)
			}
		}
	}
}

// TestParseSecret holds M82, M84.
func TestParseSecret(t *testing.T) {
	word := testToken("secret").Reveal()
	tests := []struct {
		in     string
		phrase bool
		ok     bool
	}{
		{word, false, true},
		{" \t" + word + "\r\n", false, true},
		{word[:20], false, false},
		{"twelve chars", true, true},
		{"eleven char", false, false},
		{"zwölf Zeichn", true, true},
		{"   eleven char ", false, false},
		{"\u00a0\u00a0eleven char", true, true}, // only white space of ASCII is dropped
		{"", false, false},
		{"bad \xff utf-8 here", false, false},
		{strings.Repeat("x", 1025), false, false},
	}
	for _, test := range tests {
		s, err := ParseSecret(test.in)
		if (err == nil) != test.ok || err == nil && s.IsPhrase() != test.phrase {
			t.Errorf("%q: phrase %v, %v", test.in, s.IsPhrase(), err)
		}
	}
}

func TestTicket(t *testing.T) {
	ticket := Ticket{
		Addresses: []string{"192.0.2.1:6768", "[2001:db8::1]:6768", "host.example:1"},
		Relay:     "relay.example:6768",
		Key:       testIdentity("server").Fingerprint(),
		Token:     testToken("ticket"),
	}
	word := ticket.Reveal()
	again, err := ParseTicket(word)
	if err != nil || again.Reveal() != word || again.Token != ticket.Token || again.Key != ticket.Key ||
		fmt.Sprint(again.Addresses) != fmt.Sprint(ticket.Addresses) || again.Relay != ticket.Relay {
		t.Errorf("read back with %v", err)
	}
	if strings.ContainsAny(word[9:], "_ :/") {
		t.Error("a ticket is more than one word")
	}
	for i := range word {
		if _, err := ParseTicket(word[:i]); err == nil {
			t.Errorf("cut at %d it is a ticket", i)
		}
	}
	newer := encodeWord(ticketPrefix, []byte{2, 1, 2, 3})
	if _, err := ParseTicket(newer); err == nil || !strings.Contains(err.Error(), "update") {
		t.Errorf("a newer ticket: %v", err)
	}
}

func TestTicketOfADrop(t *testing.T) {
	key, id := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 16)
	for name, ticket := range map[string]Ticket{
		"with its key":     {Relay: "relay.example:6768", RelayKey: Fingerprint{3}, Drop: &DropTicket{Key: key, URL: "https://relay.example"}},
		"sealed to a peer": {Relay: "relay.example:6768", Drop: &DropTicket{ID: id}},
		"by HTTP only":     {Drop: &DropTicket{Key: key, URL: "https://relay.example"}},
	} {
		again, err := ParseTicket(ticket.Reveal())
		if err != nil || !reflect.DeepEqual(again, ticket) {
			t.Errorf("%s: %v", name, err)
		}
		if fmt.Sprintf("%v %+v", ticket, again) != hiddenTicket+" "+hiddenTicket {
			t.Errorf("%s: it prints", name)
		}
	}
	for name, ticket := range map[string]Ticket{
		"nowhere":    {Drop: &DropTicket{Key: key}},
		"no drop":    {Relay: "r:1", Drop: &DropTicket{}},
		"key and id": {Relay: "r:1", Drop: &DropTicket{Key: key, ID: id}},
		"half a key": {Relay: "r:1", Drop: &DropTicket{Key: key[:16]}},
	} {
		if _, err := ParseTicket(ticket.Reveal()); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Ticket{Relay: "r:1", Drop: &DropTicket{Key: make([]byte, 32)}}.Reveal())
	f.Add(testToken("fuzz").Reveal())
	f.Add(Ticket{Addresses: []string{"h:1"}, Key: Fingerprint{1}, Token: testToken("fuzz")}.Reveal())
	f.Add("bgticket_aaaa")
	f.Add(testCode("fuzz").Reveal() + "@[::1]:7")
	f.Fuzz(func(t *testing.T, s string) {
		if token, err := ParseToken(s); err == nil && token.Reveal() != s {
			t.Errorf("%q is read as another token", s)
		}
		if ticket, err := ParseTicket(s); err == nil {
			if _, err := ParseTicket(ticket.Reveal()); err != nil {
				t.Errorf("%q: %v", s, err)
			}
		}
		if code, err := ParseCode(s); err == nil {
			if again, err := ParseCode(code.Reveal()); err != nil || again != code {
				t.Errorf("%q is read as another code", s)
			}
		}
		ParseSecret(s)
		ParseFingerprint(s)
	})
}
