package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// serve serves dir to who has token, and returns the address to dial.
func serve(ctx context.Context, dir string, token transport.Token) (address string, err error) {
	identity, err := transport.NewIdentity()
	if err != nil {
		return "", err
	}
	tree, err := session.OpenDir(dir)
	if err != nil {
		return "", err
	}
	endpoint, err := transport.Listen("127.0.0.1:0", transport.Config{
		Identity:  identity,
		Agent:     "library test",
		Admission: &transport.Admission{Tree: dir, Tokens: transport.Tokens(token.Public())},
	})
	if err != nil {
		return "", err
	}
	server := session.NewServer(session.ServerConfig{Tree: tree})
	go server.Serve(ctx, endpoint)
	return endpoint.Addr().String(), nil
}

// reach is how the engine gets to peers: here, straight to an address.
type reach struct{ endpoint *transport.Endpoint }

func (r reach) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	s, err := transport.ParseSecret(secret)
	if err != nil {
		return nil, err
	}
	return r.endpoint.Dial(ctx, transport.Remote{Addresses: []string{target}, Secret: s})
}

func (r reach) Known() []session.KnownPeer                      { return nil }
func (r reach) Pin(l transport.Link, target, name string) error { return errors.ErrUnsupported }

// A client is an engine with a peer.
type client struct {
	engine *session.Engine
	place  session.PlaceID
}

func connect(ctx context.Context, address string, token transport.Token) (*client, error) {
	identity, err := transport.NewIdentity()
	if err != nil {
		return nil, err
	}
	endpoint, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: identity, Agent: "library test"})
	if err != nil {
		return nil, err
	}
	engine := session.NewEngine(session.EngineConfig{Reach: reach{endpoint}})
	place, err := engine.Connect(ctx, address, token.Reveal())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &client{engine: engine, place: place}, nil
}

// list prints what lies at the peer's root.
func (c *client) list(ctx context.Context) error {
	tree, err := c.engine.Tree(c.place)
	if err != nil {
		return err
	}
	for entry, err := range tree.List(ctx, session.Path{}) {
		if err != nil {
			return err
		}
		fmt.Printf("listed %s, %s of %d bytes\n", session.Display(entry.Name), entry.Kind, entry.Size)
	}
	return nil
}

// copy copies a file of one place into a directory of another.
func (c *client) copy(ctx context.Context, from session.PlaceID, source string, to session.PlaceID, dir string) error {
	src, err := session.ParsePath(source)
	if err != nil {
		return err
	}
	dst, err := session.ParsePath(dir)
	if err != nil {
		return err
	}
	options := session.DefaultOptions()
	options.OnConflict = session.Fail // nobody is there to be asked
	id, err := c.engine.Submit(session.Job{
		From: from, Sources: []session.Path{src}, To: to, Destination: dst, Options: options,
	})
	if err != nil {
		return err
	}
	t, err := c.engine.Wait(ctx, id)
	if err != nil {
		return err
	}
	if t.State != session.StateDone || t.Failures > 0 {
		return fmt.Errorf("%s with %d failures: %w", t.State, t.Failures, t.Err)
	}
	fmt.Printf("copied %s, %d bytes verified\n", src.Base(), t.Verified)
	return nil
}

// readRange reads n bytes at offset of a remote file.
func (c *client) readRange(ctx context.Context, name string, want []byte, offset, n int64) error {
	tree, err := c.engine.Tree(c.place)
	if err != nil {
		return err
	}
	path, err := session.ParsePath(name)
	if err != nil {
		return err
	}
	f, err := tree.Open(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	got := make([]byte, n)
	if _, err := f.ReadAt(got, offset); err != nil {
		return fmt.Errorf("read at %d: %w", offset, err)
	}
	if !bytes.Equal(got, want[offset:offset+n]) {
		return fmt.Errorf("read at %d: other bytes than the file's", offset)
	}
	fmt.Printf("read %d bytes at %d\n", n, offset)
	return nil
}
