package e2e

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// scratch holds the binary while the tests run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "bargee-e2e-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

var build = sync.OnceValues(func() (*bargee.Binary, error) { return bargee.Build(context.Background(), scratch) })

// binary returns the bargee of this source, built once.
func binary(t *testing.T) *bargee.Binary {
	t.Helper()
	b, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return &bargee.Binary{Path: b.Path, Dir: t.TempDir()}
}

// repository returns the directory of go.mod.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}
