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
	relayTicketPrefix  = "bgrelay_"
	relayTicketVersion = 1
)

// A RelayTicket is all that is needed to use a relay, as one word to paste. It
// holds a secret and prints as "bgrelay_***"; Reveal is the only way out.
type RelayTicket struct {
	Addresses []string // host:port, IPv6 in brackets, at most 16; the best first
	Key       Fingerprint
	Token     Token  // of the relay, or zero
	Pass      string // signed by who the relay trusts, or ""
}

// ParseRelayTicket reads what Reveal returned.
func ParseRelayTicket(s string) (RelayTicket, error) {
	b, err := decodeWord(relayTicketPrefix, s)
	switch {
	case errors.Is(err, errMistyped):
		return RelayTicket{}, errors.New("the relay's ticket is mistyped or cut: its checksum does not match")
	case err != nil || len(b) == 0:
		return RelayTicket{}, errors.New("a relay's ticket is one word that starts with bgrelay_")
	case b[0] != relayTicketVersion:
		return RelayTicket{}, fail(ErrVersion, "the relay's ticket has version %d, this program reads %d: update bargee here", b[0], relayTicketVersion)
	}
	var m wire.RelayTicket
	if err := wire.Unmarshal(b[1:], &m); err != nil {
		return RelayTicket{}, fmt.Errorf("the relay's ticket cannot be read: %w", err)
	}
	if len(m.Key) == 0 || len(m.Addresses) == 0 {
		return RelayTicket{}, errors.New("the relay's ticket lacks a key or an address")
	}
	t := RelayTicket{Addresses: m.Addresses, Key: Fingerprint(m.Key), Pass: m.Pass}
	if len(m.Token) != 0 {
		t.Token = Token{secret: [tokenSize]byte(m.Token)}
	}
	return t, nil
}

// Reveal returns the ticket itself.
func (t RelayTicket) Reveal() string {
	m := &wire.RelayTicket{Addresses: t.Addresses, Key: t.Key[:], Pass: t.Pass}
	if !t.Token.IsZero() {
		m.Token = t.Token.secret[:]
	}
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend([]byte{relayTicketVersion}, m)
	if err != nil { // only for strings that are not UTF-8, which no address is
		panic(err)
	}
	return encodeWord(relayTicketPrefix, b)
}

const hiddenRelayTicket = relayTicketPrefix + "***"

func (t RelayTicket) String() string               { return hiddenRelayTicket }
func (t RelayTicket) GoString() string             { return hiddenRelayTicket }
func (t RelayTicket) LogValue() slog.Value         { return slog.StringValue(hiddenRelayTicket) }
func (t RelayTicket) Format(s fmt.State, _ rune)   { io.WriteString(s, hiddenRelayTicket) }
func (t RelayTicket) MarshalText() ([]byte, error) { return nil, errHidden }
