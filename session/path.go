package session

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
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

// ErrPath is what the errors of ParsePath match.
var ErrPath = errors.New("not a valid path")

// ParsePath makes a Path of components joined by '/'. One leading and one
// trailing slash are the user's way to say "from the root" and "a directory"
// and are allowed; "" and "/" are the root. Bytes are taken as they are.
func ParsePath(s string) (Path, error) {
	s = strings.TrimPrefix(s, "/")
	s = strings.TrimSuffix(s, "/")
	if s == "" {
		return Path{}, nil
	}
	return parseClean(s)
}

// parseClean takes only the form in which a path travels: the root is "".
func parseClean(s string) (Path, error) {
	if s == "" {
		return Path{}, nil
	}
	if len(s) > MaxPath {
		return Path{}, fmt.Errorf("a path of %d bytes, at most %d: %w", len(s), MaxPath, ErrPath)
	}
	depth := 0
	for name := range strings.SplitSeq(s, "/") {
		if depth++; depth > MaxDepth {
			return Path{}, fmt.Errorf("more than %d directories deep: %w", MaxDepth, ErrPath)
		}
		if err := checkName(name); err != nil {
			return Path{}, fmt.Errorf("%s: %w", Display(s), err)
		}
	}
	return Path{s}, nil
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
	if err := checkName(name); err != nil {
		return Path{}, err
	}
	if p.raw == "" {
		return Path{name}, nil
	}
	if len(p.raw)+1+len(name) > MaxPath {
		return Path{}, fmt.Errorf("%s: longer than %d bytes: %w", Display(p.raw), MaxPath, ErrPath)
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

// Display returns a name or path as it may reach a terminal, a log or an error:
// what could steer a terminal or deceive a reader (controls, invalid UTF-8,
// invisible and direction-changing letters) stands there as an escape in Go's
// form, and so does the backslash, so that Undisplay can turn it back.
func Display(s string) string {
	if !needsEscape(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case showable(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

func needsEscape(s string) bool {
	for i, r := range s {
		if r == '\\' || !showable(r) {
			return true
		}
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return true
			}
		}
	}
	return false
}

// showable tells whether r may stand on the screen. Joiners are kept, since
// Persian names and family emoji need them, and no terminal obeys them.
func showable(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return true
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800', '\u034f': // look like nothing
		return false
	}
	return unicode.IsPrint(r) || unicode.Is(unicode.M, r) && !unicode.Is(unicode.Cf, r)
}

// Undisplay turns what Display wrote back into the bytes of the name. A
// backslash that begins no escape of Display stands for itself.
func Undisplay(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for s != "" {
		if s[0] != '\\' {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		out, n := unescape(s)
		b.WriteString(out)
		s = s[n:]
	}
	return b.String()
}

// unescape reads the escape at the start of s; it returns the bytes it stands
// for and its length.
func unescape(s string) (string, int) {
	if len(s) < 2 {
		return s, len(s)
	}
	digits := 0
	switch s[1] {
	case '\\':
		return `\`, 2
	case 'n':
		return "\n", 2
	case 't':
		return "\t", 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	if digits == 0 || len(s) < 2+digits {
		return s[:1], 1
	}
	var v uint32
	for _, c := range s[2 : 2+digits] {
		i := strings.IndexRune("0123456789abcdef", c)
		if i < 0 {
			return s[:1], 1
		}
		v = v<<4 | uint32(i)
	}
	if digits == 2 {
		return string([]byte{byte(v)}), 4
	}
	return string(rune(v)), 2 + digits
}
