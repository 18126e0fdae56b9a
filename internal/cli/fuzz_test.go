package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bargee/bargee/session"
)

// FuzzSize reads whatever as a size: a whole number of bytes that a disk can
// hold, the same when it is written as plain bytes, or an error.
func FuzzSize(f *testing.F) {
	for _, s := range []string{"0", "512K", "10MiB", "4GB", "1.5g", "-1", "1e3", "NaN", "Inf", "0x10", "9223372036854775808", "1KIBB", "١"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseSize(s)
		if err != nil {
			if n != 0 {
				t.Errorf("%q: %d and %v", s, n, err)
			}
			return
		}
		if n < 0 || n >= 1<<62 {
			t.Errorf("%q is %d", s, n)
		}
		if n < 1<<53 {
			if again, err := parseSize(strconv.FormatInt(n, 10)); err != nil || again != n {
				t.Errorf("%q is %d, and that is %d, %v", s, n, again, err)
			}
		}
		if mask, err := parseUmask(s); err == nil && (mask < 0 || mask > 0o777) {
			t.Errorf("%q is the umask %o", s, mask)
		}
	})
}

// FuzzLines prints whatever name, target and words a peer may have: each is one
// line, without a control character, and as JSON one object from which the bytes
// of the name can be had again.
func FuzzLines(f *testing.F) {
	f.Add("name", "target", "words")
	f.Add("\x1b]52;c;eA==\a", "../\x9b31m", "\x1b[2J\r\n\u202e")
	f.Add("\xff\xfe\u2028", "\u0085", strings.Repeat("\u009b", 100))
	f.Fuzz(func(t *testing.T, name, target, words string) {
		p, err := (session.Path{}).Join(name)
		if err != nil {
			return
		}
		e := session.Entry{Name: name, Kind: session.Link, Target: target}
		failed := &session.Error{Kind: session.NotFound, Path: p, Err: errors.New(words)}
		for _, line := range printed(p, e, failed) {
			if strings.ContainsFunc(line, isControl) || !utf8.ValidString(line) {
				t.Errorf("%q, %q, %q: %q reaches the terminal", name, target, words, line)
			}
		}
		var out bytes.Buffer
		a := &app{stdout: bufio.NewWriter(&out)}
		a.event(newEntryEvent(p, e))
		a.event(newErrorEvent(failed))
		a.stdout.Flush()
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 2 {
			t.Fatalf("%q: %d lines", name, len(lines))
		}
		var got entryEvent
		if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
			t.Fatal(err)
		}
		if got.NameBase64 == "" && got.Name != name {
			t.Errorf("%q is told as %q", name, got.Name)
		}
	})
}
