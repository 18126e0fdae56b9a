package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Flag is what the file says a flag of a command is, where neither the command
// line nor the environment says it.
type Flag struct {
	Name  string
	Words []string // several of a list
	From  string   // file and line
}

// Tables are the tables of the file that are of commands, by their names. Each says
// which flags it may have, and what is wrong with values for one; the words of that
// are a Problem's.
type Tables map[string]Table

// A Table is one of them.
type Table interface {
	Flags() []string
	Check(flag string, words []string) (what, hint string)

	// Senseless says what of the flags that Check has taken makes no sense, by itself or
	// with others: each of the flags that it is about is among those.
	Senseless() []Senseless
}

// A Senseless is a value that a command could not do anything with.
type Senseless struct{ Flag, What, Hint string }

// senseless finds values that a command would refuse, of all tables.
func (c *Config) senseless() (problems []Problem) {
	for _, table := range slices.Sorted(maps.Keys(c.Flags)) {
		for _, s := range c.tables[table].Senseless() {
			p := Problem{c.at[table+"\x00"+s.Flag], s.What, s.Hint}
			c.wrong[table] = append(c.wrong[table], p)
			problems = append(problems, p)
		}
		c.wrong[table] = sorted(c.wrong[table])
	}
	return problems
}

// flag takes a line of a table of a command.
func (c *Config) flag(n node, file string) []Problem {
	table, name := n.path[0], n.path[1]
	may := c.tables[table].Flags()
	if !slices.Contains(may, name) {
		return []Problem{{n.name, fmt.Sprintf("%s has no flag %q that a file may set", table, name), nearest(name, may)}}
	}
	words, ok := wordsOf(n.value)
	if !ok {
		return []Problem{{n.at, "a flag is a text in quotes, a number, true or false, or a list of those", ""}}
	}
	if what, hint := c.tables[table].Check(name, words); what != "" {
		return []Problem{{n.at, name + ": " + what, hint}}
	}
	if c.Flags == nil {
		c.Flags = map[string][]Flag{}
	}
	if c.at == nil {
		c.at = map[string]Position{}
	}
	c.at[table+"\x00"+name] = n.at
	c.Flags[table] = append(c.Flags[table], Flag{name, words, fmt.Sprintf("%s:%d", file, n.name.Line)})
	return nil
}

func wordsOf(v any) ([]string, bool) {
	switch v := v.(type) {
	case string:
		return []string{v}, true
	case bool:
		return []string{strconv.FormatBool(v)}, true
	case int64:
		return []string{strconv.FormatInt(v, 10)}, true
	case []node:
		var words []string
		for _, item := range v {
			word, ok := wordsOf(item.value)
			if !ok || len(word) != 1 {
				return nil, false
			}
			words = append(words, word...)
		}
		return words, true
	}
	return nil, false
}

// showFlags writes the tables of commands.
func (c *Config) showFlags(b *strings.Builder) {
	for _, table := range slices.Sorted(maps.Keys(c.Flags)) {
		fmt.Fprintf(b, "\n[%s]\n", table)
		for _, f := range c.Flags[table] {
			value := list(f.Words)
			if len(f.Words) == 1 {
				value = plainOrQuoted(f.Words[0])
			}
			fmt.Fprintf(b, "%-32s # %s\n", f.Name+" = "+value, f.From)
		}
	}
}

// plainOrQuoted writes a word as TOML.
func plainOrQuoted(word string) string {
	if _, err := strconv.ParseInt(word, 10, 64); err == nil || word == "true" || word == "false" {
		return word
	}
	return quote(word)
}
