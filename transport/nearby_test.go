package transport

import (
	"errors"
	"testing"
	"time"
)

// found is a server whose only grant is the client's, on a local network of the
// test's own, in the rooms of a secret.
func found(t *testing.T, secret RoomSecret) (server, client *Endpoint, at Whereabouts) {
	t.Helper()
	grants, err := OpenGrants(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := grants.Add(Grant{Key: testIdentity("client").Fingerprint(), Tree: "/", Origin: "test"}); err != nil {
		t.Fatal(err)
	}
	at.LAN = testLAN(t)
	at.Room = RoomOfDay(secret, time.Now())
	server = serveOn(t, Config{Admission: &Admission{Tree: "/", Grants: grants}})
	_, err = server.AttendLAN(*at.LAN, func(now time.Time) ([]RoomName, time.Time) { return RoomsNow(secret, now), NextRooms(now) })
	if err != nil {
		t.Fatal(err)
	}
	return server, dialFrom(t, Config{}), at
}

// TestKnownPeerNearby: who knows a peer's key and room finds it on the local network,
// where its addresses are wrong, somebody else's, or none.
func TestKnownPeerNearby(t *testing.T) {
	server, client, at := found(t, RoomSecret{7})
	other := serveOn(t, Config{Identity: testIdentity("other"), Admission: &Admission{Tree: "/"}})
	for name, addresses := range map[string][]string{
		"no address":      nil,
		"nobody's":        {"127.0.0.1:1"},
		"somebody else's": {other.Addr().String()},
	} {
		at.Addresses = addresses
		l, err := client.DialAnywhere(t.Context(), at, Remote{Key: server.Fingerprint()})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l.Peer().Address != server.Addr().String() {
			t.Errorf("%s: found at %s, which is at %v", name, l.Peer().Address, server.Addr())
		}
		far, err := server.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.Close("")
		far.Close("")
	}
}

// TestImpostorNearby: who has the room but another key is not taken for the peer, and
// the peer's no ends the search.
func TestImpostorNearby(t *testing.T) {
	server, client, at := found(t, RoomSecret{8})
	if _, err := client.DialAnywhere(t.Context(), at, Remote{Key: Fingerprint{9}}); !errors.Is(err, ErrKeyChanged) {
		t.Errorf("another key: %v", err)
	}
	stranger := dialFrom(t, Config{Identity: testIdentity("stranger")})
	at.Addresses = []string{server.Addr().String()}
	if _, err := stranger.DialAnywhere(t.Context(), at, Remote{Key: server.Fingerprint()}); !errors.Is(err, ErrAuth) || errors.Is(err, ErrKeyChanged) {
		t.Errorf("without a grant: %v", err)
	}
	at.Addresses, at.Room = []string{"127.0.0.1:1"}, RoomName{1}
	hasty := dialFrom(t, Config{HandshakeTimeout: 300 * time.Millisecond})
	if _, err := hasty.DialAnywhere(t.Context(), at, Remote{Key: server.Fingerprint()}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("in another room: %v", err)
	}
}
