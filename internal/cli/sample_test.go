package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Large files of the samples have to cross the link, or there is nothing to be
// seen: none is a hole, repeats itself, or is the same as another one.
func TestSampleHasToCross(t *testing.T) {
	dir := t.TempDir()
	const block = 1 << 20
	entries := []sampleEntry{{name: "a", size: 3 * block}, {name: "b", size: 3 * block}}
	if err := writeSample(dir, entries); err != nil {
		t.Fatal(err)
	}
	var seen [][]byte
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.name))
		if err != nil || len(data) != e.size {
			t.Fatalf("%s has %d bytes: %v", e.name, len(data), err)
		}
		for at := 0; at < len(data); at += block {
			part := data[at : at+block]
			if bytes.Count(part, []byte{0}) > block/100 {
				t.Errorf("%s is a hole at %d", e.name, at)
			}
			for _, s := range seen {
				if bytes.Equal(s, part) {
					t.Errorf("%s has at %d what was there before", e.name, at)
				}
			}
			seen = append(seen, part)
		}
	}
}
