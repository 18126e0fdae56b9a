package tape

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Tape is a parsed script.
type Tape struct {
	Columns, Rows int
	Env           []string // NAME=value
	Require       []string
	Commands      []Command
}

// A Command is a line that does something while the tape plays.
type Command struct {
	Line    int
	Verb    Verb
	Text    string         // of Type; the file of Screenshot; tmux's name of a Key
	Count   int            // of Key
	Wait    *regexp.Regexp // of WaitScreen and WaitLine
	Timeout time.Duration  // likewise
}

// A Verb says what a command does.
type Verb uint8

// The verbs.
const (
	Type Verb = iota
	Key
	WaitScreen
	WaitLine
	Screenshot
)

// keys are VHS's names of keys and tmux's.
var keys = map[string]string{
	"Enter": "Enter", "Space": "Space", "Tab": "Tab", "Backspace": "BSpace", "Delete": "DC", "Escape": "Escape",
	"Up": "Up", "Down": "Down", "Left": "Left", "Right": "Right", "PageUp": "PPage", "PageDown": "NPage",
}

var (
	sizeComment = regexp.MustCompile(`^# terminal: (\d+)x(\d+)$`)
	head        = regexp.MustCompile(`^([A-Za-z]+)(?:\+([A-Za-z]+))?(?:@(\S+))?(?:\s+(.*))?$`)
)

// line is a command in its parts: Name+Modifier@At rest.
type line struct {
	name, modifier, at, rest string
}

// Parse reads a tape. Its errors name the line.
func Parse(script string) (*Tape, error) {
	p := parser{tape: &Tape{}, timeout: 15 * time.Second}
	for text := range strings.Lines(script) {
		p.line++
		if err := p.parse(strings.TrimSpace(text)); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line, err)
		}
	}
	if p.tape.Columns == 0 {
		return nil, fmt.Errorf("no comment says \"# terminal: COLUMNSxROWS\"")
	}
	return p.tape, nil
}

type parser struct {
	tape    *Tape
	line    int
	timeout time.Duration // Set WaitTimeout
}

func (p *parser) parse(text string) error {
	if m := sizeComment.FindStringSubmatch(text); m != nil {
		p.tape.Columns, _ = strconv.Atoi(m[1])
		p.tape.Rows, _ = strconv.Atoi(m[2])
	}
	if text == "" || strings.HasPrefix(text, "#") {
		return nil
	}
	m := head.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("not a command: %s", text)
	}
	return p.command(line{name: m[1], modifier: m[2], at: m[3], rest: m[4]})
}

func (p *parser) command(l line) (err error) {
	c := Command{Line: p.line, Count: 1}
	switch l.name {
	case "Output", "Hide", "Show":
		return nil
	case "Require":
		p.tape.Require = append(p.tape.Require, l.rest)
		return nil
	case "Set":
		return p.set(l.rest)
	case "Env":
		return p.env(l.rest)
	case "Sleep":
		_, err = time.ParseDuration(l.rest)
		return err
	case "Type":
		c.Text, err = unquote(l.rest)
	case "Screenshot":
		c.Verb, c.Text = Screenshot, l.rest
	case "Wait":
		err = p.wait(&c, l)
	default:
		err = pressed(&c, l)
	}
	p.tape.Commands = append(p.tape.Commands, c)
	return err
}

func (p *parser) set(rest string) (err error) {
	if value, ok := strings.CutPrefix(rest, "WaitTimeout "); ok {
		p.timeout, err = time.ParseDuration(value)
	}
	return err
}

func (p *parser) env(rest string) error {
	name, quoted, _ := strings.Cut(rest, " ")
	value, err := unquote(quoted)
	p.tape.Env = append(p.tape.Env, name+"="+value)
	return err
}

func (p *parser) wait(c *Command, l line) (err error) {
	switch l.modifier {
	case "Screen":
		c.Verb = WaitScreen
	case "", "Line":
		c.Verb = WaitLine
	default:
		return fmt.Errorf("only Screen and Line can be waited for, not %s", l.modifier)
	}
	c.Timeout = p.timeout
	if l.at != "" {
		if c.Timeout, err = time.ParseDuration(l.at); err != nil {
			return err
		}
	}
	inner, ok := enclosed(l.rest, '/')
	if !ok {
		return fmt.Errorf("not one regular expression between slashes, without a slash in it: %s", l.rest)
	}
	c.Wait, err = regexp.Compile(inner)
	return err
}

// pressed reads a key, with its count.
func pressed(c *Command, l line) (err error) {
	c.Verb = Key
	if l.name == "Ctrl" && len(l.modifier) == 1 {
		c.Text = "C-" + strings.ToLower(l.modifier)
		return nil
	}
	var ok bool
	if c.Text, ok = keys[l.name]; !ok || l.modifier != "" {
		return fmt.Errorf("unknown command %s", l.name)
	}
	if l.rest != "" {
		c.Count, err = strconv.Atoi(l.rest)
	}
	return err
}

func unquote(s string) (string, error) {
	for _, quote := range []byte("\"'`") {
		if inner, ok := enclosed(s, quote); ok {
			return inner, nil
		}
	}
	return "", fmt.Errorf("not a quoted text: %s", s)
}

// enclosed returns what stands between two delimiters, if s is just that.
func enclosed(s string, delimiter byte) (string, bool) {
	if len(s) < 2 || s[0] != delimiter || s[len(s)-1] != delimiter {
		return "", false
	}
	inner := s[1 : len(s)-1]
	return inner, strings.IndexByte(inner, delimiter) < 0
}
