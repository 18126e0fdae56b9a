package renaming

import (
	"fmt"
	"strings"

	"github.com/bargee/bargee/session"
)

// Text writes names as lines to be edited. What a line cannot hold, or nobody
// could see, stands there as an escape; Parse turns it back.
func Text(names []string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString(session.Display(n))
		b.WriteByte('\n')
	}
	return b.String()
}

// Parse reads the lines that came of names. There must be as many.
func Parse(text string, names []string) ([]string, error) {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "\ufeff"), "\n")
	lines := strings.Split(text, "\n")
	if text == "" {
		lines = nil
	}
	if len(lines) != len(names) {
		return nil, fmt.Errorf("the list has %s, it had %s", count(len(lines)), count(len(names)))
	}
	for i, l := range lines {
		l = strings.TrimSuffix(l, "\r")
		if l == session.Display(names[i]) {
			lines[i] = names[i] // whatever escapes make of it
			continue
		}
		lines[i] = session.Undisplay(l)
	}
	return lines, nil
}

func count(n int) string {
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

// A Pair is a name, and what it shall become.
type Pair struct{ Old, New string }

// Pairs checks a list and returns what changes. Whether dir can have the names is
// asked of it; other names in it are not known here: see Clobbers.
func Pairs(dir session.Path, names, edited []string) ([]Pair, error) {
	var out []Pair
	seen := make(map[string]int, len(edited))
	for i, name := range edited {
		if name != names[i] {
			if err := check(dir, name); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			out = append(out, Pair{names[i], name})
		}
		if first, twice := seen[name]; twice {
			return nil, fmt.Errorf("lines %d and %d: both are %s", first, i+1, session.Display(name))
		}
		seen[name] = i + 1
	}
	return out, nil
}

func check(dir session.Path, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("there is no name")
	case name == "." || name == "..":
		return fmt.Errorf("%s is no name for a file", name)
	case strings.Contains(name, "/"):
		return fmt.Errorf("%s: a name has no slash", session.Display(name))
	}
	if _, err := dir.Join(name); err != nil {
		return fmt.Errorf("%s is not a possible name", session.Display(name))
	}
	return nil
}

// Clobbers returns a test for the other names of the directory: whether one is in
// the way of a pair.
func Clobbers(pairs []Pair) func(name string) bool {
	wanted, leaves := make(map[string]bool, len(pairs)), make(map[string]bool, len(pairs))
	for _, p := range pairs {
		wanted[p.New], leaves[p.Old] = true, true
	}
	return func(name string) bool { return wanted[name] && !leaves[name] }
}
