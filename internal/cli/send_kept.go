package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A keptOffer is an offer that somebody has come for, as a file in the state
// directory: a rerun after a crash goes on with it. It holds secrets, which are good
// for no others than those who came. It goes when the offer is over.
type keptOffer struct {
	Paths []string   `json:"paths"`
	ID    []byte     `json:"id"`
	Token string     `json:"token"`
	Came  []keptCame `json:"came"`
}

// keptCame is somebody who came, and the code that is typed again.
type keptCame struct {
	Key  transport.Fingerprint `json:"key"`
	Code string                `json:"code"`
}

// offerFile is where the offer of these paths is kept.
func (h home) offerFile(paths []string) string {
	sum := sha256.Sum256([]byte(strings.Join(paths, "\x00")))
	return filepath.Join(h.state, "offers", hex.EncodeToString(sum[:8])+".json")
}

// keptOffer returns the offer of these paths that an earlier run has left; the zero
// one if there is none. One that cannot be read is none.
func (h home) keptOffer(paths []string) (k keptOffer, err error) {
	name := h.offerFile(paths)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return keptOffer{}, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &k)
	}
	if err == nil && (!slices.Equal(k.Paths, paths) || len(k.ID) != len(session.OfferID{})) {
		err = errors.New("it is of something else")
	}
	if err != nil {
		return keptOffer{}, &problem{what: "go on with the offer in", where: name, err: err, hint: "remove that file to begin anew"}
	}
	return k, nil
}

// came returns who came in an earlier run.
func (k keptOffer) came() (all []transport.Came, err error) {
	for _, c := range k.Came {
		code, err := transport.ParseCode(c.Code)
		if err != nil {
			return nil, err
		}
		all = append(all, transport.Came{Key: c.Key, Code: code})
	}
	return all, nil
}

// restore takes over what an earlier run of the same command has left.
func (s *sending) restore(h home, paths []string) error {
	s.state, s.names = h, paths
	k, err := h.keptOffer(paths)
	if err != nil {
		return err
	}
	s.token = transport.NewToken()
	if k.ID == nil {
		return nil
	}
	if s.token, err = transport.ParseToken(k.Token); err == nil {
		s.came, err = k.came()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", h.offerFile(paths), err)
	}
	s.id = session.OfferID(k.ID)
	return nil
}

// keep has the offer outlive a crash, once somebody came for it.
func (s *sending) keep() error {
	id := s.offer.ID()
	k := keptOffer{Paths: s.names, ID: id[:], Token: s.token.Reveal()}
	for _, c := range s.code.Came() {
		k.Came = append(k.Came, keptCame{c.Key, c.Code.Reveal()})
	}
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return replaceFile(s.state.offerFile(s.names), append(b, '\n'))
}

// forget is called when there is nothing to go on with.
func (s *sending) forget() { _ = os.Remove(s.state.offerFile(s.names)) } // it was not kept, perhaps
