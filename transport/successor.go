package transport

import (
	"crypto/ed25519"
	"slices"

	"github.com/bargee/bargee/internal/wire"
)

// A Renewal is what a peer that proved its key says of it, or shows: that another one
// takes its place.
type Renewal struct {
	Old, New Fingerprint
	Shown    bool   // New was shown; else it was said to be the one that will be
	KEM      []byte // of New, once it is shown
}

// bindNext is what the successor of a key signs: which of the two sides has it, in which
// connection, between which keys.
func (ch channel) bindNext(role string) []byte {
	b := []byte("bargee next key v1 " + role + "\x00")
	b = append(b, ch.login[:]...)
	b = append(b, ch.client[:]...)
	return append(b, ch.server[:]...)
}

// announce says which key will be ours; nil: this one stays.
func (ch channel) announce(role string, next *Identity) *wire.Successor {
	if next == nil {
		return nil
	}
	return &wire.Successor{
		Key:       next.key.Public().(ed25519.PublicKey),
		Signature: ed25519.Sign(next.key, ch.bindNext(role)),
	}
}

// successor is the key that the other side says will be its own, of which now is the
// present one; zero: none. One that it does not have is an error.
func (ch channel) successor(role string, now Fingerprint, m *wire.Successor) (Fingerprint, error) {
	if m == nil {
		return Fingerprint{}, nil
	}
	if len(m.Key) != ed25519.PublicKeySize || !ed25519.Verify(m.Key, ch.bindNext(role), m.Signature) {
		return Fingerprint{}, fail(ErrProtocol, "%s says that it will have a key that it does not have", ch.address)
	}
	if f := FingerprintOf(m.Key); f != now {
		return f, nil
	}
	return Fingerprint{}, nil
}

// pins are keys that are good where somebody is dialled: the pinned one, and the one
// that is to take its place. Of none any key is good.
type pins [2]Fingerprint

func (r Remote) pins() pins { return pins{r.Key, r.Next} }

// pins are those of the peer of a link.
func (l *link) pins() pins { return pins{l.peer.Key, l.Peer().Next} }

func (p pins) good(key Fingerprint) bool {
	return p[0].IsZero() || key == p[0] || key == p[1] && !p[1].IsZero()
}

// renewed tells of a peer whose link is open what it said of its key.
func (e *Endpoint) renewed(shown Fingerprint, kem []byte, pinned, next Fingerprint) {
	if e.cfg.Renewed == nil {
		return
	}
	if !pinned.IsZero() && pinned != shown {
		e.cfg.Renewed(Renewal{Old: pinned, New: shown, Shown: true, KEM: kem})
	}
	if !next.IsZero() {
		e.cfg.Renewed(Renewal{Old: shown, New: next})
	}
}

// maxFormerKeys bounds the keys that a peer is known to have had.
const maxFormerKeys = 8

// Renew takes in what a known peer said of its key, or showed; one that is not known is
// passed over. A key that was shown is pinned if it was said before that it would be.
func (k *KnownPeers) Renew(r Renewal) error {
	peers, err := k.List()
	if err != nil || !slices.ContainsFunc(peers, func(p KnownPeer) bool { return p.renewedBy(r) }) {
		return err
	}
	return k.update(func(peers []KnownPeer) ([]KnownPeer, error) {
		i := slices.IndexFunc(peers, func(p KnownPeer) bool { return p.renewedBy(r) })
		switch {
		case i < 0: // another process was faster
		case !r.Shown:
			peers[i].Next = r.New
		case slices.ContainsFunc(peers, func(p KnownPeer) bool { return p.Key == r.New }):
			peers[i].Next = Fingerprint{} // it was paired with anew, under another name
		default:
			p := &peers[i]
			p.Former = slices.Insert(p.Former, 0, p.Key)
			p.Former = p.Former[:min(len(p.Former), maxFormerKeys)]
			p.Key, p.Next, p.KEM = r.New, Fingerprint{}, r.KEM
		}
		return peers, nil
	})
}

func (p KnownPeer) renewedBy(r Renewal) bool {
	return p.Key == r.Old && (r.Shown && p.Next == r.New || !r.Shown && p.Next != r.New)
}

// Renew takes in what a peer that may enter said of its key, or showed.
func (g *Grants) Renew(r Renewal) error {
	all, err := g.List()
	if err != nil || !slices.ContainsFunc(all, func(x Grant) bool { return x.renewedBy(r) }) {
		return err
	}
	return g.rewrite(func(all []Grant) []Grant {
		var kept []Grant
		for _, x := range all {
			if x.renewedBy(r) {
				x = x.renew(r)
			}
			if !slices.ContainsFunc(kept, func(o Grant) bool { return sameGrant(o, x) }) {
				kept = append(kept, x)
			}
		}
		return kept
	})
}

func (g Grant) renewedBy(r Renewal) bool {
	return g.Key == r.Old && (r.Shown && g.Next == r.New || !r.Shown && g.Next != r.New)
}

func (g Grant) renew(r Renewal) Grant {
	if !r.Shown {
		g.Next = r.New
		return g
	}
	g.Key, g.Next, g.Former = r.New, Fingerprint{}, r.Old
	return g
}
