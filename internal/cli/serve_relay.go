package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// openingTime is how long it is waited for the relay before we say that we can be
// reached: a peer may be told at once.
const openingTime = 2 * time.Second

// attendance is how a served directory is met at a relay.
type attendance struct {
	relay    transport.RelayRemote
	secret   transport.RoomSecret
	presence *transport.Presence
	meet     atomic.Pointer[transport.Rendezvous] // nil until the rooms are open
}

// attendance returns how the directory is met at a relay; nil: at none. A relay that
// was only added, and not named, is not for what is served on the loopback alone.
func (o *serveOptions) attendance(h home, tree string, in *entry) (*attendance, error) {
	named := o.relay.relay != "" || o.getenv("BARGEE_RELAY") != ""
	if !named && isLoopback(o.listen) {
		return nil, nil
	}
	r, ok, err := o.relayRemote(&o.relay)
	if err != nil || !ok {
		return nil, err
	}
	if r.Secret.IsZero() && r.Pass == "" {
		return nil, usage("to be met there needs a token of the relay's",
			"give it by --relay-token-file, or add the relay: bargee relay add").about("", "the relay "+session.Display(r.Address))
	}
	secret, err := h.roomSecret()
	if err != nil {
		return nil, err
	}
	t := &attendance{relay: r, secret: secret.For(tree)}
	in.admission.Meet = func() transport.Rendezvous {
		if m := t.meet.Load(); m != nil {
			return *m
		}
		return transport.Rendezvous{}
	}
	return t, nil
}

func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// begin has s met at the relay from now on; the relay need not be there yet.
func (t *attendance) begin(ctx context.Context, s *server, in *entry, log *slog.Logger) (err error) {
	rooms := func(now time.Time) (names []transport.RoomName, until time.Time) {
		if in.admission.Tokens != nil {
			for _, token := range in.admission.Tokens() {
				names = append(names, transport.RoomOfToken(token))
			}
		}
		return append(names, transport.RoomsNow(t.secret, now)...), transport.NextRooms(now)
	}
	log = log.With("relay", t.relay.Address)
	t.presence, err = s.endpoint.Attend(ctx, t.relay, rooms, transport.RoomOptions{Changed: func(st transport.RoomState) {
		switch {
		case st.Open:
			t.meet.Store(&transport.Rendezvous{Relay: t.relay.Address, RelayKey: st.Relay, Room: t.secret})
			log.Info("can be met at the relay")
		case st.Err != nil && !errors.Is(st.Err, context.Canceled):
			log.Warn("cannot be met at the relay; it is tried again", "reason", reason(st.Err))
		}
	}})
	if err != nil {
		return failed("be met at", target{path: t.relay.Address}, err)
	}
	wait, cancel := context.WithTimeout(ctx, openingTime)
	defer cancel()
	if err := t.presence.Opened(wait); err != nil && kindOf(err) == session.Auth {
		t.presence.Close()
		return &problem{what: "be met at the relay", where: session.Display(t.relay.Address), err: err,
			hint: "its token may have been replaced: bargee relay add takes another one"}
	}
	return nil
}

// ticket adds to a ticket where we are met.
func (t *attendance) ticket(k *transport.Ticket) {
	if t == nil {
		return
	}
	k.Relay, k.RelayKey = t.relay.Address, t.relay.Key
	if m := t.meet.Load(); m != nil {
		k.RelayKey = m.RelayKey
	}
}

// address is the relay's for people and programs, "" without one.
func (t *attendance) address() string {
	if t == nil {
		return ""
	}
	return t.relay.Address
}

// roomSecret is the secret that the names of this machine's rooms come from; the
// first call makes it.
func (h home) roomSecret() (s transport.RoomSecret, err error) {
	name := filepath.Join(h.state, "rooms")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		rand.Read(s[:])
		text, _ := s.MarshalText() // it cannot fail
		if err = replaceFile(name, append(text, '\n')); err == nil {
			b, err = os.ReadFile(name) // another process may have been as fast
		}
	}
	if err == nil {
		err = s.UnmarshalText([]byte(strings.TrimSpace(string(b))))
	}
	if err != nil {
		return s, &problem{what: "read", where: session.Display(name), err: err, hint: "remove it, and known peers have to be met once more by other ways"}
	}
	return s, nil
}
