package transport

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrUnknownPeer means that no known peer has that name or key.
var ErrUnknownPeer = errors.New("no such known peer")

// maxKnownAddresses bounds the addresses kept for a peer, the latest first.
const maxKnownAddresses = 8

// A KnownPeer is a peer whose key was pinned and named (as a line of ssh's
// known_hosts).
type KnownPeer struct {
	Name      string        `json:"name"`
	Key       Fingerprint   `json:"key"`
	KEM       []byte        `json:"kem,omitempty"`    // pinned together with Key
	Next      Fingerprint   `json:"next,omitzero"`    // the key that it said will take the place of Key; see Renew
	Former    []Fingerprint `json:"former,omitempty"` // those before Key, the latest first: good for nothing any more
	Addresses []string      `json:"addresses,omitempty"`
	Relay     string        `json:"relay,omitempty"` // where it has rooms open, if at one; see Rendezvous
	RelayKey  Fingerprint   `json:"relay_key,omitzero"`
	Room      RoomSecret    `json:"room,omitzero"`
	Added     time.Time     `json:"added"`
	LastSeen  time.Time     `json:"last_seen,omitzero"`
}

// KnownPeers is the list of them, a file that several processes share.
type KnownPeers struct {
	list list[KnownPeer]
}

// OpenKnownPeers returns the list kept in dir.
func OpenKnownPeers(dir string) (*KnownPeers, error) {
	k := &KnownPeers{list[KnownPeer]{
		path: filepath.Join(dir, "known_peers.json"),
		name: "peers",
		ok:   KnownPeer.check,
		same: func(a, b KnownPeer) bool { return a.Name == b.Name || a.Key == b.Key },
	}}
	if _, err := k.list.load(); err != nil {
		return nil, fmt.Errorf("known peers: %w", err)
	}
	return k, nil
}

func (p KnownPeer) check() error {
	if p.Key.IsZero() {
		return errors.New("the key is missing")
	}
	return CheckPeerName(p.Name)
}

// CheckPeerName says what is wrong with name as the name of a known peer.
func CheckPeerName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return errors.New("the name of a peer is valid UTF-8")
	case utf8.RuneCountInString(name) < 2:
		return fmt.Errorf("the name of a peer has at least 2 characters, %q has not", name)
	case len(name) > 64:
		return errors.New("the name of a peer has at most 64 bytes")
	case strings.ContainsAny(name, `:/\@[]`) || strings.ContainsFunc(name, unprintable):
		return fmt.Errorf(`the name of a peer has no : / \ @ [ ], blanks or control characters, %q has`, name)
	case strings.HasPrefix(name, "-") || strings.HasPrefix(name, "."):
		return fmt.Errorf("the name of a peer does not start with - or ., %q does", name)
	}
	return nil
}

func unprintable(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }

// List returns all known peers by name.
func (k *KnownPeers) List() ([]KnownPeer, error) {
	peers, err := k.list.load()
	if err != nil {
		return nil, fmt.Errorf("known peers: %w", err)
	}
	sort.Slice(peers, func(i, j int) bool { return peers[i].Name < peers[j].Name })
	return peers, nil
}

// Lookup returns the peer of that name, or ErrUnknownPeer.
func (k *KnownPeers) Lookup(name string) (KnownPeer, error) {
	return k.find(fmt.Sprintf("%q", name), func(p KnownPeer) bool { return p.Name == name })
}

// LookupKey returns the peer of that key, or ErrUnknownPeer.
func (k *KnownPeers) LookupKey(key Fingerprint) (KnownPeer, error) {
	return k.find(key.Short(), func(p KnownPeer) bool { return p.Key == key })
}

// Had tells whether key is that of p, was it, or is said to be in future: who it was that
// is told of in records. To let somebody in, or to dial, only Key and Next are good.
func (p KnownPeer) Had(key Fingerprint) bool {
	return !key.IsZero() && (p.Key == key || p.Next == key || slices.Contains(p.Former, key))
}

