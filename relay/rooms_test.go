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
			{after: time.Minute, do: "join", room: 1, who: 9, want: whyNoRoom},
			{after: time.Minute, do: "join", room: 1, who: 9, want: whyLimit, wait: 57 * time.Minute},
		},
		"joins that waited": {
			{do: "join", room: 1, who: 9, want: whyNoRoom}, {do: "waited", who: 9},
			{do: "join", room: 1, who: 9, want: whyNoRoom}, {do: "waited", who: 9},
			{do: "join", room: 1, who: 9, want: whyNoRoom}, {do: "waited", who: 9},
			{do: "join", room: 1, who: 9, want: whyLimit, wait: time.Minute},
			{after: time.Minute, do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "join", room: 1, who: 9, want: whyNoRoom},
			{after: time.Minute, do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "join", room: 1, who: 9, want: whyNoRoom},
			{do: "join", room: 1, who: 9, want: whyLimit, wait: 58 * time.Minute},
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

// Who opens a room again on another link takes it over from the one that may be
// dead; nobody else does.
// It holds F93.
func TestRoomTakenOver(t *testing.T) {
	r, now, name := newRooms(defaultRoomLimits), time.Unix(1_000_000, 0), roomName{1}
	holder := []byte("one of 16 bytes.")
	first, second := newOpener("t", netip.AddrPort{}, holder), newOpener("t", netip.AddrPort{}, holder)
	if _, refused := r.begin(name, first, 0, 0, now); refused != nil {
		t.Fatal(refused)
	}
	for what, o := range map[string]*opener{
		"another token": newOpener("u", netip.AddrPort{}, holder), "another holder": newOpener("t", netip.AddrPort{}, []byte("another of 16 by")),
		"nobody": newOpener("t", netip.AddrPort{}, nil),
	} {
		if _, refused := r.begin(name, o, 0, 0, now); refused == nil || refused.why != whyExists {
			t.Errorf("%s: %v", what, refused)
		}
	}
	if _, refused := r.begin(name, second, 0, 0, now); refused != nil {
		t.Error(refused)
	}
	select {
	case <-first.over:
	default:
		t.Error("the first one was not told")
	}
	r.end(name, first) // it hears so late
	if o, _ := r.owner(name, now); o != second || r.tokens["t"] != 1 {
		t.Errorf("the owner is another, and there are %d rooms", r.tokens["t"])
	}
}

// Who waits for a room hears when it is opened, and nothing is kept of who gave up.
func TestRoomAwaited(t *testing.T) {
	r, now, name := newRooms(defaultRoomLimits), time.Unix(1_000_000, 0), roomName{1}
	a, b := r.await(name), r.await(name)
	r.leave(name, a)
	select {
	case <-b:
		t.Error("it is not open yet")
	default:
	}
	r.begin(name, newOpener("t", netip.AddrPort{}, nil), 0, 0, now)
	<-b
	r.leave(name, b)
	c := r.await(roomName{2})
	r.leave(roomName{2}, c)
	if len(r.awaited) != 0 {
		t.Errorf("%d are waited for", len(r.awaited))
	}
}

// A join that the ledger refuses is none of those that may join.
func TestRefusedJoinIsNotUsedUp(t *testing.T) {
	p, c := newPlaneOf(t, 1)
	l := NewLedger(Limits{PerToken: Terms{Sessions: 1}}, c.now())
	r := New(Config{Plane: p, Ledger: l})
	one, other, from := roomName{1}, roomName{2}, netip.MustParseAddrPort("192.0.2.1:5")
	for _, name := range []roomName{one, other} {
		if _, refused := r.rooms.begin(name, newOpener("t", from, nil), 0, 1, time.Now()); refused != nil {
			t.Fatal(refused)
		}
	}
	_, _, leg, refused := r.match(one, from)
	if refused != nil {
		t.Fatal(refused)
	}
	for range 2 {
		if _, _, _, refused = r.match(other, from); refused == nil || refused.why != whyLimit {
			t.Fatalf("a second session: %v", refused)
		}
	}
	r.reject(leg.Session, "t", false)
	if _, _, _, refused = r.match(other, from); refused != nil {
		t.Error(refused)
	}
	if _, _, _, refused = r.match(other, from); refused == nil || refused.why != whyExpired {
		t.Errorf("one more than may join: %v", refused)
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
			owners[s.who] = newOpener(string(s.who), netip.AddrPort{}, nil)
		}
		var refused *refusal
		switch s.do {
		case "open":
			_, refused = r.begin(name, owners[s.who], 0, s.joins, now)
		case "join":
			if refused = r.count(from, now); refused == nil {
				_, refused = r.owner(name, now)
			}
		case "forgive":
			r.forgive(from)
		case "waited":
			r.waited(from)
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
