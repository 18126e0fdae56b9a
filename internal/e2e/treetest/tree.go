//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// plant makes what is to be copied, and returns how many bytes its files have.
func (b *bed) plant() (int64, error) {
	if b.cfg.sparse > 0 {
		return b.cfg.sparse << 30, plantSparse(filepath.Join(b.source(), "disk.img"), b.cfg.sparse<<30)
	}
	noise := rand.New(rand.NewPCG(1, 2))
	stream := rand.NewChaCha8([32]byte{1})
	var sum int64
	var dir string
	data := make([]byte, b.cfg.size)
	for i := range b.cfg.files {
		if b.cfg.per == 0 && i == 0 || b.cfg.per > 0 && i%b.cfg.per == 0 {
			dir = filepath.Join(b.source(), fmt.Sprintf("d%03d", i/max(b.cfg.per, 1)/100), fmt.Sprintf("d%05d", i/max(b.cfg.per, 1)))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return 0, err
			}
		}
		n := noise.IntN(len(data) + 1)
		stream.Read(data[:n])
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%07d", i)), data[:n], 0o640); err != nil {
			return 0, err
		}
		sum += int64(n)
	}
	return sum, ageDirs(b.source())
}

// ageDirs gives directories times of their own.
func ageDirs(root string) error {
	when := time.Date(2021, 1, 2, 3, 4, 5, 678901234, time.UTC)
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chtimes(name, when, when)
		}
		return err
	})
}

// plantSparse makes a file with 64 MiB of data in pieces of 1 MiB.
func plantSparse(name string, size int64) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return err
	}
	noise := rand.NewChaCha8([32]byte{1})
	piece := make([]byte, 1<<20)
	for i := range int64(64) {
		noise.Read(piece)
		if _, err := f.WriteAt(piece, i*(size/64)+i*4096); err != nil {
			return err
		}
	}
	return f.Sync()
}

// compare holds the copy against the source, and looks for what is there besides.
func (b *bed) compare() error {
	left := 0
	err := filepath.WalkDir(b.source(), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		left++
		return same(name, filepath.Join(b.target(), strings.TrimPrefix(name, b.source())))
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(b.target(), func(name string, d fs.DirEntry, err error) error {
		if left--; err == nil && left < 0 {
			err = fmt.Errorf("more at the destination than at the source, such as %s", name)
		}
		return err
	})
}

// same compares two files or directories.
func same(a, b string) error {
	fa, err := os.Lstat(a)
	if err != nil {
		return err
	}
	fb, err := os.Lstat(b)
	if err != nil {
		return err
	}
	if fa.Mode() != fb.Mode() || !fa.ModTime().Equal(fb.ModTime()) {
		return fmt.Errorf("%s: %v of %v, not %v of %v", b, fb.Mode(), fb.ModTime(), fa.Mode(), fa.ModTime())
	}
	if fa.IsDir() {
		return nil
	}
	if fa.Size() != fb.Size() {
		return fmt.Errorf("%s: %d bytes, not %d", b, fb.Size(), fa.Size())
	}
	if was, is := fa.Sys().(*syscall.Stat_t).Blocks, fb.Sys().(*syscall.Stat_t).Blocks; fa.Size() > 1<<30 && is > was+was/4 {
		return fmt.Errorf("%s: %d blocks on the disk, not %d", b, is, was)
	}
	return sameBytes(a, b)
}

func sameBytes(a, b string) error {
	fa, err := os.Open(a)
	if err != nil {
		return err
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return err
	}
	defer fb.Close()
	for {
		n, errA := io.ReadFull(fa, bufA[:])
		m, _ := io.ReadFull(fb, bufB[:])
		if !bytes.Equal(bufA[:n], bufB[:m]) {
			return fmt.Errorf("%s differs", b)
		}
		if errA != nil {
			return nil
		}
	}
}

var bufA, bufB [1 << 20]byte
