package transport

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strconv"
	"strings"
)

const (
	codeWords  = 3 // 38.8 bits
	minDigits  = 4
	mostDigits = 9

	// relayPort is the port of a relay that a code names without one.
	relayPort = "6768"
)

// A Code is a short secret that is spoken, good for one pairing:
// NNNN-word-word-word@host[:port]. The number is a room, chosen apart from the
// words and no secret; the words are the secret, 39 bits of it; the host is the
// relay where the room is, and may be missing. A Code prints as "***"; Reveal is the
// only way out.
type Code struct {
	number string
	words  [codeWords]string
	relay  string // host:port, or ""
}

// NewCode makes a code whose room is at relay, host[:port]; "" is none.
func NewCode(relay string) (Code, error) {
	if relay != "" {
		var err error
		if relay, err = relayAddress(relay); err != nil {
			return Code{}, err
		}
	}
	return makeCode(relay, minDigits), nil
}

// makeCode makes a code with a number of so many digits.
func makeCode(relay string, digits int) Code {
	c := Code{number: NewRoomNumber(digits), relay: relay}
	list := words()
	for i := range c.words {
		c.words[i] = list[random(len(list))]
	}
	return c
}

// NewRoomNumber makes a random room number of 4 to 9 digits, without a zero in front.
func NewRoomNumber(digits int) string {
	low := 1
	for range min(max(digits, minDigits), mostDigits) - 1 {
		low *= 10
	}
	return strconv.Itoa(low + random(9*low))
}

// random returns a number below n.
func random(n int) int {
	x, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil { // never, as crypto/rand says
		panic(err)
	}
	return int(x.Int64())
}

// Errors of ParseCode never repeat what was given.
var errNoCode = errors.New("a code is a number, three words and perhaps @ and a relay: NNNN-word-word-word@host")

// ParseCode reads what Reveal returned, or what somebody wrote down who heard it:
// capitals, and blanks in place of hyphens, are fine.
func ParseCode(s string) (Code, error) {
	secret, relay, at := strings.Cut(strings.Trim(s, " \t\r\n\v\f"), "@")
	secret = strings.Join(strings.Fields(strings.ToLower(secret)), "-")
	parts := strings.Split(secret, "-")
	if len(parts) != 1+codeWords || !isRoomNumber(parts[0]) {
		return Code{}, errNoCode
	}
	c := Code{number: parts[0], words: [codeWords]string(parts[1:])}
	for i, w := range c.words {
		if !isWord(w) {
			return Code{}, fmt.Errorf("the code is mistyped: its %s word is in no code", [...]string{"first", "second", "third"}[i])
		}
	}
	if !at {
		return c, nil
	}
	var err error
	c.relay, err = relayAddress(strings.TrimSpace(relay))
	return c, err
}

func isRoomNumber(s string) bool {
	return len(s) >= minDigits && len(s) <= mostDigits && strings.Trim(s, "0123456789") == ""
}

// relayAddress completes host[:port], an IPv6 address in brackets.
func relayAddress(s string) (string, error) {
	host, port := s, relayPort
	if strings.HasSuffix(s, "]") || !strings.Contains(s, ":") {
		host = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	} else {
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", errors.New("the relay of a code is host[:port], an IPv6 address in brackets")
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("the port of the code's relay is a number from 1 to 65535")
	}
	if host == "" || len(host) > 253 || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`[]@/\"<>`, r) }) {
		return "", errors.New("the code's relay has no host name that can be")
	}
	return net.JoinHostPort(host, port), nil
}

// Reveal returns the code itself; the port of the relay is left out if it is the
// usual one.
func (c Code) Reveal() string {
	if c.relay == "" {
		return c.spoken()
	}
	at := c.relay
	if host, port, err := net.SplitHostPort(at); err == nil && port == relayPort {
		at = strings.TrimSuffix(net.JoinHostPort(host, ""), ":")
	}
	return c.spoken() + "@" + at
}

// spoken is the code without its relay.
func (c Code) spoken() string { return c.number + "-" + strings.Join(c.words[:], "-") }

// Number is the number of the room, which is no secret.
func (c Code) Number() string { return c.number }

// Relay is the relay where the room is, host:port, or "".
func (c Code) Relay() string { return c.relay }

// Room is where both sides meet. Whoever knows the number can be there.
func (c Code) Room() RoomName { return RoomOfCode(c.number) }

// Secret is what the joining side proves (Remote.Secret).
func (c Code) Secret() Secret { return Secret{phrase: c.spoken(), room: c.Room()} }

// IsZero tells whether c is no code.
func (c Code) IsZero() bool { return c.number == "" }

func (c Code) String() string               { return hiddenSecret }
func (c Code) GoString() string             { return hiddenSecret }
func (c Code) LogValue() slog.Value         { return slog.StringValue(hiddenSecret) }
func (c Code) Format(f fmt.State, _ rune)   { io.WriteString(f, hiddenSecret) }
func (c Code) MarshalText() ([]byte, error) { return nil, errHidden }
