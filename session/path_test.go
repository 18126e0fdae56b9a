package session

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	long := strings.Repeat("n", MaxName)
	deep := strings.Repeat("d/", MaxDepth-1) + "d"
	for _, c := range []struct {
		in, raw string
		ok      bool
	}{
		{"", "", true},
		{"/", "", true},
		{"a", "a", true},
		{"/a/b", "a/b", true},
		{"a/b/", "a/b", true},
		{" ", " ", true},
		{"...", "...", true},
		{".hidden", ".hidden", true},
		{"-rf", "-rf", true},
		{`..\..\evil`, `..\..\evil`, true},       // M05: one odd name, on Unix
		{`C:\x`, `C:\x`, true},                   // M06
		{"a\nb\x1b[2J", "a\nb\x1b[2J", true},     // M08, M09
		{"\xff/\xc0\xaf", "\xff/\xc0\xaf", true}, // M19: an overlong slash is none
		{long, long, true},
		{deep, deep, true},

		{"//", "", false},                               // M01
		{"//a", "", false},                              // M01
		{"a//", "", false},                              // M01
		{"a//b", "", false},                             // M01, M35
		{".", "", false},                                // M02
		{"..", "", false},                               // M03
		{"/..", "", false},                              // M03
		{"a/../../b", "", false},                        // M35
		{"a/./b", "", false},                            // M35
		{"a/..", "", false},                             // M35
		{"a\x00b", "", false},                           // M07
		{"\x00", "", false},                             // M07
		{long + "n", "", false},                         // M21
		{deep + "/d", "", false},                        // M36
		{strings.Repeat("a/b", MaxPath/3+1), "", false}, // M37
	} {
		p, err := ParsePath(c.in)
		switch {
		case c.ok && (err != nil || p.Raw() != c.raw):
			t.Errorf("%.40q: %.40q, %v, want %.40q", c.in, p.Raw(), err, c.raw)
		case !c.ok && !errors.Is(err, ErrPath):
			t.Errorf("%.40q: %.40q, %v, want ErrPath", c.in, p.Raw(), err)
		case err != nil && (len(err.Error()) > 800 || KindOf(err) != BadName):
			t.Errorf("%.40q: %d bytes of error, kind %s", c.in, len(err.Error()), KindOf(err))
		}
	}
}

// A path travels in one form only. M34, M35: a slash at an end is refused there.
func TestParseClean(t *testing.T) {
	for _, s := range []string{"/", "/etc/passwd", "a/", "a//b", "/a"} {
		if _, err := parseClean(s); !errors.Is(err, ErrPath) {
			t.Errorf("%q: %v, want ErrPath", s, err)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "/", "a\x00", strings.Repeat("n", MaxName+1)} { // M04
		if p, err := (Path{"dir"}).Join(name); !errors.Is(err, ErrPath) {
			t.Errorf("Join(%.20q) = %v, %v, want ErrPath", name, p, err)
		}
	}
	if _, err := (Path{strings.Repeat("d", MaxPath-2)}).Join("ab"); !errors.Is(err, ErrPath) {
		t.Errorf("a path too long: %v", err)
	}
	p, err := Path{}.Join("a")
	must(t, err)
	p, err = p.Join("b")
	must(t, err)
	if p.Raw() != "a/b" || p.String() != "/a/b" {
		t.Errorf("got %q, %q", p.Raw(), p)
	}
}

func TestPathParts(t *testing.T) {
	p := at(t, "a/b/c")
	if p.Parent() != at(t, "a/b") || p.Base() != "c" || (Path{}).Parent() != (Path{}) || (Path{}).Base() != "" {
		t.Error("Parent and Base")
	}
	for dir, want := range map[string]bool{"": true, "a": true, "a/b/c": true, "a/b/c/d": false, "a/bb": false, "a/b/": true} {
		if got := p.Within(at(t, dir)); got != want {
			t.Errorf("%s within %q: %v", p, dir, got)
		}
	}
	if (at(t, "ab")).Within(at(t, "a")) {
		t.Error("/ab is within /a")
	}
	if p.Append(Path{}) != p || (Path{}).Append(p) != p || at(t, "a").Append(at(t, "b/c")) != p {
		t.Error("Append")
	}
	var steps []string
	for at, name := range p.steps() {
		steps = append(steps, at.Raw()+":"+name)
	}
	if got := strings.Join(steps, " "); got != "a:a a/b:b a/b/c:c" {
		t.Errorf("steps: %s", got)
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"", "/", "a/b", "/a//b/", "../x", "a/./b", "\x00", "\xff", strings.Repeat("a/", 2000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePath(s)
		if err != nil {
			if p != (Path{}) || !errors.Is(err, ErrPath) {
				t.Errorf("%q: %v, %v", s, p, err)
			}
			return
		}
		again, err := ParsePath(p.Raw())
		if err != nil || again != p {
			t.Errorf("%q: %q parses as %v, %v", s, p.Raw(), again, err)
		}
		if p.IsRoot() {
			return
		}
		rebuilt := Path{}
		for _, name := range p.steps() {
			if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
				t.Errorf("%q has the name %q", s, name)
			}
			if rebuilt, err = rebuilt.Join(name); err != nil {
				t.Error(err)
			}
		}
		if rebuilt != p {
			t.Errorf("%q rebuilt is %q", p.Raw(), rebuilt.Raw())
		}
	})
}

// A name that can be none is refused with a kind and a reason; its kin match.
func TestValidName(t *testing.T) {
	for _, name := range []string{"a", "...", " ", "a\\b", "\xff", "é", strings.Repeat("n", MaxName)} {
		if err := ValidName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", ".", "..", "a/b", "a\x00b", strings.Repeat("n", MaxName+1)} {
		err := ValidName(name)
		for _, want := range []error{BadName, ErrPath, fs.ErrInvalid} {
			if !errors.Is(err, want) {
				t.Errorf("%q: %v is no %v", name, err, want)
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("MustPath took a path that is none")
		}
	}()
	if MustPath("/a/b/") != (Path{"a/b"}) {
		t.Error("MustPath of a valid path is another one")
	}
	MustPath("a//b")
}

// A kind unwraps to what the standard library calls it, in an Error as by itself.
func TestKindsUnwrap(t *testing.T) {
	for kind, want := range map[Kind]error{
		NotFound: fs.ErrNotExist, Exists: fs.ErrExist, Permission: fs.ErrPermission, Refused: fs.ErrPermission,
		Invalid: fs.ErrInvalid, BadName: fs.ErrInvalid, Timeout: context.DeadlineExceeded,
	} {
		e := newError(kind, Path{"x"}, "why")
		if !errors.Is(kind, want) || !errors.Is(e, want) || !errors.Is(e, kind) || errors.Is(e, Kind("other")) {
			t.Errorf("%s is no %v", kind, want)
		}
	}
	if err := errors.Unwrap(Busy); err != nil {
		t.Errorf("busy unwraps to %v", err)
	}
}
