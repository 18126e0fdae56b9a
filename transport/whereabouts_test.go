package transport

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// Whose clocks are less than an hour apart meet at any time of the day.
func TestRoomsNow(t *testing.T) {
	secret := RoomSecret{1}
	midnight := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]int{
		0: 2, 59 * time.Minute: 2, 61 * time.Minute: 1, 12 * time.Hour: 1, 22*time.Hour + 59*time.Minute: 1, 23*time.Hour + time.Minute: 2,
	} {
		now := midnight.Add(after)
		rooms := RoomsNow(secret, now)
		if len(rooms) != want || rooms[0] != RoomOfDay(secret, now) {
			t.Errorf("%v after midnight there are %d rooms, want %d", after, len(rooms), want)
		}
		for off := -59 * time.Minute; off < time.Hour; off += 59 * time.Minute {
			if !slices.Contains(rooms, RoomOfDay(secret, now.Add(off))) {
				t.Errorf("%v after midnight nobody waits for whose clock is off by %v", after, off)
			}
		}
		next := NextRooms(now)
		same := func(at time.Time) bool {
			return len(RoomsNow(secret, at)) == len(rooms) && !slices.ContainsFunc(RoomsNow(secret, at), func(r RoomName) bool { return !slices.Contains(rooms, r) })
		}
		if same(next.Add(time.Second)) || !next.After(now) || !same(next.Add(-time.Second)) {
			t.Errorf("%v after midnight the next rooms are at %v", after, next)
		}
	}
	if RoomOfDay(secret, midnight) == RoomOfDay(RoomSecret{2}, midnight) {
		t.Error("two secrets have the same room")
	}
	zone := time.FixedZone("", 9*3600)
	if RoomOfDay(secret, midnight.In(zone)) != RoomOfDay(secret, midnight) {
		t.Error("it depends on the time zone")
	}
}

// What is not whole is nowhere, and the secret is in files only.
func TestRendezvousIsWhole(t *testing.T) {
	whole := testRendezvous.message()
	if got := rendezvousOf(whole); got != testRendezvous {
		t.Errorf("%v came back", got)
	}
	near := Rendezvous{Room: testRendezvous.Room}
	if got := rendezvousOf(near.message()); got != near || near.AtRelay() || near.IsZero() {
		t.Errorf("%v, of the local network only, came back", got)
	}
	for name, m := range map[string]*wire.Rendezvous{
		"absent":     nil,
		"no relay":   {Key: whole.Key, Room: whole.Room},
		"no key":     {Relay: whole.Relay, Room: whole.Room},
		"no room":    {Relay: whole.Relay, Key: whole.Key},
		"short room": {Relay: whole.Relay, Key: whole.Key, Room: whole.Room[:31]},
	} {
		if got := rendezvousOf(m); !got.IsZero() || got != (Rendezvous{}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%x", "%d"} {
		if s := fmt.Sprintf(verb, testRendezvous.Room); s != hiddenSecret {
			t.Errorf("%s prints it as %s", verb, s)
		}
	}
	b, err := json.Marshal(testRendezvous)
	var back Rendezvous
	if err != nil || json.Unmarshal(b, &back) != nil || back != testRendezvous {
		t.Errorf("%s is read as %v", b, back)
	}
}
