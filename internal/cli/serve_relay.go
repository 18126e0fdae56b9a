package cli

import (
	"context"
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
	"github.com/bargee/bargee/transport/lan"
)

// openingTime is how long it is waited for the relay before we say that we can be
// reached: a peer may be told at once.
const openingTime = 2 * time.Second

// attendance is how a served directory is met where its address is not known: at a
// relay, and on the local network.
type attendance struct {
	relay    transport.RelayRemote // without an Address: at none
	lan      *lan.Options          // nil: not there
	secret   transport.RoomSecret
	in       *entry
	again    bool // a supervisor has started us once more
	presence *transport.Presence
	meet     atomic.Pointer[transport.Rendezvous] // nil until the rooms at the relay are open
}

// attendance returns how the directory is met; nil: only at its address. A relay that
// was only added, and not named, is not for what is served on the loopback alone, nor
// is a local network that was not named.
func (o *serveOptions) attendance(h home, tree string, in *entry) (*attendance, error) {
	t := &attendance{in: in}
	_, t.again = o.supervised()
	var err error
	if !isLoopback(o.listen) || o.getenv("BARGEE_LAN") != "" {
		if t.lan, err = o.app.lan(); err != nil {
			return nil, err
		}
	}
	if !isLoopback(o.listen) || o.relay.relay != "" || o.getenv("BARGEE_RELAY") != "" {
		if t.relay, _, err = o.relayRemote(&o.relay); err != nil {
			return nil, err
		}
	}
	if t.relay.Address != "" && t.relay.Secret.IsZero() && t.relay.Pass == "" {
		return nil, usage("to be met there needs a token of the relay's",
			"give it by --relay-token-file, or add the relay: bargee relay add").about("", "the relay "+session.Display(t.relay.Address))
	}
	if t.lan == nil && t.relay.Address == "" {
		return nil, nil
	}
	secret, err := h.roomSecret()
	if err != nil {
		return nil, err
	}
	t.secret = secret.For(tree)
	in.admission.Meet = t.told
	return t, nil
}

// told is what those who enter are told of where we can be met.
func (t *attendance) told(transport.Grant) transport.Rendezvous {
	if m := t.meet.Load(); m != nil {
		return *m
	}
	if t.lan == nil {
		return transport.Rendezvous{}
	}
	return transport.Rendezvous{Room: t.secret}
}

// rooms is transport.RoomsOf.
func (t *attendance) rooms(now time.Time) (names []transport.RoomName, until time.Time) {
	for _, token := range t.in.meetable(now) {
		names = append(names, transport.RoomOfToken(token))
	}
	return append(names, transport.RoomsNow(t.secret, now)...), transport.NextRooms(now)
}

func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// begin has s met from now on; the relay need not be there yet. Without a local network
// it is met elsewhere.
func (t *attendance) begin(ctx context.Context, s *server, log *slog.Logger) (err error) {
	if t.lan != nil {
		if _, err := s.endpoint.AttendLAN(*t.lan, t.rooms); err != nil {
			log.Info("not to be found on the local network", "reason", reason(err))
		}
	}
	if t.relay.Address == "" {
		return nil
	}
	log = log.With("relay", t.relay.Address)
	t.presence, err = s.endpoint.Attend(ctx, t.relay, t.rooms, transport.RoomOptions{Changed: func(st transport.RoomState) {
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
	// What ran already goes on by itself when the relay's token is good again: nobody
	// sees why it would end. The log has it.
	if t.again {
		return nil
	}
	if err := t.presence.Opened(wait); err != nil && kindOf(err) == session.Auth {
		t.presence.Close()
		return &problem{what: "be met at the relay", where: session.Display(t.relay.Address), err: err,
			hint: "its token may have been replaced: bargee relay add takes another one"}
	}
	return nil
}

// turn opens and closes rooms as tokens come and go.
func (t *attendance) turn() {
	if t != nil && t.presence != nil {
		t.presence.Again()
	}
}

// ticket adds to a ticket where we are met.
func (t *attendance) ticket(k *transport.Ticket) {
	if t.address() == "" {
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
		s = transport.NewRoomSecret()
		text, _ := s.MarshalText() // it cannot fail
		if err = firstFile(name, append(text, '\n')); err == nil || errors.Is(err, fs.ErrExist) {
			b, err = os.ReadFile(name) // another process may have been faster
		}
	}
	if err != nil {
		return s, &problem{what: "read or make", where: session.Display(name), err: err}
	}
	if err = s.UnmarshalText([]byte(strings.TrimSpace(string(b)))); err != nil {
		return s, &problem{what: "read", where: session.Display(name), err: err, hint: "remove it, and known peers have to be met once more by other ways"}
	}
	return s, nil
}
