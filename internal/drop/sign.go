package drop

import (
	"crypto/ed25519"
	"errors"
	"fmt"
)

// A signature says to whom a drop is sealed who sealed it. It is over
//
//	"bargee drop sender v1" || 0 || id || mailbox || SHA-256 of all lines before it
//
// so that whoever a drop was for cannot pass it on, sealed anew, as one that its
// sender meant for somebody else.

func signed(id ID, box Mailbox, lines []byte) []byte {
	b := append([]byte(nil), "bargee drop sender v1\x00"...)
	b = append(b, id[:]...)
	b = append(b, box[:]...)
	return append(b, lines...)
}

// Sign writes the last line: who sealed the drop id to the mailbox box. sign makes
// an Ed25519 signature of key, which are 32 bytes.
func (m *ManifestWriter) Sign(id ID, box Mailbox, key []byte, sign func(message []byte) []byte) error {
	sig := sign(signed(id, box, m.sum.Sum(nil)))
	if len(key) != ed25519.PublicKeySize || len(sig) != ed25519.SignatureSize {
		return errors.New("a signature of another kind than Ed25519")
	}
	return m.line(entryLine{Signature: &signatureLine{key, sig}})
}

// Verify says whether s is by its key, and about the drop id in the mailbox box.
// Whose key that is, is the caller's to know.
func (s *Signature) Verify(id ID, box Mailbox) error {
	if len(s.Key) != ed25519.PublicKeySize || !ed25519.Verify(s.Key, signed(id, box, s.over), s.Sig) {
		return fmt.Errorf("the signature does not fit: %w", ErrDamaged)
	}
	return nil
}
