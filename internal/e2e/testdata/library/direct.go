package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// direct uses a peer over one link, without an engine.
func direct(ctx context.Context, address string, token transport.Token, near, far string, cargo []byte) error {
	endpoint, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: transport.NewKey()})
	if err != nil {
		return err
	}
	defer endpoint.Close()
	link, err := endpoint.Dial(ctx, transport.Remote{Addresses: []string{address}, Secret: transport.SecretOf(token), Lanes: transport.AutoLanes})
	if err != nil {
		return err
	}
	peer := session.NewRemote(link)
	if err := writeInPlace(ctx, peer, far); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	here, err := session.OpenDir(near)
	if err != nil {
		return err
	}
	defer here.Close()
	if err := copyDown(ctx, peer, here, near, cargo); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	_, err = fs.ReadFile(session.FS(ctx, peer), "none")
	if !errors.Is(err, fs.ErrNotExist) || session.KindOf(err) != session.NotFound {
		return fmt.Errorf("what is not there: %w", err)
	}
	return nil
}

// writeInPlace writes a file at the peer, its end first.
func writeInPlace(ctx context.Context, peer *session.Remote, far string) error {
	f, err := session.Create(ctx, peer, session.MustPath("/written.txt"), session.CreateOptions{New: true})
	if err != nil {
		return err
	}
	defer f.Discard()
	for _, part := range []struct {
		text string
		at   int64
	}{{"there", 6}, {"hello ", 0}} {
		if _, err := f.WriteAt([]byte(part.text), part.at); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Println("wrote written.txt")
	return compare(filepath.Join(far, "written.txt"), []byte("hello there"))
}

// copyDown copies what was copied up before, and looks at it on its way.
func copyDown(ctx context.Context, peer *session.Remote, here *session.Dir, near string, cargo []byte) error {
	// In a directory of its own: what is there already in another one would not travel.
	if err := here.Mkdir(ctx, session.MustPath("/fresh"), false); err != nil {
		return err
	}
	seen := make([]byte, len(cargo))
	t, err := session.Copy(ctx, session.At(peer, session.MustPath("/up.bin")), session.At(here, session.MustPath("/fresh/down.bin")),
		session.CopyOptions{OnChunk: func(c session.Chunk) error {
			copy(seen[c.Offset:], c.Data)
			return nil
		}})
	if err != nil {
		return err
	}
	fmt.Printf("fetched down.bin, %d bytes, and saw them all: %t\n", t.Bytes, bytes.Equal(seen, cargo))
	return compare(filepath.Join(near, "fresh/down.bin"), cargo)
}
