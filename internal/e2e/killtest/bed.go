package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// A direction is the way that the file goes, seen from the command.
type direction string

const (
	upload   direction = "upload"
	download direction = "download"
)

var directions = []direction{upload, download}

// name is that of the file, at both ends.
const name = "cargo.bin"

// A bed is the two ends of the copies and the server between them.
//
//	near/cargo.bin  near/in/        the command's side
//	far/cargo.bin   far/in/         the served directory
type bed struct {
	cfg    config
	dir    string
	bin    *bargee.Binary
	token  string // file
	server *bargee.Server
	full   map[direction]time.Duration // of a copy that nobody kills
}

func newBed(ctx context.Context, cfg config) (*bed, error) {
	dir, err := os.MkdirTemp(cfg.dir, "bargee-kill-")
	if err != nil {
		return nil, err
	}
	b := &bed{cfg: cfg, dir: dir, full: make(map[direction]time.Duration)}
	if err := b.fill(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bed) fill(ctx context.Context) (err error) {
	if b.bin, err = bargee.Build(ctx, b.dir); err != nil {
		return err
	}
	for _, side := range []string{"near", "far"} {
		if err := os.MkdirAll(filepath.Join(b.dir, side, "in"), 0o755); err != nil {
			return err
		}
	}
	if err := b.writeCargo(); err != nil {
		return err
	}
	if b.token, err = b.bin.NewToken(ctx); err != nil {
		return err
	}
	return b.serve(ctx, "127.0.0.1:0")
}

// writeCargo writes the same noise to both sides: nothing in it repeats, so
// that no chunk can pass for another.
func (b *bed) writeCargo() error {
	near, err := os.Create(filepath.Join(b.dir, "near", name))
	if err != nil {
		return err
	}
	defer near.Close()
	far, err := os.Create(filepath.Join(b.dir, "far", name))
	if err != nil {
		return err
	}
	defer far.Close()
	noise := rand.NewChaCha8([32]byte{byte(b.cfg.seed)})
	if _, err := io.CopyN(io.MultiWriter(near, far), noise, b.cfg.size); err != nil {
		return err
	}
	return errors.Join(near.Close(), far.Close())
}

// serve starts the server, at the address it had before if there was one.
func (b *bed) serve(ctx context.Context, listen string) error {
	s, err := b.bin.Serve(ctx, "far-home", "--listen", listen, "--token-file", b.token, filepath.Join(b.dir, "far"))
	if err == nil {
		b.server = s
	}
	return err
}

// copy starts a copy of the file in direction d.
func (b *bed) copy(ctx context.Context, d direction) (*bargee.Copy, error) {
	from, to := filepath.Join(b.dir, "near", name), "bargee://"+b.server.Address+"/in/"
	if d == download {
		from, to = "bargee://"+b.server.Address+"/"+name, filepath.Join(b.dir, "near", "in")+"/"
	}
	return b.bin.Copy(ctx, "near-home", "--token-file", b.token, from, to)
}

// calibrate measures copies that nobody kills, so that moments to kill can be
// chosen within them.
func (b *bed) calibrate(ctx context.Context) error {
	for _, d := range directions {
		if err := b.empty(d); err != nil {
			return err
		}
		c, err := b.copy(ctx, d)
		if err != nil {
			return err
		}
		<-c.Started()
		start := time.Now()
		if _, err := c.Done(); err != nil {
			return fmt.Errorf("%s without a kill: %w", d, err)
		}
		b.full[d] = time.Since(start)
		if err := b.identical(d); err != nil {
			return fmt.Errorf("%s without a kill: %w", d, err)
		}
	}
	return nil
}

// target is the directory that takes the file in direction d.
func (b *bed) target(d direction) string {
	if d == upload {
		return filepath.Join(b.dir, "far", "in")
	}
	return filepath.Join(b.dir, "near", "in")
}

// empty removes what earlier rounds left.
func (b *bed) empty(d direction) error {
	if err := os.RemoveAll(b.target(d)); err != nil {
		return err
	}
	return os.Mkdir(b.target(d), 0o755)
}

// committed tells whether the file stands under its name.
func (b *bed) committed(d direction) bool {
	_, err := os.Lstat(filepath.Join(b.target(d), name))
	return err == nil
}

// identical compares source and copy byte by byte.
func (b *bed) identical(d direction) error {
	got, err := os.Open(filepath.Join(b.target(d), name))
	if err != nil {
		return err
	}
	defer got.Close()
	want, err := os.Open(filepath.Join(b.dir, "near", name))
	if err != nil {
		return err
	}
	defer want.Close()
	return sameBytes(bufio.NewReaderSize(got, 1<<20), bufio.NewReaderSize(want, 1<<20))
}

func sameBytes(got, want io.Reader) error {
	g, w := make([]byte, 1<<20), make([]byte, 1<<20)
	for at := int64(0); ; at += int64(len(w)) {
		n, errG := io.ReadFull(got, g)
		m, errW := io.ReadFull(want, w)
		if !bytes.Equal(g[:n], w[:m]) {
			return fmt.Errorf("the copy differs in the MiB at %d", at)
		}
		if errG != nil || errW != nil {
			if errG == io.ErrUnexpectedEOF || errG == io.EOF {
				return nil
			}
			return errors.Join(errG, errW)
		}
	}
}

// leftovers lists what lies beside the file.
func (b *bed) leftovers(d direction) ([]string, error) {
	entries, err := os.ReadDir(b.target(d))
	var names []string
	for _, e := range entries {
		if e.Name() != name {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (b *bed) close() {
	if b.server != nil {
		b.server.Kill()
	}
	os.RemoveAll(b.dir)
}
