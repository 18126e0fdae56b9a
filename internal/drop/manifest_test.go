package drop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

const headOK = `{"version":1,"files":1,"dirs":0,"bytes":3,"chunk":1048576,"chunks":"` + zeros + `"}` + "\n"

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func readLines(s string) error {
	m, err := NewManifestReader(strings.NewReader(s))
	for err == nil {
		_, err = m.Next()
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func TestManifestLimits(t *testing.T) {
	entry := func(s string) string { return headOK + s + "\n" }
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"one file":            {entry(`{"path":"a","kind":"file","size":3}`), nil},
		"unknown keys":        {entry(`{"path":"a","kind":"file","size":3,"colour":"red"}`), nil},
		"blanks behind":       {entry(`{"path":"a","kind":"file","size":3}`) + strings.Repeat(" ", 200_000), nil},
		"newer":               {`{"version":2}` + "\n", ErrVersion},
		"no version":          {`{"files":1}` + "\n", ErrInvalid},
		"nothing":             {"", ErrInvalid},
		"blanks":              {strings.Repeat(" ", 100_000), ErrInvalid},
		"no line's end":       {headOK + `{"path":"a","kind":"file","size":3}`, ErrInvalid},
		"a word behind":       {entry(`{"path":"a","kind":"file","size":3}`) + "   x", ErrInvalid},
		"no entry":            {headOK, ErrInvalid},
		"two entries":         {entry(`{"path":"a","kind":"file","size":3}` + "\n" + `{"path":"b","kind":"file"}`), ErrInvalid},
		"fewer bytes":         {entry(`{"path":"a","kind":"file","size":2}`), ErrInvalid},
		"more bytes":          {entry(`{"path":"a","kind":"file","size":4}`), ErrInvalid},
		"less than none":      {entry(`{"path":"a","kind":"file","size":-1}`), ErrInvalid},
		"above":               {entry(`{"path":"../a","kind":"file","size":3}`), ErrInvalid},
		"absolute":            {entry(`{"path":"/a","kind":"file","size":3}`), ErrInvalid},
		"an empty name":       {entry(`{"path":"a//b","kind":"file","size":3}`), ErrInvalid},
		"a zero byte":         {entry(`{"path":"a\u0000","kind":"file","size":3}`), ErrInvalid},
		"two paths":           {entry(`{"path":"a","path_base64":"YQ==","kind":"file","size":3}`), ErrInvalid},
		"base64 that is none": {entry(`{"path_base64":"Y","kind":"file","size":3}`), ErrInvalid},
		"a kind":              {entry(`{"path":"a","kind":"pipe","size":3}`), ErrInvalid},
		"a mode":              {entry(`{"path":"a","kind":"file","size":3,"mode":"4755"}`), ErrInvalid},
		"a digest":            {entry(`{"path":"a","kind":"file","size":3,"sha256":"00"}`), ErrInvalid},
		"a link to nothing":   {entry(`{"path":"a","kind":"link"}`), ErrInvalid},
		"a file with target":  {entry(`{"path":"a","kind":"file","size":3,"target":"b"}`), ErrInvalid},
		"a long line":         {entry(`{"path":"a","kind":"file","size":3,"x":"` + strings.Repeat("y", MaxLine) + `"}`), ErrLimit},
		"a chunk of 3 bytes":  {strings.Replace(headOK, "1048576", "3", 1), ErrInvalid},
		"many bytes":          {strings.Replace(headOK, `"bytes":3`, `"bytes":9000000000000000000`, 1), ErrLimit},
		"many chunks":         {strings.Replace(strings.Replace(headOK, `"bytes":3`, `"bytes":700000000000`, 1), "1048576", "65536", 1), ErrLimit},
		"many entries":        {strings.Replace(headOK, `"files":1`, `"files":1000001`, 1), ErrLimit},
		"behind a signature": {entry(`{"path":"a","kind":"file","size":3}` + "\n" + `{"signature":{"key":"` +
			strings.Repeat("A", 43) + `=","sig":"` + strings.Repeat("A", 86) + `=="}}` + "\n" + `{}`), ErrInvalid},
		"a short signature": {entry(`{"signature":{"key":"AA==","sig":"AA=="}}`), ErrInvalid},
	} {
		if err := readLines(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A manifest of several chunks, with the longest names, goes through.
func TestLongManifest(t *testing.T) {
	keys := Derive(NewKey())
	var chunks [][]byte
	sealer := NewManifestSealer(keys, func(b []byte) error { chunks = append(chunks, b); return nil })
	const n = 200
	m, err := NewManifestWriter(sealer, Header{Files: n, Chunk: MinChunk})
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("\x01", MaxName)
	long := strings.Repeat(name+"/", MaxPath/(MaxName+1)-1) + name
	for i := range n {
		if err := m.Add(Entry{Path: fmt.Sprint(i) + long[4:], Kind: File}); err != nil {
			t.Fatal(err)
		}
	}
	if err := sealer.Close(); err != nil {
		t.Fatal(err)
	}
	if len(chunks) < 3 {
		t.Fatalf("%d chunks", len(chunks))
	}
	entries, _ := readManifest(t, keys, chunks)
	if len(entries) != n || entries[7].Path != "7"+long[4:] {
		t.Errorf("%d entries", len(entries))
	}
	if _, _, err := tryManifest(keys, chunks[:2]); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut: %v", err)
	}
	if err := m.Add(Entry{Path: "a/../b", Kind: File}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a path that is none is written: %v", err)
	}
}

func TestLayout(t *testing.T) {
	for _, l := range []Layout{{0, MinChunk}, {1, MinChunk}, {MinChunk, MinChunk}, {5 << 20, 1 << 20}, {1<<30 + 17, MaxChunk}} {
		if err := l.Check(); err != nil {
			t.Fatal(err)
		}
		var at, sealed int64
		for i := range l.Chunks() {
			off, n, final := l.Span(i)
			if off != at || n < 1 || n > l.Chunk || final != (i == l.Chunks()-1) {
				t.Fatalf("%+v: chunk %d at %d has %d", l, i, off, n)
			}
			at += int64(n)
			sealed += int64(n + Overhead)
		}
		if at != Padded(l.Bytes) || sealed != l.Sealed() {
			t.Errorf("%+v: %d bytes, %d sealed", l, at, sealed)
		}
	}
	for n := int64(1); n < 1<<40; n = n*5/3 + 1 {
		if p := Padded(n); p < n || n > 4096 && float64(p) > 1.12*float64(n) || n > 1<<30 && float64(p) > 1.032*float64(n) {
			t.Errorf("%d is filled up to %d", n, p)
		}
	}
	if err := (Layout{MaxBytes, MaxChunk}).Check(); err != nil {
		t.Error(err)
	}
}

func TestWordsOfADrop(t *testing.T) {
	k := NewKey()
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%#v", k), slog.AnyValue(k).Resolve().String()} {
		if strings.Contains(text, k.Reveal()) || text != hidden {
			t.Errorf("a key prints as %q", text)
		}
	}
	origin, got, err := ParseLink(Link("https://relay.example:8443", k))
	if err != nil || got != k || origin != "https://relay.example:8443" {
		t.Errorf("%q %v", origin, err)
	}
	for _, bad := range []string{"", "https://relay.example/", "ftp://h/#" + k.Reveal(), "https://#" + k.Reveal(),
		"https://a:b@h/#" + k.Reveal(), "https://h/#" + k.Reveal()[1:], "https://h/#" + k.Reveal() + "A"} {
		if _, _, err := ParseLink(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for s, ok := range map[string]bool{
		"https://relay.example": true, "http://[::1]:8080": true, "https://relay.example/": false, "https://a b": false, "javascript:alert(1)": false,
		"https://a:b@relay.example": false, "https://relay.example#x": false, "https://": false, "": false, "https://" + strings.Repeat("a", 300): false,
		"https://relay.example\x1b[2J": false,
	} {
		if got := ParseOrigin(s); (got == s && s != "") != ok || !ok && got != "" {
			t.Errorf("the origin %q is %q", s, got)
		}
	}
	id := Derive(k).ID
	if got, err := ParseID(id.String()); got != id || err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", strings.ToUpper(id.String()) + "A", id.String()[1:], "../" + id.String()[3:], strings.Repeat("G", 32)} {
		if _, err := ParseID(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if !bytes.Equal(expand(k, "bargee drop id v1", 16), id[:]) {
		t.Error("the id is not that of the key")
	}
}
