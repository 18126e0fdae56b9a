// Library uses bargee as a library, in one process: it serves a directory, dials
// it with a token, lists it, copies a file each way, and reads a piece out of a
// remote file; then it does without an engine, and writes a file there. Everything it knows of bargee is public.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "library-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := run(ctx, dir); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string) error {
	near, far := filepath.Join(dir, "near"), filepath.Join(dir, "far")
	cargo := make([]byte, 3<<20+17)
	rand.Read(cargo)
	if err := fill(near, far, cargo); err != nil {
		return err
	}
	token := transport.NewToken()
	address, err := serve(ctx, far, token)
	if err != nil {
		return err
	}
	c, err := connect(ctx, address, token)
	if err != nil {
		return err
	}
	defer c.engine.Close()
	if err := c.tour(ctx, near, far, cargo); err != nil {
		return err
	}
	return direct(ctx, address, token, near, far, cargo)
}

// fill makes the two directories, with a file in each.
func fill(near, far string, cargo []byte) error {
	for name, content := range map[string][]byte{
		filepath.Join(near, "up.bin"):      cargo,
		filepath.Join(far, "greeting.txt"): []byte("hello from the other side\n"),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// tour does with the client what a program would do.
func (c *client) tour(ctx context.Context, near, far string, cargo []byte) error {
	if err := c.list(ctx); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	if err := c.copy(ctx, session.Here, filepath.Join(near, "up.bin"), c.place, "/"); err != nil {
		return fmt.Errorf("copy up: %w", err)
	}
	if err := c.copy(ctx, c.place, "/greeting.txt", session.Here, near); err != nil {
		return fmt.Errorf("copy down: %w", err)
	}
	if err := compare(filepath.Join(far, "up.bin"), cargo); err != nil {
		return err
	}
	if err := compare(filepath.Join(near, "greeting.txt"), []byte("hello from the other side\n")); err != nil {
		return err
	}
	return c.readRange(ctx, "/up.bin", cargo, 2<<20-5, 10)
}

func compare(name string, want []byte) error {
	got, err := os.ReadFile(name)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s differs", name)
	}
	return err
}
