package transport

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// testInvite makes an invite whose codes have the numbers 1000, 1001, … with as many
// zeros more as asked for.
func testInvite(most int) *invite {
	n := 999
	i := &invite{ttl: 10 * time.Minute, most: most, make: func(digits int) Code {
		n++
		low := 1
		for range digits - minDigits {
			low *= 10
		}
		return Code{number: strconv.Itoa(n * low)}
	}}
	i.begin(time.Time{})
	return i
}

// A step of an invitation: somebody tries a code, or time passes.
type step struct {
	at    time.Duration
	who   byte   // 0: nobody
	code  string // number that is named; with nobody: which is taken, or none
	right bool
	in    bool       // is let in
	now   string     // the number that is good afterwards; "": none
	why   CodeChange // it was replaced
}

// burn is three wrong tries.
func burn(code, next string, why CodeChange) []step {
	wrong := step{who: 'x', code: code, now: code, why: why}
	last := wrong
	last.now, last.why = next, CodeBurnt
	return []step{wrong, wrong, last}
}

// TestInvite tells what becomes of codes. It holds F94.
func TestInvite(t *testing.T) {
	const min = time.Minute
	tests := map[string]struct {
		most  int
		steps []step
	}{
		"the first who is right is the only one": {1, []step{
			{0, 'a', "1000", true, true, "", CodeNotMore},
			{1, 'b', "1000", true, false, "", CodeNotMore},
			{2, 'a', "1000", true, true, "", CodeNotMore},
			{60 * min, 'a', "1000", true, true, "", CodeNotMore}, // until the end
			{60 * min, 'a', "1000", false, false, "", CodeNotMore},
		}},
		"three wrong ones burn it": {1, []step{
			{0, 'a', "1000", false, false, "1000", CodeFirst},
			{0, 'b', "1000", false, false, "1000", CodeFirst},
			{0, 'c', "1000", false, false, "1001", CodeBurnt},
			{0, 'd', "1000", true, false, "1001", CodeBurnt}, // it was right
			{0, 'd', "1000", false, false, "1001", CodeBurnt},
			{0, 'd', "1000", false, false, "1001", CodeBurnt}, // costs the new one nothing
			{0, 'd', "1000", false, false, "1001", CodeBurnt},
			{0, 'd', "1001", true, true, "", CodeNotMore},
		}},
		"a number that was never there costs nothing": {1, []step{
			{0, 'a', "7777", false, false, "1000", CodeFirst},
			{0, 'a', "7777", false, false, "1000", CodeFirst},
			{0, 'a', "7777", true, false, "1000", CodeFirst},
			{0, 'a', "1000", true, true, "", CodeNotMore},
		}},
		"ten minutes": {1, []step{
			{10*min - 1, 'a', "1000", false, false, "1000", CodeFirst},
			{10 * min, 'b', "1000", true, false, "1001", CodeExpired},
			{20*min - 1, 'b', "1001", false, false, "1001", CodeExpired},
			{20 * min, 0, "", false, false, "1002", CodeExpired},
			{20 * min, 'b', "1002", false, false, "1002", CodeExpired},
			{20 * min, 'b', "1002", false, false, "1002", CodeExpired}, // wrong ones of before are forgotten
			{20 * min, 'b', "1002", true, true, "", CodeNotMore},
		}},
		"three guests, the second by a later code": {3, []step{
			{0, 'a', "1000", true, true, "1000", CodeFirst},
			{10 * min, 'b', "1001", true, true, "1001", CodeExpired},
			{11 * min, 'a', "1000", true, true, "1001", CodeExpired},
			{11 * min, 'b', "1000", true, false, "1001", CodeExpired}, // not the one it came by
			{11 * min, 'a', "1001", true, true, "1001", CodeExpired},  // takes no second place
			{11 * min, 'c', "1001", true, true, "", CodeNotMore},
			{11 * min, 'd', "1001", true, false, "", CodeNotMore},
			{99 * min, 'b', "1001", true, true, "", CodeNotMore},
		}},
		"burnt after a guest came, who may come again": {2, []step{
			{0, 'a', "1000", true, true, "1000", CodeFirst},
			{0, 'b', "1000", false, false, "1000", CodeFirst},
			{0, 'a', "1000", false, false, "1000", CodeFirst}, // a guest's is not counted
			{0, 'b', "1000", false, false, "1000", CodeFirst},
			{0, 'b', "1000", false, false, "1001", CodeBurnt},
			{0, 'a', "1000", true, true, "1001", CodeBurnt},
			{0, 'b', "1000", true, false, "1001", CodeBurnt},
		}},
		"somebody else has the number": {1, []step{
			{0, 0, "1000", false, false, "10010", CodeTaken},
			{0, 0, "1000", false, false, "10010", CodeTaken}, // the old one's room is nothing to us
			{0, 0, "10010", false, false, "100200", CodeTaken},
		}},
		"burnt again and again": {1, slices.Concat(
			burn("1000", "1001", CodeFirst), burn("1001", "1002", CodeBurnt),
			burn("1002", "1003", CodeBurnt), burn("1003", "", CodeBurnt),
			[]step{
				{min - 1, 'z', "1003", true, false, "", CodeBurnt},
				{min, 0, "", false, false, "1004", CodeBurnt},
				{11 * min, 0, "", false, false, "1005", CodeExpired}, // it was quiet
			})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			i := testInvite(test.most)
			for n, s := range test.steps {
				now := time.Time{}.Add(s.at)
				i.tick(now)
				switch room := RoomOfCode(s.code); {
				case s.who != 0:
					refused, _ := i.judge(Fingerprint{s.who}, room, s.right, now)
					if (refused == nil) != s.in {
						t.Errorf("step %d: refused %v", n, refused)
					}
				case s.code != "":
					i.taken(room, now)
				}
				if i.code.number != s.now || i.change != s.why {
					t.Errorf("step %d: the code is %q, %q", n, i.code.number, i.change)
				}
			}
			if i.end(); i.tick(time.Time{}.Add(time.Hour*99)) || len(i.rooms()) > 0 {
				t.Error("after the end there are codes")
			}
			if _, refused := i.ask(Fingerprint{'a'}, RoomOfCode("1000")); refused == nil {
				t.Error("after the end somebody is let in")
			}
		})
	}
}