func (k *KnownPeers) find(what string, is func(KnownPeer) bool) (KnownPeer, error) {
	peers, err := k.List()
	if err != nil {
		return KnownPeer{}, err
	}
	if i := slices.IndexFunc(peers, is); i >= 0 {
		return peers[i], nil
	}
	return KnownPeer{}, fail(ErrUnknownPeer, "no known peer %s", what)
}

// Add pins p. A name and a key stand for one another: an error names both
// where one of them is taken.
func (k *KnownPeers) Add(p KnownPeer) error {
	if err := p.check(); err != nil {
		return err
	}
	if p.Added.IsZero() {
		p.Added = time.Now().UTC().Truncate(time.Second)
	}
	return k.update(func(peers []KnownPeer) ([]KnownPeer, error) {
		for _, q := range peers {
			switch {
			case q.Name == p.Name && q.Key != p.Key:
				return nil, fmt.Errorf("the name %q belongs to key %s, not %s: forget it first, or take another name", p.Name, q.Key.Short(), p.Key.Short())
			case q.Name == p.Name:
				return nil, fmt.Errorf("%q is known already", p.Name)
			case q.Key == p.Key:
				return nil, fmt.Errorf("key %s is known as %q, so it cannot be %q too: rename it", p.Key.Short(), q.Name, p.Name)
			}
		}
		return append(peers, p), nil
	})
}

// Rename gives the peer from the name to.
func (k *KnownPeers) Rename(from, to string) error {
	if err := CheckPeerName(to); err != nil {
		return err
	}
	return k.update(func(peers []KnownPeer) ([]KnownPeer, error) {
		i := slices.IndexFunc(peers, func(p KnownPeer) bool { return p.Name == from })
		j := slices.IndexFunc(peers, func(p KnownPeer) bool { return p.Name == to })
		switch {
		case i < 0:
			return nil, fail(ErrUnknownPeer, "no known peer %q", from)
		case j >= 0 && i != j:
			return nil, fmt.Errorf("the name %q belongs to key %s", to, peers[j].Key.Short())
		}
		peers[i].Name = to
		return peers, nil
	})
}

// Forget drops the peer of that name.
func (k *KnownPeers) Forget(name string) error {
	return k.update(func(peers []KnownPeer) ([]KnownPeer, error) {
		i := slices.IndexFunc(peers, func(p KnownPeer) bool { return p.Name == name })
		if i < 0 {
			return nil, fail(ErrUnknownPeer, "no known peer %q", name)
		}
		return slices.Delete(peers, i, i+1), nil
	})
}

// Rendezvous is where the peer has rooms open; zero: nowhere that we know.
func (p KnownPeer) Rendezvous() Rendezvous {
	return Rendezvous{Relay: p.Relay, RelayKey: p.RelayKey, Room: p.Room}
}

// Seen notes that the peer with key was reached just now: at address, unless that
// is "", and where it can be met, if it said so.
func (k *KnownPeers) Seen(key Fingerprint, address string, at Rendezvous) error {
	return k.update(func(peers []KnownPeer) ([]KnownPeer, error) {
		i := slices.IndexFunc(peers, func(p KnownPeer) bool { return p.Key == key })
		if i < 0 {
			return nil, fail(ErrUnknownPeer, "no known peer %s", key.Short())
		}
		p := &peers[i]
		p.LastSeen = time.Now().UTC().Truncate(time.Second)
		if at.AtRelay() || !at.IsZero() && at.Room != p.Room { // it may lack its relay only now
			p.Relay, p.RelayKey, p.Room = at.Relay, at.RelayKey, at.Room
		}
		if address != "" {
			others := slices.DeleteFunc(p.Addresses, func(a string) bool { return a == address })
			p.Addresses = slices.Insert(others, 0, address)
			p.Addresses = p.Addresses[:min(len(p.Addresses), maxKnownAddresses)]
		}
		return peers, nil
	})
}

func (k *KnownPeers) update(change func([]KnownPeer) ([]KnownPeer, error)) error {
	if err := k.list.update(change); err != nil {
		return fmt.Errorf("known peers: %w", err)
	}
	return nil
}
