package cli

import (
	"encoding/json"
	"strings"

	"github.com/bargee/bargee/transport"
)

// A whereabouts is how a served directory was reached when it was served last: what a
// ticket needs beside a token.
type whereabouts struct {
	Addresses []string              `json:"addresses"`
	Key       transport.Fingerprint `json:"key"`
	Relay     string                `json:"relay,omitempty"`
	RelayKey  transport.Fingerprint `json:"relay_key,omitzero"`
}

func (h home) whereaboutsFile(tree string) string {
	return strings.TrimSuffix(h.servedFile(tree), ".json") + ".at.json"
}

func (h home) keepWhereabouts(tree string, s *server, met *attendance) error {
	k := transport.Ticket{Addresses: reachable(s.endpoint.Addr()), Key: s.peer}
	met.ticket(&k)
	b, err := json.Marshal(whereabouts{k.Addresses, k.Key, k.Relay, k.RelayKey})
	if err != nil {
		return err
	}
	return replaceFile(h.whereaboutsFile(tree), append(b, '\n'))
}

// ticketFor is a ticket for a token of tree, "" if it was never served.
func (h home) ticketFor(tree string, token transport.Token) string {
	b, err := readAtMost(h.whereaboutsFile(tree), maxServed)
	var at whereabouts
	if err != nil || json.Unmarshal(b, &at) != nil || at.Key.IsZero() || len(at.Addresses) == 0 {
		return ""
	}
	keys, err := h.keys()
	if err != nil {
		return ""
	}
	t := transport.Ticket{Addresses: at.Addresses, Relay: at.Relay, RelayKey: at.RelayKey, Token: token}
	t.Key, t.Next = keys.Ring().Fingerprints()
	return t.Reveal()
}
