//go:build linux || darwin || freebsd

package session

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bargee/bargee/internal/wire"
)

// attributes returns those of a file that travel.
func attributes(t *testing.T, name string) map[string]string {
	t.Helper()
	f, err := os.Open(name)
	must(t, err)
	defer f.Close()
	list, err := listXattrs(f)
	must(t, err)
	out := map[string]string{}
	for _, n := range list {
		v, err := readXattr(f, n)
		must(t, err)
		out[n] = string(v)
	}
	return out
}

// attribute sets one; a disk that keeps none skips the test.
func attribute(t *testing.T, name, attr, value string) {
	t.Helper()
	f, err := os.Open(name)
	must(t, err)
	defer f.Close()
	if err := writeXattr(f, attr, []byte(value)); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this disk keeps no extended attributes")
	} else {
		must(t, err)
	}
}

// Attributes of files and directories come along when they are asked for, also
// of files that nobody may write to.
func TestXattrs(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			fill(t, filepath.Join(from, "small"), 100, 1)
			fill(t, filepath.Join(from, "d/large"), 3*mib, 2)
			fill(t, filepath.Join(from, "none"), 3, 2)
			want := map[string]map[string]string{
				"small":   {"origin": "https://example.org/", "empty": ""},
				"d/large": {"sum": "\x00\xff"},
				"d":       {"tag": "blue"},
				"none":    {},
			}
			for name, attrs := range want {
				for attr, value := range attrs {
					attribute(t, filepath.Join(from, name), attr, value)
				}
			}
			must(t, os.Chmod(filepath.Join(from, "small"), 0o444))
			j.Options.KeepXattrs = true
			if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
				t.Fatalf("%v: %v %v", tr.State, tr.Err, tr.Failed)
			}
			for name, attrs := range want {
				if got := attributes(t, filepath.Join(to, name)); !maps.Equal(got, attrs) {
					t.Errorf("%s has %q, want %q", name, got, attrs)
				}
			}
		})
	}
}

// Not asked for, they stay where they are.
func TestXattrsNotAskedFor(t *testing.T) {
	b := newBed(t, ServerConfig{})
	fill(t, filepath.Join(b.here, "file"), 100, 1)
	attribute(t, filepath.Join(b.here, "file"), "tag", "blue")
	b.up("file")
	if got := attributes(t, filepath.Join(b.there, "file")); len(got) > 0 {
		t.Errorf("it has %q", got)
	}
}

// A file with more than is sent fails, and says so; the rest is copied.
func TestTooManyXattrs(t *testing.T) {
	b := newBed(t, ServerConfig{})
	big := filepath.Join(b.here, "tree/big")
	fill(t, big, 100, 1)
	fill(t, filepath.Join(b.here, "tree/other"), 100, 1)
	for i := range 65 {
		attribute(t, big, strings.Repeat("n", i+1), "v")
	}
	j, _, to := jobs["upload"](b, "tree")
	j.Options.KeepXattrs = true
	tr := b.run(j)
	if tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Limit || tr.Failed[0].Path.Base() != "big" {
		t.Errorf("%d failed: %v", tr.Failures, tr.Failed)
	}
	if n := names(t, to); !slices.Equal(n, []string{"other"}) {
		t.Errorf("there are %q", n)
	}
}

// What a peer announces is looked at before it is used.
// It holds M48.
func TestCheckXattrs(t *testing.T) {
	one := func(name, value string) *wire.Xattr {
		return &wire.Xattr{Name: []byte(name), Value: []byte(value)}
	}
	for _, tt := range []struct {
		list []*wire.Xattr
		want Kind
	}{
		{nil, ""},
		{[]*wire.Xattr{one("a", ""), one("b", strings.Repeat("v", 8000))}, ""},
		{[]*wire.Xattr{one("", "v")}, Protocol},
		{[]*wire.Xattr{one("a\x00b", "v")}, Protocol},
		{[]*wire.Xattr{one("a", strings.Repeat("v", 5000)), one("b", strings.Repeat("v", 5000))}, Limit},
	} {
		if _, err := checkXattrs(&wire.Xattrs{List: tt.list}); err != nil && KindOf(err) != tt.want || err == nil && tt.want != "" {
			t.Errorf("%d of them: %v, want %q", len(tt.list), err, tt.want)
		}
	}
}

// A peer that does not know them is not asked for them in vain: the transfer
// says so before anything is copied.
func TestXattrsNotKnown(t *testing.T) {
	s := newSender(senderConfig{options: Options{KeepXattrs: true}})
	if err := s.greeted(&wire.Ready{}); KindOf(err) != Refused {
		t.Errorf("a receiver that keeps none: %v", err)
	}
	r := newReceiver(receiverConfig{into: openDir(t, t.TempDir()), options: Options{KeepXattrs: true}})
	if _, err := r.xattrs(&wire.Announce{}, RegularFile); KindOf(err) != Refused {
		t.Errorf("a sender that tells none: %v", err)
	}
}
