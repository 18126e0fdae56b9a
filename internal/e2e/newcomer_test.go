//go:build unix

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNewcomer starts from an empty configuration, does what the guide says, and
// has a verified file in the other pane with at most five keys after the two
// machines know each other. The next start has no guide.
func TestNewcomer(t *testing.T) {
	s := openScreen(t, 80, 24, false)
	content := bytes.Repeat([]byte("first "), 200_000)
	if err := os.WriteFile(filepath.Join(s.near, "zz first"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.token, err = s.bin.NewToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.serve("127.0.0.1:0")
	token, err := os.ReadFile(s.token)
	if err != nil {
		t.Fatal(err)
	}

	s.wait("1 of 4  Choose the other machine: 2 goes to that pane.")
	s.press("2")
	s.wait("or connect to a new one")
	s.press(end, enter)
	s.wait("Address")
	s.press(s.server.Address, "\t", strings.TrimSpace(string(token)), enter)
	s.wait("2 of 4  Cursor on a file")

	keys := 0
	count := func(key string) { keys++; s.press(key) }
	count("\t")
	s.wait("31 items") // the pane follows the disk
	count(end)
	count("c")
	s.wait("3 of 4  This is what would be copied")
	count(enter)
	s.wait("4 of 4  It arrived as it was sent, verified.")
	if keys > 5 {
		t.Errorf("%d keys after pairing", keys)
	}
	if got, err := os.ReadFile(filepath.Join(s.far, "zz first")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("what arrived is not what was sent: %d bytes, %v", len(got), err)
	}
	s.press(down)
	s.gone("of 4")
	s.press("q")

	s.open(80, 24, s.bin.Path, s.near)
	s.wait("choose a place")
	s.wait("file-0")
	if shown := s.Screen(); strings.Contains(shown, "of 4") {
		t.Errorf("the guide is there again:\n%s", shown)
	}
}
