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

// A Secret is what a person gives to enter: a token, a phrase, a code or a pass. Like
// a Token it never prints itself. The zero Secret is none.
type Secret struct {
	token  Token
	pass   string   // a JWT, see Remote.Pass
	phrase string   // or all of a code but its relay
	room   RoomName // of a code
}

// ParseSecret reads a token (bgt_…), a JWT or a phrase. White space of ASCII around it
// is dropped.
func ParseSecret(s string) (Secret, error) {
	s = strings.Trim(s, " \t\r\n\v\f")
	switch {
	case s == "":
		return Secret{}, errors.New("the secret is empty")
	case isTokenWord(s):
		t, err := ParseToken(s)
		return Secret{token: t}, err
	case isPassWord(s) && len(s) > MaxPass:
		return Secret{}, fmt.Errorf("a JWT has at most %d bytes, this one %d", MaxPass, len(s))
	case isPassWord(s):
		return Secret{pass: s}, nil
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

// isPassWord tells whether s is a JWT by its form: three parts in base64url, of which
// the first is a JSON object.
func isPassWord(s string) bool {
	return strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}

// Pass returns the pass (a JWT) that s is, and whether it is one.
func (s Secret) Pass() (string, bool) { return s.pass, s.pass != "" }

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
