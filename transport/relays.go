package transport

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// ErrUnknownRelay means that no relay with that address was added.
var ErrUnknownRelay = errors.New("no such relay")

// A KnownRelay is a relay that was added: where it is, its key, and what opens
// rooms at it.
type KnownRelay struct {
	Ticket RelayTicket
	Added  time.Time
}

// Remote returns how to reach the relay.
func (r KnownRelay) Remote() RelayRemote {
	return RelayRemote{Address: r.Ticket.Addresses[0], Key: r.Ticket.Key, Secret: r.Ticket.secret(), Pass: r.Ticket.Pass}
}

func (t RelayTicket) secret() Secret {
	if t.Token.IsZero() {
		return Secret{}
	}
	return SecretOf(t.Token)
}

// relayRecord is a KnownRelay in its file, secrets in clear.
type relayRecord struct {
	Addresses []string    `json:"addresses"`
	Key       Fingerprint `json:"key"`
	Token     string      `json:"token,omitempty"`
	Pass      string      `json:"pass,omitempty"`
	Added     time.Time   `json:"added"`
}

func (r relayRecord) check() error {
	if r.Key.IsZero() || len(r.Addresses) == 0 {
		return errors.New("the key or the address is missing")
	}
	if r.Token != "" {
		_, err := ParseToken(r.Token)
		return err
	}
	return nil
}

func (r relayRecord) relay() KnownRelay {
	k := KnownRelay{Ticket: RelayTicket{Addresses: r.Addresses, Key: r.Key, Pass: r.Pass}, Added: r.Added}
	if r.Token != "" {
		k.Ticket.Token, _ = ParseToken(r.Token) // checked
	}
	return k
}

// KnownRelays is the list of them, a file that several processes share, and that
// nobody else may read.
type KnownRelays struct {
	list list[relayRecord]
}

// OpenKnownRelays returns the list kept in dir.
func OpenKnownRelays(dir string) (*KnownRelays, error) {
	k := &KnownRelays{list[relayRecord]{
		path: filepath.Join(dir, "relays.json"),
		name: "relays",
		ok:   relayRecord.check,
		same: func(a, b relayRecord) bool { return a.Key == b.Key },
	}}
	if _, err := k.List(); err != nil {
		return nil, err
	}
	return k, nil
}

// List returns all relays, the one that was added last first.
func (k *KnownRelays) List() ([]KnownRelay, error) {
	all, err := k.list.load()
	if err != nil {
		return nil, fmt.Errorf("relays: %w", err)
	}
	out := make([]KnownRelay, 0, len(all))
	for _, r := range slices.Backward(all) {
		out = append(out, r.relay())
	}
	return out, nil
}

// Lookup returns the relay with that address (host:port), or ErrUnknownRelay.
func (k *KnownRelays) Lookup(address string) (KnownRelay, error) {
	all, err := k.List()
	if err != nil {
		return KnownRelay{}, err
	}
	for _, r := range all {
		if slices.Contains(r.Ticket.Addresses, address) {
			return r, nil
		}
	}
	return KnownRelay{}, fail(ErrUnknownRelay, "no relay %s was added", address)
}

// Add stores a relay, in place of one with the same key, as the one that is used
// where none is named.
func (k *KnownRelays) Add(t RelayTicket) error {
	r := relayRecord{Addresses: t.Addresses, Key: t.Key, Pass: t.Pass, Added: time.Now().UTC().Truncate(time.Second)}
	if !t.Token.IsZero() {
		r.Token = t.Token.Reveal()
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("relays: %w", err)
	}
	return k.update(func(all []relayRecord) ([]relayRecord, error) {
		all = slices.DeleteFunc(all, func(x relayRecord) bool { return x.Key == r.Key })
		return append(all, r), nil
	})
}

// Forget drops the relays with that address, or fails with ErrUnknownRelay.
func (k *KnownRelays) Forget(address string) error {
	return k.update(func(all []relayRecord) ([]relayRecord, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(x relayRecord) bool { return slices.Contains(x.Addresses, address) })
		if len(left) == len(all) {
			return nil, fail(ErrUnknownRelay, "no relay %s was added", address)
		}
		return left, nil
	})
}

func (k *KnownRelays) update(change func([]relayRecord) ([]relayRecord, error)) error {
	if err := k.list.update(change); err != nil {
		return fmt.Errorf("relays: %w", err)
	}
	return nil
}
