package relay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/transport"
)

// A record is all that a relay gets to see.
type record struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes.WriteByte(0) // what is found does not begin in one packet and end in another
	return r.bytes.Write(b)
}

// tapped is a NAT in front of a relay that writes down what it passes on; it returns
// its address.
func tapped(t *testing.T, relay netip.AddrPort, r *record) netip.AddrPort {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	backs := map[netip.AddrPort]*net.UDPConn{}
	wait.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := front.ReadFromUDPAddrPort(buf)
			if err != nil {
				break
			}
			r.Write(buf[:n])
			back := backs[from]
			if back == nil {
				if back, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(relay)); err != nil {
					break
				}
				backs[from] = back
				wait.Go(func() {
					buf := make([]byte, 64<<10)
					for {
						n, err := back.Read(buf)
						if err != nil {
							return
						}
						r.Write(buf[:n])
						front.WriteToUDPAddrPort(buf[:n], from)
					}
				})
			}
			back.Write(buf[:n])
		}
		for _, back := range backs {
			back.Close()
		}
	})
	t.Cleanup(func() { front.Close(); wait.Wait() })
	return front.LocalAddr().(*net.UDPAddr).AddrPort()
}

// A readLink is a link of the relay's whose streams are written down as it reads
// and writes them, without their encryption.
type readLink struct {
	transport.Link
	record *record
}

func (l readLink) AcceptStream(ctx context.Context) (transport.Stream, error) {
	st, err := l.Link.AcceptStream(ctx)
	return readStream{st, l.record}, err
}

type readStream struct {
	transport.Stream
	record *record
}

func (s readStream) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	s.record.Write(b[:n])
	return n, err
}

func (s readStream) Write(b []byte) (int, error) {
	s.record.Write(b)
	return s.Stream.Write(b)
}

// All that crosses a relay, and all that is said to it, is written down while two
// peers meet there and one sends the other a file; nothing of what the file is
// called or holds, of its digest, of the peers' keys and secrets is in it.
func TestRelayIsBlind(t *testing.T) {
	seen := new(record)
	plane, err := NewPlane("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	relayToken := transport.NewToken()
	e, err := transport.NewEndpoint(plane.Own(), transport.Config{Identity: identity(t), Admission: &transport.Admission{
		Tree: "relay", Tokens: transport.Tokens(relayToken.Public()), Guests: true}})
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{Plane: plane, Endpoint: e, Report: func(from string, err error) { fmt.Fprint(seen, from, err) }})
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			l, err := e.Accept(ctx)
			if err != nil {
				return
			}
			p := l.Peer()
			fmt.Fprintf(seen, "%s %s %s %s", p.Key, p.Key[:], p.KEM, p.Agent)
			wait.Go(func() { r.serve(ctx, readLink{l, seen}) })
		}
	})
	t.Cleanup(func() { stop(); e.Close(); wait.Wait(); plane.Close() })
	at := tapped(t, plane.Addr(), seen).String()

	secret, alice, bob := transport.NewToken(), identity(t), identity(t)
	relay := transport.RelayRemote{Address: at, Key: e.Fingerprint(), Secret: transport.SecretOf(relayToken)}
	far, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: alice, Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(secret.Public())}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	near, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: bob})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	room := transport.RoomOfToken(secret.Public())
	if _, err := far.Host(t.Context(), relay, room, transport.RoomOptions{For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	relay.Secret = transport.Secret{}
	l, err := near.DialRoom(t.Context(), relay, room, transport.Remote{Key: alice.Fingerprint(), Secret: transport.SecretOf(secret)})
	if err != nil {
		t.Fatal(err)
	}
	other, err := far.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go echo(t.Context(), other)
	name, content := []byte("salaries-of-all-2026.xlsx"), bytes.Repeat([]byte("what nobody shall read. "), 4000)
	digest := sha256.Sum256(content)
	exchange(t, l, append(append(append(name, digest[:]...), hex.EncodeToString(digest[:])...), content...))
	s, err := proto.Marshal(statusMessage(r.Status()))
	if err != nil {
		t.Fatal(err)
	}
	seen.Write(s)

	kem := func(id *transport.Identity) []byte {
		b, err := id.KEM()
		if err != nil {
			t.Fatal(err)
		}
		return b[:64]
	}
	a, b := alice.Fingerprint(), bob.Fingerprint()
	public := secret.Public()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	all := seen.bytes.Bytes()
	for what, secret := range map[string][]byte{
		"the name": name, "the content": content[:24], "the digest": digest[:], "the digest in hex": []byte(hex.EncodeToString(digest[:])),
		"the key of who waits": a[:], "the same in words": []byte(a.String()), "the key of who comes": b[:], "the same in words ": []byte(b.String()),
		"what is sealed to who waits": kem(alice), "what is sealed to who comes": kem(bob),
		"the peers' token": []byte(secret.Reveal()), "its public half": []byte(public.String()),
		"the relay's token": []byte(relayToken.Reveal()),
	} {
		if bytes.Contains(all, secret) {
			t.Errorf("%s is known to the relay", what)
		}
	}
	for what, known := range map[string][]byte{"the room": room[:], "the keys that it is shown": []byte(alice.ForRelay(at).Fingerprint().String())} {
		if !bytes.Contains(all, known) {
			t.Errorf("%s is not in the record: it lacks something", what)
		}
	}
	if n := plane.Traffic().Bytes; uint64(len(all)) < 2*n {
		t.Errorf("%d bytes are written down of %d that were forwarded", len(all), n)
	}
}
