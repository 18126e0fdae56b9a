package transport

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

const (
	ticketPrefix  = "bgticket_"
	ticketVersion = 1
)

// A Ticket is all that is needed to reach a peer, or a drop, as one word to paste. It
// holds a secret and prints as "bgticket_***"; Reveal is the only way out.
type Ticket struct {
	Addresses []string    // host:port, IPv6 in brackets, at most 16
	Relay     string      // host:port of a relay where the peer is in RoomOfToken, or ""
	RelayKey  Fingerprint // of the relay; zero: not known
	Key       Fingerprint
	Token     Token
	Next      Fingerprint // as good as Key: the one that is to take its place; zero: none

	// Drop, if not nil, is what the ticket is of in place of a peer: there is no Key
	// and no Token then.
	Drop *DropTicket
}

// A DropTicket is a drop that lies at a relay, or that the ticket's Relay or URL is
// asked for. It is as secret as the files in it, if it has their key.
type DropTicket struct {
	Key []byte // of the content, 32 bytes; nil: it is sealed to us
	ID  []byte // 16 bytes, where there is no Key
	URL string // where the relay speaks HTTP, as https://host; "": nowhere
}

// ParseTicket reads what Reveal returned.
func ParseTicket(s string) (Ticket, error) {
	b, err := decodeWord(ticketPrefix, s)
	switch {
	case errors.Is(err, errMistyped):
		return Ticket{}, errors.New("the ticket is mistyped or cut: its checksum does not match")
	case err != nil || len(b) == 0:
		return Ticket{}, errors.New("a ticket is one word that starts with bgticket_")
	case b[0] != ticketVersion:
		return Ticket{}, fail(ErrVersion, "the ticket has version %d, this program reads %d: update bargee here", b[0], ticketVersion)
	}
	var m wire.Ticket
	if err := wire.Unmarshal(b[1:], &m); err != nil {
		return Ticket{}, fmt.Errorf("the ticket cannot be read: %w", err)
	}
	if m.Drop != nil {
		return dropTicket(&m)
	}
	if len(m.Key) == 0 || len(m.Token) == 0 {
		return Ticket{}, errors.New("the ticket lacks a key or a token")
	}
	t := Ticket{
		Addresses: m.Addresses,
		Relay:     m.Relay,
		Key:       Fingerprint(m.Key),
		Token:     Token{secret: [tokenSize]byte(m.Token)},
	}
	if len(m.RelayKey) > 0 {
		t.RelayKey = Fingerprint(m.RelayKey)
	}
	if len(m.NextKey) > 0 {
		t.Next = Fingerprint(m.NextKey)
	}
	return t, nil
}

func dropTicket(m *wire.Ticket) (Ticket, error) {
	d := m.Drop
	if (len(d.Key) == 0) == (len(d.Id) == 0) || m.Relay == "" && d.Url == "" || len(m.Key)+len(m.Token) > 0 {
		return Ticket{}, errors.New("the ticket is neither one of a peer nor one of a drop")
	}
	t := Ticket{Addresses: m.Addresses, Relay: m.Relay, Drop: &DropTicket{Key: d.Key, ID: d.Id, URL: d.Url}}
	if len(m.RelayKey) > 0 {
		t.RelayKey = Fingerprint(m.RelayKey)
	}
	return t, nil
}

// Reveal returns the ticket itself.
func (t Ticket) Reveal() string {
	m := &wire.Ticket{Addresses: t.Addresses, Relay: t.Relay}
	if t.Drop != nil {
		m.Drop = &wire.DropTicket{Key: t.Drop.Key, Id: t.Drop.ID, Url: t.Drop.URL}
	} else {
		m.Key, m.Token = t.Key[:], t.Token.secret[:]
	}
	if !t.RelayKey.IsZero() {
		m.RelayKey = t.RelayKey[:]
	}
	if !t.Next.IsZero() {
		m.NextKey = t.Next[:]
	}
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend([]byte{ticketVersion}, m)
	if err != nil { // only for strings that are not UTF-8, which no address is
		panic(err)
	}
	return encodeWord(ticketPrefix, b)
}

const hiddenTicket = ticketPrefix + "***"

func (t Ticket) String() string               { return hiddenTicket }
func (t Ticket) GoString() string             { return hiddenTicket }
func (t Ticket) LogValue() slog.Value         { return slog.StringValue(hiddenTicket) }
func (t Ticket) Format(s fmt.State, _ rune)   { io.WriteString(s, hiddenTicket) }
func (t Ticket) MarshalText() ([]byte, error) { return nil, errHidden }
