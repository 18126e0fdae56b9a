package session

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// The limits of a path in bytes and components. Names of more than 255 bytes
// fit no disk that bargee runs on; the wire carries a little more so that the
// disk, not the protocol, is who says no.
const (
	MaxPath  = 32 << 10
	MaxName  = 1024
	MaxDepth = 1024
)

// A Path leads from the root of a Tree to something in it. It is the only form
// in which names reach the file layer, and ParsePath the only way to make one
// from outside: components without '/', NUL, "." or "..", never absolute. The
// zero Path is the root.
type Path struct{ raw string }

// ErrPath is what the errors of ParsePath, ValidName and Join match, all of kind
// BadName.
var ErrPath = errors.New("not a valid path")

// ParsePath makes a Path of components joined by '/'. One leading and one
// trailing slash are the user's way to say "from the root" and "a directory"
// and are allowed; "" and "/" are the root. Bytes are taken as they are.
func ParsePath(s string) (Path, error) {
	s = strings.TrimPrefix(s, "/")
	if s == "" {
		return Path{}, nil
	}
	p, err := parseNames(strings.TrimSuffix(s, "/"))
	if err != nil {
		return Path{}, about(Path{}, err)
	}
	return p, nil
}

// MustPath is ParsePath of a path that is known to be valid, such as a constant;
// it panics where it is not.
func MustPath(s string) Path {
	p, err := ParsePath(s)
	if err != nil {
		panic("session: MustPath: " + err.Error())
	}
	return p
}

// ValidName says why name can be no name in a Tree, an error of kind BadName that
// matches ErrPath; nil: it can. What a disk besides does not take (long names, on
// Windows some characters) it says itself.
func ValidName(name string) error {
	if err := checkName(name); err != nil {
		return about(Path{}, err)
	}
	return nil
}

// parseClean takes only the form in which a path travels: the root is "".
func parseClean(s string) (Path, error) {
	if s == "" {
		return Path{}, nil
	}
	return parseNames(s)
}

func parseNames(s string) (Path, error) {
	if len(s) > MaxPath {
		return Path{}, fmt.Errorf("a path of %d bytes, at most %d: %w", len(s), MaxPath, ErrPath)
	}
	depth := 0
	for name := range strings.SplitSeq(s, "/") {
		if depth++; depth > MaxDepth {
			return Path{}, fmt.Errorf("more than %d directories deep: %w", MaxDepth, ErrPath)
		}
		if err := checkName(name); err != nil {
			return Path{}, fmt.Errorf("%s: %w", Display(clip(s)), err)
		}
	}
	return Path{s}, nil
}

// clip keeps an error about a name from growing as long as the name.
func clip(s string) string {
	if len(s) <= 128 {
		return s
	}
	return strings.ToValidUTF8(s[:128], "") + "…"
}

func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("an empty name: %w", ErrPath)
	case name == "." || name == "..":
		return fmt.Errorf("%q is no name: %w", name, ErrPath)
	case len(name) > MaxName:
		return fmt.Errorf("a name of %d bytes, at most %d: %w", len(name), MaxName, ErrPath)
	case strings.ContainsAny(name, "/\x00"):
		return fmt.Errorf("a name with a slash or NUL: %w", ErrPath)
	}
	return nil
}

// Join returns the path of name in the directory p.
func (p Path) Join(name string) (Path, error) {
	if err := ValidName(name); err != nil {
		return Path{}, err
	}
	if p.raw == "" {
		return Path{name}, nil
	}
	if len(p.raw)+1+len(name) > MaxPath {
		return Path{}, about(Path{}, fmt.Errorf("%s: longer than %d bytes: %w", Display(clip(p.raw)), MaxPath, ErrPath))
	}
	return Path{p.raw + "/" + name}, nil
}

// Append returns the path that leads from p on by q.
func (p Path) Append(q Path) Path {
	switch {
	case p.raw == "":
		return q
	case q.raw == "":
		return p
	}
	return Path{p.raw + "/" + q.raw}
}

// Split returns the directory that holds p, and p's name in it. The root has
// neither: it returns the root and "".
func (p Path) Split() (Path, string) {
	i := strings.LastIndexByte(p.raw, '/')
	if i < 0 {
		return Path{}, p.raw
	}
	return Path{p.raw[:i]}, p.raw[i+1:]
}

// Parent returns the directory that holds p; the root is its own parent.
func (p Path) Parent() Path { d, _ := p.Split(); return d }

// Base returns p's name, "" for the root, as raw bytes.
func (p Path) Base() string { _, n := p.Split(); return n }

// Within tells whether p is dir or lies below it.
func (p Path) Within(dir Path) bool {
	return dir.raw == "" || p.raw == dir.raw || strings.HasPrefix(p.raw, dir.raw+"/")
}

// IsRoot tells whether p is the root.
func (p Path) IsRoot() bool { return p.raw == "" }

// Raw returns p as it travels and as the disk has it: any bytes, no leading slash.
func (p Path) Raw() string { return p.raw }

// String returns p for people: with a leading slash, and shown by Display.
func (p Path) String() string { return "/" + Display(p.raw) }

// steps yields the path of each directory on the way to p, p last, with its name.
func (p Path) steps() iter.Seq2[Path, string] {
	return func(yield func(Path, string) bool) {
		start := 0
		for i := range len(p.raw) + 1 {
			if i < len(p.raw) && p.raw[i] != '/' {
				continue
			}
			if start < i && !yield(Path{p.raw[:i]}, p.raw[start:i]) {
				return
			}
			start = i + 1
		}
	}
}
