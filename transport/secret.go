package transport

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// MinPhrase is the least number of characters of a phrase.
const MinPhrase = 12

// A Secret is what a person gives to enter: a token, a phrase or a code. Like a
// Token it never prints itself. The zero Secret is none.
type Secret struct {
	token  Token
	phrase string   // or all of a code but its relay
	room   RoomName // of a code
}

// ParseSecret reads a token (bgt_…) or a phrase. White space of ASCII around it
// is dropped.
func ParseSecret(s string) (Secret, error) {
	s = strings.Trim(s, " \t\r\n\v\f")
	switch {
	case s == "":
		return Secret{}, errors.New("the secret is empty")
	case isTokenWord(s):
		t, err := ParseToken(s)
		return Secret{token: t}, err
	case !utf8.ValidString(s):
		return Secret{}, errors.New("the secret is not valid UTF-8")
	case utf8.RuneCountInString(s) < MinPhrase:
		return Secret{}, fmt.Errorf("a phrase has at least %d characters, this one %d",
			MinPhrase, utf8.RuneCountInString(s))
	case len(s) > 1024:
		return Secret{}, errors.New("a phrase has at most 1024 bytes")
	}
	return Secret{phrase: s}, nil
}

// SecretOf makes a Secret of a token.
func SecretOf(t Token) Secret { return Secret{token: t} }

// IsPhrase tells whether s is a phrase.
func (s Secret) IsPhrase() bool { return s.phrase != "" && !s.IsCode() }

// IsCode tells whether s is a code's.
func (s Secret) IsCode() bool { return s.room != RoomName{} }

// Token returns the token that s is, and whether it is one.
func (s Secret) Token() (Token, bool) { return s.token, !s.token.IsZero() }

// IsZero tells whether s is no secret.
func (s Secret) IsZero() bool { return s == Secret{} }

const hiddenSecret = "***"

func (s Secret) String() string               { return hiddenSecret }
func (s Secret) GoString() string             { return hiddenSecret }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(hiddenSecret) }
func (s Secret) Format(f fmt.State, _ rune)   { io.WriteString(f, hiddenSecret) }
func (s Secret) MarshalText() ([]byte, error) { return nil, errHidden }
