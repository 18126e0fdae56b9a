package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/transport"
)

// What all know.
var (
	room   = transport.RoomName(sha256.Sum256([]byte("nattest room")))
	secret = "nattest: all who run it know it"
)

// patience is how long it is waited for a direct lane.
const patience = 6 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nattest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "relay":
		return serveRelay(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == "open":
		return open(ctx, args[1], args[2])
	case len(args) == 2 && args[0] == "join":
		return join(ctx, args[1])
	}
	return errors.New("see doc.go")
}

func serveRelay(ctx context.Context, addr, tokenFile string) error {
	token, err := readToken(tokenFile)
	if err != nil {
		return err
	}
	p, err := relay.NewPlane(addr, 1)
	if err != nil {
		return err
	}
	defer p.Close()
	id, err := transport.NewIdentity()
	if err != nil {
		return err
	}
	e, err := transport.NewEndpoint(p.Own(), transport.Config{Identity: id,
		Admission: &transport.Admission{Tree: "relay", Tokens: transport.Tokens(token.Public()), Guests: true}})
	if err != nil {
		return err
	}
	defer e.Close()
	fmt.Println("ready")
	return relay.New(relay.Config{Plane: p, Endpoint: e}).Serve(ctx)
}

func readToken(file string) (transport.Token, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return transport.Token{}, err
	}
	s, err := transport.ParseSecret(strings.TrimSpace(string(b)))
	if err != nil {
		return transport.Token{}, err
	}
	token, ok := s.Token()
	if !ok {
		return transport.Token{}, errors.New("not a token")
	}
	return token, nil
}

// reach links to the relay from the socket that direct lanes will use.
func reach(ctx context.Context, at string, admission *transport.Admission, r transport.Remote) (*transport.Identity, *transport.Endpoint, transport.Link, error) {
	id, err := transport.NewIdentity()
	if err != nil {
		return nil, nil, nil, err
	}
	e, err := transport.ListenToRelay(":0", transport.Config{Identity: id, Admission: admission}, at)
	if err != nil {
		return nil, nil, nil, err
	}
	r.Addresses, r.As = []string{at}, id.ForRelay(at)
	l, err := e.Dial(ctx, r)
	return id, e, l, err
}

// open opens the room and sends back what comes on the streams of who joins.
func open(ctx context.Context, at, tokenFile string) error {
	token, err := readToken(tokenFile)
	if err != nil {
		return err
	}
	phrase, err := transport.ParseSecret(secret)
	if err != nil {
		return err
	}
	admission := &transport.Admission{Tree: "/", Phrase: phrase}
	id, direct, l, err := reach(ctx, at, admission, transport.Remote{Secret: transport.SecretOf(token)})
	if err != nil {
		return err
	}
	defer direct.Close()
	r, err := transport.OpenRoom(ctx, l, room, time.Minute, 0)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	leg, err := r.Next()
	if err != nil {
		return err
	}
	e, err := transport.ListenByRelay(ctx, leg, transport.Config{Identity: id, Admission: admission}, direct)
	if err != nil {
		return err
	}
	defer e.Close()
	peer, err := e.Accept(ctx)
	if err != nil {
		return err
	}
	for {
		st, err := peer.AcceptStream(ctx)
		if err != nil {
			return nil // the other one has what it wanted
		}
		go func() {
			_, _ = io.Copy(st, st)
			st.Close()
		}()
	}
}

// join joins the room and prints when the first byte came back, and when directly.
func join(ctx context.Context, at string) error {
	phrase, err := transport.ParseSecret(secret)
	if err != nil {
		return err
	}
	begin := time.Now()
	id, direct, l, err := reach(ctx, at, nil, transport.Remote{Guest: true})
	if err != nil {
		return err
	}
	defer direct.Close()
	leg, err := transport.JoinRoom(ctx, l, room)
	if err != nil {
		return err
	}
	e, err := transport.ListenByRelay(ctx, leg, transport.Config{Identity: id}, direct)
	if err != nil {
		return err
	}
	defer e.Close()
	peer, err := e.Dial(ctx, transport.Remote{Addresses: []string{at}, Secret: phrase})
	if err != nil {
		return err
	}
	defer peer.Close("done")
	met := time.Now()
	if err := exchange(ctx, peer); err != nil {
		return err
	}
	first := time.Since(begin)
	path := "relayed"
	for until := time.After(patience); path == "relayed"; {
		_, changed := peer.Choice()
		if has(peer, transport.PathDirect) {
			path = "direct"
			break
		}
		select {
		case <-changed:
			continue
		case <-until:
		}
		break
	}
	upgraded := time.Since(met)
	if err := exchange(ctx, peer); err != nil {
		return err
	}
	fmt.Printf("%s first_ms=%d upgrade_ms=%d\n", path, first.Milliseconds(), upgraded.Milliseconds())
	return nil
}

func has(l transport.Link, path transport.Path) bool {
	for _, n := range l.Lanes() {
		if n.Path == path {
			return true
		}
	}
	return false
}

// exchange has some bytes sent back.
func exchange(ctx context.Context, l transport.Link) error {
	st, err := l.OpenStream(ctx, transport.Bulk)
	if err != nil {
		return err
	}
	data := bytes.Repeat([]byte("over there and back "), 5000)
	go func() {
		_, _ = st.Write(data)
		st.Close()
	}()
	got, err := io.ReadAll(st)
	if err == nil && !bytes.Equal(got, data) {
		err = errors.New("what came back is something else")
	}
	return err
}
