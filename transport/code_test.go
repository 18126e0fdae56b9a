package transport

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	list := words()
	if len(list) != 7772 || !slices.IsSorted(list) {
		t.Fatalf("%d words, sorted: %v", len(list), slices.IsSorted(list))
	}
	for _, w := range list {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" || len(w) < 3 {
			t.Errorf("%q", w)
		}
	}
	if bits := codeWords * math.Log2(float64(len(list))); bits < 38.5 {
		t.Errorf("the words of a code are worth %.1f bits", bits)
	}
}

func TestNewCode(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		c, err := NewCode("relay.example")
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Number()) != 4 || c.Number()[0] == '0' || c.Relay() != "relay.example:6768" {
			t.Fatalf("number %s, relay %s", c.Number(), c.Relay())
		}
		again, err := ParseCode(c.Reveal())
		if err != nil || again != c || !strings.HasSuffix(c.Reveal(), "@relay.example") {
			t.Fatalf("%s is read as %s: %v", c.Reveal(), again.Reveal(), err)
		}
		seen[c.spoken()] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different ones of 1000", len(seen))
	}
	for digits := range 20 {
		if n := len(NewRoomNumber(digits)); n != min(max(digits, minDigits), mostDigits) {
			t.Errorf("%d digits where %d were asked for", n, digits)
		}
	}
}

// TestParseCode holds M85.
func TestParseCode(t *testing.T) {
	w := words()[:3]
	plain := "4711-" + strings.Join(w, "-")
	for in, want := range map[string]string{
		plain:                               plain,
		"  " + plain + "\r\n":               plain,
		strings.ToUpper(plain):              plain,
		strings.Join(w, " "):                "",
		"4711 " + strings.Join(w, "  "):     plain,
		"471-" + strings.Join(w, "-"):       "",
		"1234567890-" + plain[5:]:           "",
		plain + "-abacus":                   "",
		plain[:len(plain)-1]:                "", // no word
		plain + "@host":                     plain + "@host",
		plain + "@host:6768":                plain + "@host",
		plain + "@host:6769":                plain + "@host:6769",
		plain + "@192.0.2.1":                plain + "@192.0.2.1",
		plain + "@[2001:db8::1]":            plain + "@[2001:db8::1]",
		plain + "@[2001:db8::1]:1":          plain + "@[2001:db8::1]:1",
		plain + "@2001:db8::1":              "",
		plain + "@":                         "",
		plain + "@:1":                       "",
		plain + "@host:":                    "",
		plain + "@host:0":                   "",
		plain + "@host:70000":               "",
		plain + "@ho st":                    "",
		plain + "@a@b":                      "",
		plain + "@\x1b[2J":                  "",
		plain + "\u0301":                    "", // an accent on the last letter
		"４７１１" + plain[4:]:                  "", // digits of another kind
		strings.ReplaceAll(plain, "-", "‐"): "", // a hyphen of another kind
		"":                                  "",
	} {
		c, err := ParseCode(in)
		if (err == nil) != (want != "") || err == nil && c.Reveal() != want {
			t.Errorf("%q: %q, %v", in, c.Reveal(), err)
		}
		if err != nil && strings.Contains(err.Error(), w[1]) {
			t.Errorf("%q: the error tells words: %v", in, err)
		}
	}
}

// TestRoomNames: the room of a code is that of its number, whatever its words, and
// no kind of room is another kind's.
func TestRoomNames(t *testing.T) {
	a, b := testCode("a"), testCode("b")
	b.number, b.relay = a.number, "elsewhere:1"
	if a.Room() != b.Room() || a.Room() != RoomOfCode(a.Number()) || a.Room() == testCode("b").Room() {
		t.Error("a code's room is not that of its number alone")
	}
	if RoomNamed(a.Number()) == a.Room() {
		t.Error("a named room is a code's")
	}
	if RoomOfToken(testToken("a").Public()) == RoomOfToken(testToken("b").Public()) {
		t.Error("two tokens have one room")
	}
}

// TestLinkWords: both ends of a link have the same words, and no others.
func TestLinkWords(t *testing.T) {
	one, two := quicPair(t, 1)
	if w := one.Peer().Words; w != two.Peer().Words || len(strings.Fields(w)) != linkWords {
		t.Errorf("%q here, %q there", w, two.Peer().Words)
	}
	again, _ := quicPair(t, 1)
	if again.Peer().Words == one.Peer().Words {
		t.Error("another connection has the same words")
	}
	a, b := Pipe()
	if a.Peer().Words == "" || a.Peer().Words != b.Peer().Words {
		t.Errorf("a pipe: %q and %q", a.Peer().Words, b.Peer().Words)
	}
}
