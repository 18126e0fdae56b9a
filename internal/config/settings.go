package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bargee/bargee/tui/theme"
)

// A Setting is a line of the file outside of its tables.
type Setting struct {
	Name    string
	Does    string
	Values  []string // it may have; nil: true and false
	Default string
	field   func(*Config) any // *string or *bool
}

// Environment is the variable that beats the file.
func (s Setting) Environment() string {
	return "BARGEE_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Settings lists all of them.
var Settings = []Setting{
	{"theme", "how it looks; [theme-looks] changes single parts of it", theme.Names(), theme.Default,
		func(c *Config) any { return &c.Theme }},
	{"mouse", "clicks and the wheel are bargee's; off: the terminal selects text", nil, "true",
		func(c *Config) any { return &c.Mouse }},
	{"ascii", "no letters beyond ASCII but for those of names; auto: as the locale says", []string{"auto", "yes", "no"}, "auto",
		func(c *Config) any { return &c.ASCII }},
	{"slow", "send less to the terminal: for slow lines", nil, "false",
		func(c *Config) any { return &c.Slow }},
	{"notify", "when a long transfer ends while you look elsewhere", []string{"auto", "bell", "off"}, "auto",
		func(c *Config) any { return &c.Notify }},
	{"taskbar", "progress in the taskbar; auto: where it is known to be shown so", []string{"auto", "on", "off"}, "auto",
		func(c *Config) any { return &c.Taskbar }},
	{"background", "let transfers go on when the screen is left", []string{"ask", "always", "never"}, "ask",
		func(c *Config) any { return &c.Background }},
	{"hidden", "show hidden files", nil, "false",
		func(c *Config) any { return &c.Hidden }},
	{"sort", "the order of panes", []string{"name", "extension", "size", "time"}, "name",
		func(c *Config) any { return &c.Sort }},
	{"reverse", "the other way round", nil, "false",
		func(c *Config) any { return &c.Reverse }},
	{"tmux-passthrough", "reach the terminal around tmux, for its clipboard and notifications; tmux needs allow-passthrough on", nil, "false",
		func(c *Config) any { return &c.Passthrough }},
}

// take sets a setting from a value of the file, or a word of the environment.
func (s Setting) take(c *Config, v any) (what, hint string) {
	wants := "true or false"
	if s.Values != nil {
		wants = "one of " + strings.Join(s.Values, ", ")
	}
	switch field := s.field(c).(type) {
	case *bool:
		b, ok := v.(bool)
		if !ok {
			return fmt.Sprintf("%s is true or false", s.Name), fmt.Sprintf("%s = %s", s.Name, s.Default)
		}
		*field = b
	case *string:
		word, ok := v.(string)
		if !ok {
			return fmt.Sprintf("%s is %s, in quotes", s.Name, wants), fmt.Sprintf("%s = %q", s.Name, s.Default)
		}
		if !slices.Contains(s.Values, word) {
			return fmt.Sprintf("%s cannot be %q", s.Name, word), nearest(word, s.Values)
		}
		*field = word
	}
	return "", ""
}

// word sets a setting from the environment or a flag.
func (s Setting) word(c *Config, w string) (what, hint string) {
	if _, isBool := s.field(c).(*bool); !isBool {
		return s.take(c, w)
	}
	switch strings.ToLower(w) {
	case "1", "true", "yes", "on":
		return s.take(c, true)
	case "0", "false", "no", "off":
		return s.take(c, false)
	}
	return fmt.Sprintf("%s is 1 or 0", s.Name), ""
}

// text is what the setting has in c, as the file would have it.
func (s Setting) text(c *Config) string {
	switch field := s.field(c).(type) {
	case *bool:
		return fmt.Sprint(*field)
	case *string:
		return quote(*field)
	}
	return ""
}
