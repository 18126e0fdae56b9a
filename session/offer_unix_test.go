//go:build unix

package session

import (
	"path/filepath"
	"syscall"
	"testing"
)

// What has no bytes of its own is not offered, and nobody waits for a FIFO.
func TestOfferOfAFIFO(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	must(t, syscall.Mkfifo(name, 0o600))
	p, err := NewHost().PathOf(name)
	must(t, err)
	if _, err := NewOffer(OfferConfig{Paths: []Path{p}}); KindOf(err) != NotAFile {
		t.Errorf("%v, want %s", err, NotAFile)
	}
}
