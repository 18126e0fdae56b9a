package transport

import (
	"crypto/sha256"
	"errors"
	"strings"
)

// Secrets travel as words: a prefix that says what it is, base32, and 4
// characters of checksum, so that a typing error is told apart from a wrong
// secret.

const checksumLen = 4

var (
	errNotWord  = errors.New("not such a word")
	errMistyped = errors.New("mistyped: the checksum does not match")
)

// encodeWord returns prefix, payload in base32 and the checksum over both.
func encodeWord(prefix string, payload []byte) string {
	s := prefix + base32Lower.EncodeToString(payload)
	return s + checksum(s)
}

// decodeWord undoes encodeWord.
func decodeWord(prefix, s string) ([]byte, error) {
	body, ok := strings.CutPrefix(s, prefix)
	if !ok || len(body) <= checksumLen {
		return nil, errNotWord
	}
	data := body[:len(body)-checksumLen]
	if checksum(prefix+data) != body[len(data):] {
		return nil, errMistyped
	}
	payload, err := base32Lower.DecodeString(data)
	// Only one spelling of a payload is good: unused bits have to be zero.
	if err != nil || base32Lower.EncodeToString(payload) != data {
		return nil, errMistyped
	}
	return payload, nil
}

func checksum(s string) string {
	sum := sha256.Sum256([]byte("bargee checksum " + s))
	return base32Lower.EncodeToString(sum[:])[:checksumLen]
}