// TestInvitePast: what was a code is told from what never was one.
func TestInvitePast(t *testing.T) {
	i := testInvite(1)
	for n := range 20 {
		i.tick(time.Time{}.Add(time.Duration(n) * 10 * time.Minute))
	}
	for number, want := range map[string]bool{"1019": true, "1018": true, "1011": true, "1010": false, "1020": false} {
		if i.was(RoomOfCode(number)) != want {
			t.Errorf("%s was one: %v", number, !want)
		}
	}
	if len(i.past) != mostPast {
		t.Errorf("%d are kept", len(i.past))
	}
	if i.end(); !i.was(RoomOfCode("1019")) {
		t.Error("at the end the last one never was")
	}
}

func TestInvitation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, err := Invite(InvitationOptions{Relay: "relay.example", Guests: 2})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		first := v.State()
		if first.Code.Relay() != "relay.example:6768" || first.Left != 2 || !slices.Equal(first.Rooms, []RoomName{first.Code.Room()}) {
			t.Errorf("at first: %+v", first)
		}
		second, err := v.Next(t.Context(), first)
		if err != nil || time.Since(start) != DefaultCodeTTL || second.Why != CodeExpired || second.Code == first.Code {
			t.Errorf("after %v: %+v, %v", time.Since(start), second, err)
		}
		if r := v.judge(Fingerprint{1}, second.Code.Room(), true); r != nil || !v.knows(Fingerprint{1}) {
			t.Error(r)
		}
		third, err := v.Next(t.Context(), second)
		if err != nil || third.Left != 1 || !slices.Equal(third.Guests, []Fingerprint{{1}}) || third.Code != second.Code {
			t.Errorf("after one came: %+v, %v", third, err)
		}
		fourth, err := v.Next(t.Context(), third)
		if err != nil || len(fourth.Rooms) != 2 || time.Since(start) != 2*DefaultCodeTTL {
			t.Errorf("after %v: %+v, %v", time.Since(start), fourth, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := v.Next(ctx, fourth); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		v.Close()
		if end, err := v.Next(t.Context(), fourth); !errors.Is(err, ErrClosed) || len(end.Rooms) > 0 || v.knows(Fingerprint{1}) {
			t.Errorf("after Close: %+v, %v", end, err)
		}
	})
}

// TestInviteAgain: who came in an earlier run may come again by the same code, and
// nobody else by it; the others' places are those that are left.
func TestInviteAgain(t *testing.T) {
	first := testInvitation("again", 2)
	t.Cleanup(first.Close)
	code, ann, bob := first.State().Code, Fingerprint{1}, Fingerprint{2}
	if refused := first.judge(ann, code.Room(), true); refused != nil {
		t.Fatal(refused)
	}
	for most, left := range map[int]bool{1: false, 2: true} {
		v, err := Invite(InvitationOptions{Guests: most, Came: first.Came()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.Close)
		if s := v.State(); s.Code.IsZero() == left || s.Left != most-1 || len(s.Guests) != 1 || !slices.Contains(s.Rooms, code.Room()) {
			t.Errorf("of %d: %+v", most, s)
		}
		if refused := v.judge(ann, code.Room(), true); refused != nil {
			t.Errorf("of %d: who came is refused: %v", most, refused)
		}
		if v.judge(bob, code.Room(), true) == nil {
			t.Errorf("of %d: another one comes by the same code", most)
		}
	}
}
