package dropped

import (
	"net/url"
	"strings"
)

// What is read of a text at the most: more was not dropped, but pasted by
// mistake.
const (
	MaxText  = 256 << 10
	MaxPaths = 1000
)

// Parse returns the paths in text, and whether there were more of them than are
// read. A line is one path, unless quotes, escapes, URLs or several beginnings
// of paths show that it holds more.
func Parse(text string) (paths []string, more bool) {
	if len(text) > MaxText {
		text, more = text[:MaxText], true
		if end := strings.LastIndexAny(text, "\n\r"); end > 0 {
			text = text[:end]
		}
	}
	seen := make(map[string]bool)
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == 0 }) {
		for _, p := range inLine(strings.TrimSpace(line)) {
			if p = fromURL(p); p == "" || seen[p] {
				continue
			}
			if len(paths) == MaxPaths {
				return paths, true
			}
			seen[p] = true
			paths = append(paths, p)
		}
	}
	return paths, more
}

// inLine divides a line into paths.
func inLine(line string) []string {
	if line == "" {
		return nil
	}
	words, quoted := shellWords(line)
	if len(words) == 1 || quoted && words != nil {
		return words
	}
	for _, w := range words {
		if !begins(w) {
			return []string{line} // blanks are part of the name
		}
	}
	if words == nil {
		return []string{line}
	}
	return words
}

// begins tells whether a word looks like the beginning of a path.
func begins(w string) bool {
	return strings.HasPrefix(w, "/") || strings.HasPrefix(w, "~/") || strings.HasPrefix(w, "file:") ||
		len(w) > 2 && w[1] == ':' && (w[2] == '\\' || w[2] == '/') && isLetter(w[0])
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// shellWords divides a line as a shell does, and tells whether there was
// anything in it to be taken off. It returns nil for what no shell would take. A
// backslash before a letter or digit is one of Windows.
func shellWords(line string) (words []string, quoted bool) {
	var w strings.Builder
	begun := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == ' ' || c == '\t':
			if begun {
				words = append(words, w.String())
				w.Reset()
				begun = false
			}
			continue
		case c == '\'' || c == '"':
			end := strings.IndexByte(line[i+1:], c)
			if end < 0 {
				return nil, false
			}
			w.WriteString(line[i+1 : i+1+end])
			i += end + 1
			quoted = true
		case c == '\\' && i+1 < len(line) && !isLetter(line[i+1]) && (line[i+1] < '0' || line[i+1] > '9'):
			i++
			w.WriteByte(line[i])
			quoted = true
		default:
			w.WriteByte(c)
		}
		begun = true
	}
	if begun {
		words = append(words, w.String())
	}
	return words, quoted
}

// fromURL returns the path of a file: URL, and what is none as it is. One of
// another machine is not ours.
func fromURL(p string) string {
	if !strings.HasPrefix(p, "file:") {
		return p
	}
	rest := strings.TrimPrefix(p, "file:")
	if host, ok := strings.CutPrefix(rest, "//"); ok {
		slash := strings.IndexByte(host, '/')
		if slash < 0 || slash > 0 && host[:slash] != "localhost" {
			return p
		}
		rest = host[slash:]
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return p
	}
	if len(path) > 3 && path[0] == '/' && isLetter(path[1]) && path[2] == ':' { // file:///C:/x
		path = path[1:]
	}
	return path
}
