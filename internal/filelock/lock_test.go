package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// open opens one file once more: another descriptor is as good as another process.
func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWhoKeepsWhomOut(t *testing.T) {
	tests := []struct {
		name          string
		first, second func(*os.File) error
		held          bool
	}{
		{"alone and alone", TryLock, TryLock, true},
		{"waited for and alone", Lock, TryLock, true},
		{"alone and shared", TryLock, TryShare, true},
		{"shared and alone", TryShare, TryLock, true},
		{"shared and shared", TryShare, TryShare, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "lock")
			first, second := open(t, name), open(t, name)
			if err := test.first(first); err != nil {
				t.Fatal(err)
			}
			if err := test.second(second); errors.Is(err, ErrHeld) != test.held || !test.held && err != nil {
				t.Fatalf("the second got %v", err)
			}
			if _, err := second.WriteAt([]byte("who"), 0); err != nil {
				t.Errorf("the content cannot be written: %v", err)
			}
			first.Close()
			if err := TryLock(second); err != nil {
				t.Errorf("after the first was closed: %v", err)
			}
		})
	}
}

func TestLockWaits(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, name), open(t, name)
	if err := Lock(first); err != nil {
		t.Fatal(err)
	}
	got := make(chan error)
	go func() { got <- Lock(second) }()
	select {
	case err := <-got:
		t.Fatalf("the second had it beside the first: %v", err)
	default:
	}
	first.Close()
	if err := <-got; err != nil {
		t.Fatal(err)
	}
}

func TestClosedFile(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "lock"))
	f.Close()
	if err := TryLock(f); err == nil || errors.Is(err, ErrHeld) {
		t.Fatalf("a closed file was locked: %v", err)
	}
}
