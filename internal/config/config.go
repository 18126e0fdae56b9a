package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bargee/bargee/tui/theme"
)

// A Config is what somebody wants. It is made by Default, and then changed by
// the file, the environment and flags, in this order.
type Config struct {
	Theme       string
	Looks       map[string]string // by theme.Role
	Keys        map[string][]string
	Mouse       bool
	ASCII       string // auto, yes, no
	Slow        bool
	Notify      string // auto, bell, off
	Taskbar     string // auto, on, off
	Background  string // ask, always, never
	Hidden      bool
	Sort        string
	Reverse     bool
	Passthrough bool

	Flags map[string][]Flag // of commands, by their tables

	tables Tables
	broken []Problem            // what keeps the file from being read at all
	wrong  map[string][]Problem // by the tables of commands
	at     map[string]Position  // of the values of flags, by "table\x00flag"
	from   map[string]string    // what set a setting last, for Show
}

// MaxFile is how long, in bytes, a configuration may be; what is longer is none.
const MaxFile = 1 << 20

// Default is the configuration of somebody who wrote none.
func Default() *Config {
	c := &Config{from: map[string]string{}}
	for _, s := range Settings {
		var what string
		if s.Values == nil {
			what, _ = s.take(c, s.Default == "true")
		} else {
			what, _ = s.take(c, s.Default)
		}
		if what != "" {
			panic("the default of " + s.Name + ": " + what)
		}
	}
	return c
}

// Commands says which tables of commands the file may have; without it, none.
func (c *Config) Commands(t Tables) { c.tables = t }

// ProblemsOf returns what keeps a command from having what the file says of its
// flags, as Read has found it: other lines are not its business.
func (c *Config) ProblemsOf(table string) []Problem { return append(c.broken, c.wrong[table]...) }

// Read takes what a file says; what in it cannot be taken is returned, in the
// order of the file, and the rest holds.
func (c *Config) Read(text []byte, name string) []Problem {
	if len(text) > MaxFile {
		c.broken = []Problem{{What: fmt.Sprintf("longer than %d bytes", MaxFile)}}
		return c.broken
	}
	nodes, bad := parse(text)
	if bad != nil {
		c.broken = []Problem{*bad}
		return c.broken
	}
	c.wrong = map[string][]Problem{}
	var problems []Problem
	var keys []node
	for _, n := range nodes {
		switch {
		case len(n.path) == 2 && n.path[0] == "keys":
			keys = append(keys, n)
		case len(n.path) == 2 && n.path[0] == "theme-looks":
			problems = append(problems, c.look(n)...)
		case len(n.path) == 2 && c.tables[n.path[0]] != nil:
			wrong := c.flag(n, name)
			c.wrong[n.path[0]] = append(c.wrong[n.path[0]], wrong...)
			problems = append(problems, wrong...)
		case len(n.path) == 1:
			problems = append(problems, c.setting(n, name)...)
		default:
			what := fmt.Sprintf("there is no table %s", strings.Join(n.path[:len(n.path)-1], "."))
			problems = append(problems, Problem{n.name, what, c.tableHint(n.path[0])})
		}
	}
	problems = append(problems, c.senseless()...)
	return sorted(append(problems, c.keys(keys)...))
}

// tableHint proposes a table.
func (c *Config) tableHint(word string) string {
	names := append(slices.Sorted(maps.Keys(c.tables)), "keys", "theme-looks")
	if hint := nearest(word, names); strings.HasPrefix(hint, "did you mean") {
		return hint
	}
	return "there are: keys, theme-looks, and those of commands, such as serve and cp"
}

func (c *Config) setting(n node, file string) []Problem {
	for _, s := range Settings {
		if s.Name != n.path[0] {
			continue
		}
		if what, hint := s.take(c, n.value); what != "" {
			return []Problem{{n.at, what, hint}}
		}
		c.from[s.Name] = fmt.Sprintf("%s:%d", file, n.name.Line)
		return nil
	}
	var names []string
	for _, s := range Settings {
		names = append(names, s.Name)
	}
	return []Problem{{n.name, fmt.Sprintf("there is no setting %q", n.path[0]), nearest(n.path[0], names)}}
}

func (c *Config) look(n node) []Problem {
	role := n.path[1]
	if !slices.Contains(theme.Roles, theme.Role(role)) {
		var names []string
		for _, r := range theme.Roles {
			names = append(names, string(r))
		}
		return []Problem{{n.name, fmt.Sprintf("nothing has the look %q", role), nearest(role, names)}}
	}
	look, ok := n.value.(string)
	if !ok {
		return []Problem{{n.at, "a look is written in quotes", `for example "bold blue"`}}
	}
	if _, err := theme.Parse(look); err != nil {
		return []Problem{{n.at, err.Error(), lookHint(look)}}
	}
	if c.Looks == nil {
		c.Looks = map[string]string{}
	}
	c.Looks[role] = look
	return nil
}

// lookHint proposes a word for the first one that is none.
func lookHint(look string) string {
	for word := range strings.FieldsSeq(look) {
		if _, err := theme.Parse(word); err != nil {
			if hint := nearest(word, theme.Words()); hint != "" {
				return hint
			}
		}
	}
	return "for example: bold blue, bright-red, 208, #ff8800, reverse, dim"
}

// Environment takes what variables say.
func (c *Config) Environment(getenv func(string) string) []Problem {
	var problems []Problem
	for _, s := range Settings {
		name := s.Environment()
		v := getenv(name)
		if v == "" {
			continue
		}
		if what, hint := s.word(c, v); what != "" {
			problems = append(problems, Problem{What: name + ": " + what, Hint: hint})
			continue
		}
		c.from[s.Name] = name
	}
	return problems
}

// Flag takes what a flag says.
func (c *Config) Flag(name, value string) []Problem {
	for _, s := range Settings {
		if s.Name != name {
			continue
		}
		if what, hint := s.word(c, value); what != "" {
			return []Problem{{What: "--" + name + ": " + what, Hint: hint}}
		}
		c.from[name] = "--" + name
	}
	return nil
}

// Show writes the configuration as a file that would make it, with where each
// value comes from.
func (c *Config) Show() string {
	var b strings.Builder
	for _, s := range Settings {
		from := c.from[s.Name]
		if from == "" {
			from = "default"
		}
		line := fmt.Sprintf("%s = %s", s.Name, s.text(c))
		fmt.Fprintf(&b, "# %s", s.Does)
		if s.Values != nil {
			fmt.Fprintf(&b, ": %s", strings.Join(s.Values, ", "))
		}
		fmt.Fprintf(&b, "\n%-32s # %s\n", line, from)
	}
	if len(c.Looks) > 0 {
		b.WriteString("\n[theme-looks]\n")
		for _, r := range slices.Sorted(maps.Keys(c.Looks)) {
			fmt.Fprintf(&b, "%s = %s\n", r, quote(c.Looks[r]))
		}
	}
	if len(c.Keys) > 0 {
		b.WriteString("\n[keys]\n")
		for _, a := range slices.Sorted(maps.Keys(c.Keys)) {
			fmt.Fprintf(&b, "%s = %s\n", a, list(c.Keys[a]))
		}
	}
	c.showFlags(&b)
	return b.String()
}
