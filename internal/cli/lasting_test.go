package cli

import (
	"strings"
	"testing"

	"github.com/bargee/bargee/transport"
)

// What the queue's file calls a peer means the same one in another process, and
// holds no secret.
func TestLasting(t *testing.T) {
	id, err := transport.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	key := id.Fingerprint()
	token := transport.NewToken()
	ticket := transport.Ticket{Key: key, Token: token, Addresses: []string{"192.0.2.7:6768"}}
	for _, c := range []struct{ typed, lasting string }{
		{"attic:/films", "attic:"},
		{"bargee://server.example/films", "bargee://server.example:6768"},
		{"bargee://" + key.String() + "@[2001:db8::1]:7000/", "bargee://" + key.String() + "@[2001:db8::1]:7000"},
		{ticket.Reveal() + ":/x", "bargee://" + key.String() + "@192.0.2.7:6768"},
	} {
		at, err := parseAddress(c.typed)
		if err != nil {
			t.Fatal(err)
		}
		r := &reach{words: map[string]target{}}
		got := r.Lasting(r.word(at))
		if got != c.lasting || strings.Contains(got, token.Reveal()) {
			t.Errorf("%s lasts as %s, want %s", c.typed, got, c.lasting)
		}
		other := &reach{words: map[string]target{}}
		word := other.Recall(got)
		if back := other.Lasting(word); back != c.lasting {
			t.Errorf("%s is recalled as %s, which lasts as %s", got, word, back)
		}
		if to, err := other.target(word); err != nil || to.kind == ticketTarget || to.peer() != c.lasting {
			t.Errorf("%s means %+v, %v", word, to, err)
		}
	}
}
