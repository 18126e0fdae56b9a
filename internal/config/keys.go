package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bargee/bargee/tui"
)

// reserved are keys that do not reach every program, or not as themselves.
var reserved = map[string]string{
	"ctrl+a": "screen keeps it for itself", "ctrl+b": "tmux keeps it for itself",
	"ctrl+s": "it stops the output of terminals", "ctrl+q": "it lets the output of terminals go on",
	"ctrl+h": "many terminals send it for Backspace", "ctrl+i": "many terminals send it for Tab",
	"ctrl+j": "many terminals send it for Enter", "ctrl+m": "many terminals send it for Enter",
	"ctrl+[": "many terminals send it for Esc",
}

// named are the keys without a letter, as the key table names them.
var named = []string{
	"up", "down", "left", "right", "pgup", "pgdown", "home", "end", "enter", "tab", "backspace", "space", "esc", "insert", "delete",
	"f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12",
}

// synonyms are other names of keys that people use.
var synonyms = map[string]string{
	"pageup": "pgup", "pagedown": "pgdown", "pgdn": "pgdown", "return": "enter", "escape": "esc", "del": "delete", "ins": "insert",
}

// parseKey reads a key, or two that are pressed one after the other, as people
// write it: K, f5, Ctrl-R, "s n". It returns it as the key table has it.
func parseKey(s string) (key string, what, hint string) {
	if s == " " {
		return "space", "", ""
	}
	parts := strings.Fields(s)
	if len(parts) == 0 || len(parts) > 2 {
		return "", fmt.Sprintf("%q is not one key, nor two", s), `a key is "K", "f5" or "ctrl+r"; two are "s n"`
	}
	for i, p := range parts {
		one, what, hint := parseOne(p)
		if what != "" {
			return "", what, hint
		}
		parts[i] = one
	}
	return strings.Join(parts, " "), "", ""
}

func parseOne(s string) (key, what, hint string) {
	if r, n := utf8.DecodeRuneInString(s); n == len(s) && unicode.IsPrint(r) {
		return s, "", ""
	}
	low := strings.ToLower(s)
	for _, prefix := range []string{"ctrl+", "ctrl-", "c-", "^"} {
		letter, ok := strings.CutPrefix(low, prefix)
		if !ok || len(letter) != 1 {
			continue
		}
		key = "ctrl+" + letter
		if why := reserved[key]; why != "" {
			return "", fmt.Sprintf("%s does not reach every program: %s", s, why), "take a letter"
		}
		if letter[0] < 'a' || letter[0] > 'z' {
			return "", fmt.Sprintf("%s is not a key that terminals send", s), "ctrl+ goes with a to z"
		}
		return key, "", ""
	}
	if other := synonyms[low]; other != "" {
		low = other
	}
	if slices.Contains(named, low) {
		return low, "", ""
	}
	if strings.HasPrefix(low, "alt") || strings.HasPrefix(low, "m-") || strings.HasPrefix(low, "shift") || strings.HasPrefix(low, "super") {
		return "", fmt.Sprintf("%s does not reach every program", s), "take a letter; a capital one is another key"
	}
	return "", fmt.Sprintf("%q is no key", s), nearest(low, named)
}

// keys takes the [keys] of the file.
func (c *Config) keys(nodes []node) (problems []Problem) {
	actions := tui.Actions()
	at := map[string]Position{} // of "action\x00key"
	for _, n := range nodes {
		name := n.path[1]
		i := slices.IndexFunc(actions, func(a tui.Action) bool { return a.Name == name })
		if i < 0 {
			problems = append(problems, Problem{n.name, fmt.Sprintf("%q is no action", name), nearest(name, actionNames(actions))})
			continue
		}
		list, ok := n.value.([]node)
		if one, isString := n.value.(string); isString {
			list, ok = []node{{value: one, at: n.at}}, true
		}
		if !ok {
			problems = append(problems, Problem{n.at, "keys are written as a list", fmt.Sprintf(`%s = ["K", "f5"]`, name)})
			continue
		}
		own := []string{}
		for _, item := range list {
			s, ok := item.value.(string)
			if !ok {
				problems = append(problems, Problem{item.at, "a key is written in quotes", `for example "K"`})
				continue
			}
			key, what, hint := parseKey(s)
			if what != "" {
				problems = append(problems, Problem{item.at, what, hint})
				continue
			}
			own = append(own, key)
			at[name+"\x00"+key] = item.at
		}
		if len(own) == 0 && (name == "quit" || name == "palette") && len(problems) == 0 {
			problems = append(problems, Problem{n.at, fmt.Sprintf("%s needs a key", name), fmt.Sprintf("without the line it has %s", strings.Join(actions[i].Keys, ", "))})
		}
		actions[i].Keys = own
		if c.Keys == nil {
			c.Keys = map[string][]string{}
		}
		c.Keys[name] = own
	}
	if len(problems) > 0 {
		return problems // what follows from them would be guesses
	}
	return conflicts(actions, at)
}

func actionNames(actions []tui.Action) []string {
	var out []string
	for _, a := range actions {
		out = append(out, a.Name)
	}
	return out
}

// conflicts finds keys with two meanings in one place, and keys that begin two
// others.
func conflicts(actions []tui.Action, at map[string]Position) (problems []Problem) {
	var seen []struct {
		action tui.Action
		key    string
	}
	for _, a := range actions {
		for _, k := range a.Keys {
			for _, s := range seen {
				if a.Name != s.action.Name && !a.Overlap(s.action) {
					continue
				}
				same := k == s.key
				begins := strings.HasPrefix(k, s.key+" ") || strings.HasPrefix(s.key, k+" ")
				if !same && !begins {
					continue
				}
				mine, theirs := a, s.action
				where, own := at[a.Name+"\x00"+k]
				key := k
				if !own {
					mine, theirs, key = s.action, a, s.key
					where = at[s.action.Name+"\x00"+s.key]
				}
				problems = append(problems, collision(mine, theirs, key, where, begins))
			}
			seen = append(seen, struct {
				action tui.Action
				key    string
			}{a, k})
		}
	}
	return problems
}

func collision(mine, theirs tui.Action, key string, at Position, begins bool) Problem {
	what := fmt.Sprintf("%q is a key of %s already (%s)", key, theirs.Name, theirs.Does)
	switch {
	case mine.Name == theirs.Name:
		return Problem{at, fmt.Sprintf("%q stands there twice", key), ""}
	case begins:
		what = fmt.Sprintf("%q begins like a key of %s (%s), so one of them could not be pressed", key, theirs.Name, theirs.Does)
	}
	left := slices.DeleteFunc(slices.Clone(theirs.Keys), func(k string) bool { return k == key || strings.HasPrefix(k, key+" ") })
	hint := fmt.Sprintf("take another one for %s, or give %s another: %s = %s", mine.Name, theirs.Name, theirs.Name, list(left))
	return Problem{at, what, hint}
}

// list writes keys as TOML.
func list(keys []string) string {
	var quoted []string
	for _, k := range keys {
		quoted = append(quoted, quote(k))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func quote(s string) string {
	if strings.ContainsAny(s, `"\`) && !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
