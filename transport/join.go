package transport

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// A linkID names a link among those of a server. It is random, and no secret.
type linkID [16]byte

// joinProof shows that who dials lane number n is the one who made lane 1: only
// the ends of lane 1 know first, its exporter. It is good in channel ch only.
func joinProof(role string, first [32]byte, id linkID, n int, ch channel) []byte {
	key := derive(first[:], id[:], fmt.Sprintf("bargee lane %d %s", n, role))
	h := hmac.New(sha256.New, key)
	h.Write(ch.login[:])
	return h.Sum(nil)
}
