package session

import (
	"strings"
)

// Rules are the lines of a .gitignore: of those that fit an entry the last one says
// whether it is left out, and what lies in a directory that is left out is so too
// (gitignore(5), but for character classes by name, such as [[:space:]]).
type rules []rule

type rule struct {
	names    []string // the pattern, cut at its slashes
	anywhere bool     // one name that is held against those of entries, wherever they lie
	keeps    bool     // "!": what fits is not left out
	dirs     bool     // "/" at the end: fits directories only
}

// Limits of the filters of a scan.
const (
	maxRules     = 1024
	maxOnly      = 256
	maxRule      = 4096     // bytes of a line
	maxRuleBytes = 32 << 10 // of all of them
)

// newRules reads lines. Empty ones and comments are none.
func newRules(lines []string) (rs rules) {
	for _, line := range lines {
		if r, ok := newRule(line); ok {
			rs = append(rs, r)
		}
	}
	return rs
}

func newRule(line string) (r rule, ok bool) {
	line = trimBlanks(strings.TrimSuffix(line, "\r"))
	if line == "" || line[0] == '#' {
		return r, false
	}
	line, r.keeps = strings.CutPrefix(line, "!")
	line, r.dirs = strings.CutSuffix(line, "/")
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return r, false
	}
	r.names = strings.Split(line, "/")
	for i, name := range r.names {
		if len(name) > 2 && strings.Trim(name, "*") == "" {
			r.names[i] = "**"
		}
	}
	r.anywhere = !anchored
	return r, true
}

// trimBlanks takes spaces off the end of a line, but for one behind a backslash.
func trimBlanks(line string) string {
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	return line
}

// leavesOut tells whether the entry at p, below the directory that the rules are
// for, is left out by itself; its directory is not.
func (rs rules) leavesOut(p string, dir bool) bool {
	for i := len(rs) - 1; i >= 0; i-- {
		if r := &rs[i]; (dir || !r.dirs) && r.fits(p) {
			return !r.keeps
		}
	}
	return false
}

// has tells whether any of the rules fits.
func (rs rules) has(p string) bool {
	for i := range rs {
		if rs[i].fits(p) && !rs[i].dirs {
			return true
		}
	}
	return false
}

func (r *rule) fits(p string) bool {
	if r.anywhere {
		return fitsName(r.names[0], p[strings.LastIndexByte(p, '/')+1:])
	}
	return fitsNames(r.names, p)
}

// fitsNames holds a pattern against a path, name by name. As with a star in a name,
// only the last "**" has ever to be thought over.
func fitsNames(pattern []string, p string) bool {
	var retry []string // behind the last "**"
	rest := ""         // of the path, where that was tried
	for {
		switch {
		case len(pattern) > 0 && pattern[0] == "**":
			if len(pattern) == 1 {
				return p != "" // all that is below, not the directory itself
			}
			pattern = pattern[1:]
			retry, rest = pattern, p
			continue
		case len(pattern) == 0 && p == "":
			return true
		case len(pattern) > 0 && p != "":
			name, below, _ := strings.Cut(p, "/")
			if fitsName(pattern[0], name) {
				pattern, p = pattern[1:], below
				continue
			}
		}
		if _, below, more := strings.Cut(rest, "/"); retry != nil && more {
			pattern, p, rest = retry, below, below
			continue
		}
		return false
	}
}

// fitsName holds a pattern without slashes against a name: *, ?, [a-z], [!a-z] and
// \ before a letter that is to be itself.
func fitsName(pattern, name string) bool {
	star, from := -1, 0 // behind the last star, and where it was tried
	i, j := 0, 0
	for j < len(name) {
		if i < len(pattern) && pattern[i] == '*' {
			i++
			star, from = i, j
			continue
		}
		if n, ok := fitsByte(pattern[i:], name[j]); ok {
			i, j = i+n, j+1
			continue
		}
		if star < 0 {
			return false
		}
		from++
		i, j = star, from
	}
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i == len(pattern)
}

// fitsByte holds what a pattern begins with against a byte, and returns how long
// that is.
func fitsByte(pattern string, c byte) (n int, ok bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		return fitsClass(pattern, c)
	case pattern[0] == '\\' && len(pattern) > 1:
		return 2, pattern[1] == c
	}
	return 1, pattern[0] == c
}

// fitsClass is fitsByte for a class; one that does not end fits nothing.
func fitsClass(pattern string, c byte) (n int, ok bool) {
	i := 1
	not := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if not {
		i++
	}
	in := false
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			return i + 1, in != not
		}
		lo, width := classByte(pattern[i:])
		i += width
		hi := lo
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			hi, width = classByte(pattern[i+1:])
			i += 1 + width
		}
		in = in || lo <= c && c <= hi
	}
	return 0, false
}

func classByte(s string) (c byte, width int) {
	if s[0] == '\\' && len(s) > 1 {
		return s[1], 2
	}
	return s[0], 1
}

// checkRules bounds what each name is held against, by those who ask for a scan of
// a tree of ours, too.
func checkRules(out, only []string) error {
	bytes := 0
	for _, list := range [][]string{out, only} {
		for _, line := range list {
			if bytes += len(line); len(line) > maxRule {
				return newError(Limit, Path{}, "a filter of %d bytes, at most %d", len(line), maxRule)
			}
		}
	}
	if len(out) > maxRules || len(only) > maxOnly || bytes > maxRuleBytes {
		return newError(Limit, Path{}, "more filters than %d and %d, or than %d bytes", maxRules, maxOnly, maxRuleBytes)
	}
	for _, line := range only {
		if r, ok := newRule(line); !ok || r.keeps {
			return newError(Invalid, Path{}, "%s says nothing of what is to be included", Display(clip(line)))
		}
	}
	return nil
}
