//go:build unix

package transport

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStateIsAFIFO: a FIFO in place of a file does not hang us.
// It holds M114.
func TestStateIsAFIFO(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "known_peers.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKnownPeers(dir); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("%v", err)
	}
}
