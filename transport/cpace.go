package transport

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"

	"filippo.io/edwards25519/field"
)

// CPace (draft-irtf-cfrg-cpace-21, suite CPACE-X25519-SHA512) in the order of
// initiator and responder: both sides come to one key if they hold one phrase,
// and whoever listens or takes part learns at most whether one guess was right.

const (
	cpaceDSI    = "CPace255"
	cpaceDSIISK = "CPace255_ISK"
	cpaceDSIMac = "CPaceMac"
)

// Additional data of the two sides.
const (
	cpaceInitiator = clientRole
	cpaceResponder = serverRole
)

// prependLen puts the length in LEB128 before x.
func prependLen(b, x []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(x))), x...)
}

func lvCat(fields ...[]byte) []byte {
	var b []byte
	for _, f := range fields {
		b = prependLen(b, f)
	}
	return b
}

// generatorString pads so that the phrase fills the first block of the hash.
func generatorString(prs, ci, sid []byte) []byte {
	head := lvCat([]byte(cpaceDSI), prs)
	pad := max(0, sha512.BlockSize-1-len(head))
	return append(head, lvCat(make([]byte, pad), ci, sid)...)
}

// cpaceGenerator maps the phrase and what it is bound to on the curve.
func cpaceGenerator(prs, ci, sid []byte) []byte {
	h := sha512.Sum512(generatorString(prs, ci, sid))
	var r field.Element
	if _, err := r.SetBytes(h[:32]); err != nil { // ignores bit 255, as it should
		panic(err)
	}
	return elligator2(&r).Bytes()
}

// elligator2 maps a field element on the u-coordinate of a point of
// Curve25519, with Z = 2, in constant time.
func elligator2(r *field.Element) *field.Element {
	one := new(field.Element).One()
	a := new(field.Element).Mult32(one, 486662)
	// v = -A / (1 + 2r²)
	v := new(field.Element).Square(r)
	v.Add(v, v)
	v.Add(v, one)
	v.Invert(v)
	v.Multiply(v, a)
	v.Negate(v)
	// v³ + Av² + v = v(v(v + A) + 1)
	w := new(field.Element).Add(v, a)
	w.Multiply(w, v)
	w.Add(w, one)
	w.Multiply(w, v)
	_, square := new(field.Element).SqrtRatio(w, one)
	// v where that is a square, else -v - A
	other := new(field.Element).Add(v, a)
	other.Negate(other)
	return new(field.Element).Select(v, other, square)
}

// A cpace is one side of one run.
type cpace struct {
	sid    []byte
	scalar *ecdh.PrivateKey
	share  []byte // what the other side is sent: Ya or Yb
}

// startCPace begins a run. scalar is 32 random bytes, never used again.
func startCPace(prs, ci, sid, scalar []byte) (*cpace, error) {
	y, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		return nil, err
	}
	share, err := scalarMult(y, cpaceGenerator(prs, ci, sid))
	if err != nil {
		return nil, err
	}
	return &cpace{sid: sid, scalar: y, share: share}, nil
}

var errCPaceShare = errors.New("the share is no point of the curve that could be right")

// scalarMult is X25519; it fails where the result is the neutral element.
func scalarMult(y *ecdh.PrivateKey, point []byte) ([]byte, error) {
	p, err := ecdh.X25519().NewPublicKey(point)
	if err != nil {
		return nil, errCPaceShare
	}
	k, err := y.ECDH(p)
	if err != nil {
		return nil, errCPaceShare
	}
	return k, nil
}

// key returns ISK. theirs is the share of the other side; initiator says which
// side we are.
func (c *cpace) key(theirs []byte, initiator bool, ada, adb string) ([]byte, error) {
	k, err := scalarMult(c.scalar, theirs)
	if err != nil {
		return nil, err
	}
	ya, yb := c.share, theirs
	if !initiator {
		ya, yb = theirs, c.share
	}
	in := lvCat([]byte(cpaceDSIISK), c.sid, k)
	in = append(in, lvCat(ya, []byte(ada))...)
	in = append(in, lvCat(yb, []byte(adb))...)
	isk := sha512.Sum512(in)
	return isk[:], nil
}

// cpaceConfirm is the tag by which the side that sent share with the additional
// data ad shows that it came to isk.
func cpaceConfirm(sid, isk, share []byte, ad string) []byte {
	key := sha512.Sum512(append(append([]byte(cpaceDSIMac), sid...), isk...))
	h := hmac.New(sha256.New, key[:])
	h.Write(lvCat(share, []byte(ad)))
	return h.Sum(nil)
}
