package session

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// unportable says why a system that bargee runs on cannot keep a file under name, or
// would take it for another one. Windows is the one that minds: it drops dots and
// spaces at the end, reads a colon as a stream, and knows devices by names such as
// NUL, whatever stands behind a dot. The rules are those of Microsoft's "Naming Files,
// Paths, and Namespaces".
func unportable(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "Windows has no names that are not UTF-8"
	case strings.ContainsAny(name, `\:*?"<>|`):
		return `Windows has no names with any of : * ? " < > | or a backslash`
	case strings.IndexFunc(name, func(r rune) bool { return r < ' ' }) >= 0:
		return "Windows has no names with control characters"
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return "Windows drops dots and spaces at the end of a name"
	case isDevice(name):
		return "the name is that of a device on Windows"
	}
	return ""
}

// isDevice tells whether name is that of a device on some version of Windows.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	port, ok := strings.CutPrefix(base, "COM")
	if !ok {
		port, ok = strings.CutPrefix(base, "LPT")
	}
	return ok && len([]rune(port)) == 1 && strings.Contains("123456789¹²³", port)
}

// mayBeNamed refuses names that are to be at p, if only those are taken that all
// systems can keep.
func (c *ServerConfig) mayBeNamed(p Path, names ...string) error {
	if !c.PortableNames {
		return nil
	}
	for _, name := range names {
		if why := unportable(name); why != "" {
			return about(p, fmt.Errorf("only names that all systems keep are taken: %s: %w", why, ErrPath))
		}
	}
	return nil
}

// mayBeMade is mayBeNamed of what a request makes.
func (c *ServerConfig) mayBeMade(p Path, parents bool) error {
	if !parents {
		return c.mayBeNamed(p, p.Base())
	}
	return c.mayBeNamed(p, strings.Split(p.raw, "/")...)
}
