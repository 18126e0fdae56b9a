package session

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkScan reads a tree of 20,000 files, as both sides of a sync do.
func BenchmarkScan(b *testing.B) {
	root := b.TempDir()
	for d := range 200 {
		dir := filepath.Join(root, fmt.Sprintf("%02d/%03d", d/20, d))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for f := range 100 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%03d.txt", f)), []byte("x"), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	d := openDir(b, root)
	for b.Loop() {
		n := 0
		for s, err := range d.scan(b.Context(), Path{}, scanFilter{}) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(s.entries)
		}
		if n != 20_210 {
			b.Fatalf("%d entries", n)
		}
	}
}
