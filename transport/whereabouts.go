package transport

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A Rendezvous is where a peer can be met besides its addresses: a secret by which
// both know its rooms, on the local network and at a relay, if there is one. It is
// told to whom the peer lets in: who has it can see whether the peer is online, and
// try to enter.
type Rendezvous struct {
	Relay    string      `json:"relay"` // host:port; "": none
	RelayKey Fingerprint `json:"relay_key"`
	Room     RoomSecret  `json:"room"`
}

// IsZero tells whether r is nowhere.
func (r Rendezvous) IsZero() bool { return r.Room.IsZero() }

// AtRelay tells whether r is more than the local network.
func (r Rendezvous) AtRelay() bool { return r.Relay != "" && !r.IsZero() }

func (r Rendezvous) message() *wire.Rendezvous {
	if r.IsZero() {
		return nil
	}
	if !r.AtRelay() {
		return &wire.Rendezvous{Room: r.Room[:]}
	}
	return &wire.Rendezvous{Relay: r.Relay, Key: r.RelayKey[:], Room: r.Room[:]}
}

// RendezvousOf is what a peer said of where it can be met: relay and key may be absent
// together. What is not whole is none.
func RendezvousOf(relay string, key, room []byte) Rendezvous {
	return rendezvousOf(&wire.Rendezvous{Relay: relay, Key: key, Room: room})
}

// rendezvousOf takes what a peer said; what is not whole is none.
func rendezvousOf(m *wire.Rendezvous) Rendezvous {
	if len(m.GetRoom()) != len(RoomSecret{}) {
		return Rendezvous{}
	}
	r := Rendezvous{Room: RoomSecret(m.Room)}
	switch {
	case m.Relay == "" && len(m.Key) == 0:
		return r
	case m.Relay == "" || len(m.Key) != len(Fingerprint{}) || strings.ContainsFunc(m.Relay, unprintable):
		return Rendezvous{}
	}
	r.Relay, r.RelayKey = m.Relay, Fingerprint(m.Key)
	return r
}

// A RoomSecret is what the names of a peer's rooms come from. It prints as ***;
// MarshalText is the way out.
type RoomSecret [32]byte

// MarshalText writes it in hexadecimal digits.
func (s RoomSecret) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *RoomSecret) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(s) {
		return errors.New("a secret of rooms has 64 hexadecimal digits")
	}
	*s = RoomSecret(b)
	return nil
}

// NewRoomSecret makes one at random, to be kept: its rooms are found by it again.
func NewRoomSecret() (s RoomSecret) {
	rand.Read(s[:]) // never fails
	return s
}

// For is the secret of one of several that a machine has rooms for: a served tree.
func (s RoomSecret) For(what string) RoomSecret {
	return RoomSecret(derive(s[:], nil, "bargee room secret v1 "+what))
}

// IsZero tells whether there is none.
func (s RoomSecret) IsZero() bool { return s == RoomSecret{} }

func (s RoomSecret) String() string             { return hiddenSecret }
func (s RoomSecret) Format(f fmt.State, _ rune) { io.WriteString(f, hiddenSecret) }
func (s RoomSecret) LogValue() slog.Value       { return slog.StringValue(hiddenSecret) }

// RoomOfToken is the room where the holders of a token meet who made it.
func RoomOfToken(p TokenPublic) RoomName {
	return RoomName(derive(p.key[:], nil, "bargee room token v1"))
}

// RoomOfDay is the room of a day, in UTC: so that a relay cannot tell for longer
// that it is the same two who meet.
func RoomOfDay(secret RoomSecret, day time.Time) RoomName {
	return RoomName(derive(secret[:], nil, "bargee room day v1"+day.UTC().Format(time.DateOnly)))
}

// dayMargin is how far clocks may be apart.
const dayMargin = time.Hour

// RoomsNow are the rooms of a secret that are open at a time: that of the day, and
// for an hour around midnight that of the day on the other side.
func RoomsNow(secret RoomSecret, now time.Time) (rooms []RoomName) {
	rooms = []RoomName{RoomOfDay(secret, now)}
	for _, near := range []time.Time{now.Add(-dayMargin), now.Add(dayMargin)} {
		if name := RoomOfDay(secret, near); name != rooms[0] {
			rooms = append(rooms, name)
		}
	}
	return rooms
}

// NextRooms is when RoomsNow will be others.
func NextRooms(now time.Time) time.Time {
	midnight := now.UTC().Truncate(24 * time.Hour)
	for _, t := range []time.Time{midnight.Add(dayMargin), midnight.Add(24*time.Hour - dayMargin), midnight.Add(24*time.Hour + dayMargin)} {
		if t.After(now) {
			return t
		}
	}
	return midnight.Add(48 * time.Hour)
}
