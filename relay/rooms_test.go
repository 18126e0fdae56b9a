package relay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A roomStep is something that happens to rooms, and what comes of it.
type roomStep struct {
	after time.Duration // since the step before
	do    string        // open, join, wrong, end
	room  byte
	who   byte // token of an opener, network of a joiner
	joins int
	want  wire.RelayRefusal_Why
	wait  time.Duration // that a refusal names
}

func TestRooms(t *testing.T) {
	limits := roomLimits{rooms: 3, perToken: 2, longest: time.Hour, perMinute: 3, perHour: 5, lockout: 15 * time.Minute, sources: 4}
	const fine = wire.RelayRefusal_UNSPECIFIED
	for name, steps := range map[string][]roomStep{
		"one opens, another joins": {
			{do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "open", room: 1, who: 1, want: fine},
			{do: "open", room: 1, who: 2, want: whyExists, wait: time.Hour},
			{do: "join", room: 1, who: 9, want: fine},
			{do: "join", room: 2, who: 9, want: whyNoRoom},
			{do: "end", room: 1, who: 2},
			{do: "join", room: 1, who: 8, want: fine},
			{do: "end", room: 1, who: 1},
			{do: "join", room: 1, who: 8, want: whyNoRoom},
		},
		"time passes": {
			{do: "open", room: 1, who: 1, want: fine},
			{after: time.Hour + time.Second, do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "open", room: 1, who: 2, want: fine},
		},
		"so many may join": {
			{do: "open", room: 1, who: 1, joins: 2, want: fine},
			{do: "join", room: 1, who: 7, want: fine},
			{do: "join", room: 1, who: 8, want: fine},
			{do: "join", room: 1, who: 9, want: whyExpired},
		},
		"limits of rooms": {
			{do: "open", room: 1, who: 1, want: fine},
			{do: "open", room: 2, who: 1, want: fine},
			{do: "open", room: 3, who: 1, want: whyLimit, wait: time.Minute},
			{do: "open", room: 3, who: 2, want: fine},
			{do: "open", room: 4, who: 3, want: whyLimit, wait: time.Minute},
			{do: "end", room: 1, who: 1},
			{do: "open", room: 4, who: 1, want: fine},
		},
		"joins of a source": {
			{do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "join", room: 1, who: 9, want: whyNoRoom},
			{after: 10 * time.Second, do: "join", room: 1, who: 9, want: whyLimit, wait: 50 * time.Second},
			{do: "join", room: 1, who: 8, want: whyNoRoom},
			{after: 50 * time.Second, do: "join", room: 1, who: 9, want: whyNoRoom},
			{after: time.Minute, do: "join", room: 1, who: 9, want: whyLimit, wait: 58 * time.Minute},
		},
		"a wrong secret": {
			{do: "open", room: 1, who: 1, want: fine},
			{do: "join", room: 1, who: 9, want: fine},
			{do: "wrong", who: 9},
			{after: time.Minute, do: "join", room: 1, who: 9, want: whyLimit, wait: 14 * time.Minute},
			{do: "join", room: 1, who: 8, want: fine},
			{after: 14 * time.Minute, do: "join", room: 1, who: 9, want: fine},
		},
		"many sources": { // one that is locked out stays so
			{do: "open", room: 1, who: 1, want: fine},
			{do: "join", room: 1, who: 9, want: fine},
			{do: "wrong", who: 9},
			{do: "join", room: 1, who: 20, want: fine}, {do: "join", room: 1, who: 21, want: fine}, {do: "join", room: 1, who: 22, want: fine},
			{do: "join", room: 1, who: 23, want: fine}, {do: "join", room: 1, who: 24, want: fine}, {do: "join", room: 1, who: 25, want: fine},
			{do: "join", room: 1, who: 9, want: whyLimit, wait: 15 * time.Minute},
		},
	} {
		t.Run(name, func(t *testing.T) { playRooms(t, limits, steps) })
	}
}

func playRooms(t *testing.T, limits roomLimits, steps []roomStep) {
	r, now := newRooms(limits), time.Unix(1_000_000, 0)
	owners := map[byte]*opener{}
	for i, s := range steps {
		now = now.Add(s.after)
		name := roomName{s.room}
		from := sourceOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, s.who, byte(i)}), 5))
		if owners[s.who] == nil {
			owners[s.who] = &opener{token: string(s.who)}
		}
		var refused *refusal
		switch s.do {
		case "open":
			_, refused = r.begin(name, owners[s.who], 0, s.joins, now)
		case "join":
			_, refused = r.join(name, from, now)
		case "wrong":
			r.wrong(from, now)
		case "end":
			r.end(name, owners[s.who])
		}
		var why wire.RelayRefusal_Why
		var wait time.Duration
		if refused != nil {
			why, wait = refused.why, refused.wait
		}
		if why != s.want || wait != s.wait {
			t.Fatalf("step %d, %s %d by %d: %v, wait %v; want %v, %v", i, s.do, s.room, s.who, why, wait, s.want, s.wait)
		}
		if len(r.sources) > limits.sources {
			t.Fatalf("%d sources are remembered", len(r.sources))
		}
	}
}
