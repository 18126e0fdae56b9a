package drop

import (
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
)

// envelopeInfo binds an envelope to what it is.
const envelopeInfo = "bargee drop envelope v1"

// MaxEnvelope is the most bytes of an envelope: an encapsulated key of
// MLKEM768X25519 and a sealed Key have 1168.
const MaxEnvelope = 2048

// MailboxOf returns where drops are found that are sealed to a KEM key, which is in
// the encoding of RFC 9180.
func MailboxOf(kem []byte) Mailbox {
	sum := sha256.Sum256(append([]byte("bargee drop mailbox v1"), kem...))
	return Mailbox(sum[:16])
}

// SealTo puts k into an envelope that only the holder of kem's private half opens:
// HPKE (RFC 9180) in mode base, with MLKEM768-X25519, HKDF-SHA256 and AES-256-GCM.
func SealTo(kem []byte, k Key) ([]byte, error) {
	pub, err := hpke.MLKEM768X25519().NewPublicKey(kem)
	if err != nil {
		return nil, fmt.Errorf("a key to seal to: %w", ErrInvalid)
	}
	b, err := hpke.Seal(pub, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(envelopeInfo), k[:])
	if err != nil {
		return nil, fmt.Errorf("seal the key of a drop: %w", err)
	}
	return b, nil
}

// OpenEnvelope returns the key of the drop id from an envelope for private. One that
// is for somebody else, or was changed, or belongs to another drop, is ErrDamaged.
func OpenEnvelope(private hpke.PrivateKey, id ID, envelope []byte) (Key, error) {
	if len(envelope) > MaxEnvelope {
		return Key{}, fmt.Errorf("an envelope of %d bytes: %w", len(envelope), ErrLimit)
	}
	b, err := hpke.Open(private, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(envelopeInfo), envelope)
	if err != nil || len(b) != len(Key{}) {
		return Key{}, fmt.Errorf("an envelope that is not for us: %w", ErrDamaged)
	}
	k := Key(b)
	if Derive(k).ID != id {
		return Key{}, fmt.Errorf("the envelope of another drop: %w", ErrDamaged)
	}
	return k, nil
}
