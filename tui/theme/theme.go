package theme

import "slices"

// A Role is a part of the screen that has a look. Each meaning is told by a sign
// and a word as well.
type Role string

// The roles, and what they are for.
const (
	Dim     Role = "dim"     // dates, what waits, what is only there to help
	Strong  Role = "strong"  // headings
	Frame   Role = "frame"   // lines
	Active  Role = "active"  // the frame and path of what has the keys
	Folder  Role = "folder"  // directories
	Link    Role = "link"    // symbolic links
	Program Role = "program" // files that can be run
	Archive Role = "archive" // files that hold others
	Media   Role = "media"   // pictures, sound, films
	Tagged  Role = "tagged"
	Ghost   Role = "ghost"  // a file that is not there yet
	Done    Role = "done"   // what went well
	Ask     Role = "ask"    // questions and warnings
	Fail    Role = "fail"   // what failed
	Filled  Role = "filled" // the done part of a bar
	Accent  Role = "accent" // keys in hints
)

// Roles lists all of them.
var Roles = []Role{
	Dim, Strong, Frame, Active, Folder, Link, Program, Archive, Media, Tagged, Ghost, Done, Ask, Fail, Filled, Accent,
}

// A Background is what the terminal said of its own.
type Background uint8

// Until it says so, looks are taken that can be read on both.
const (
	Unknown Background = iota
	Dark
	Light
)

// Default is the name of the theme that is used without a configuration.
const Default = "default"

// common is what the themes with colours share.
var common = map[Role]string{
	Dim: "dim", Strong: "bold", Frame: "dim", Ghost: "italic dim", Archive: "plain", Media: "plain", Done: "green", Program: "green",
}

// themes are the built-in ones: for a background that is not known, a dark one
// and a light one. Yellow and cyan cannot be read on white, nor plain blue on
// black.
var themes = map[string][3]map[Role]string{
	Default: {
		{Active: "bold blue", Folder: "bold blue", Link: "cyan", Tagged: "bold magenta", Ask: "magenta", Fail: "red", Filled: "green", Accent: "bold"},
		{Active: "bold bright-blue", Folder: "bright-blue", Link: "cyan", Tagged: "bold yellow", Ask: "yellow", Fail: "bright-red", Filled: "cyan", Accent: "cyan"},
		{Active: "bold blue", Folder: "blue", Link: "italic blue", Tagged: "bold magenta", Ask: "magenta", Fail: "red", Filled: "blue", Accent: "blue"},
	},
	"vivid": {
		{Active: "bold blue", Folder: "bold blue", Link: "cyan", Archive: "red", Media: "magenta", Tagged: "bold reverse", Ask: "magenta", Fail: "bold red", Filled: "green", Accent: "bold"},
		{Active: "bold bright-cyan", Folder: "bold bright-blue", Link: "bright-cyan", Archive: "bright-red", Media: "bright-magenta", Tagged: "bold bright-yellow", Ask: "bright-yellow", Fail: "bold bright-red", Filled: "bright-green", Accent: "bright-cyan"},
		{Active: "bold blue", Folder: "bold blue", Link: "italic blue", Archive: "red", Media: "magenta", Tagged: "bold magenta", Ask: "magenta", Fail: "bold red", Filled: "green", Accent: "bold blue"},
	},
	"high-contrast": {
		{Dim: "plain", Frame: "plain", Ghost: "italic", Active: "bold", Folder: "bold", Link: "underline", Program: "bold", Tagged: "bold reverse", Done: "bold", Ask: "bold reverse", Fail: "bold reverse", Filled: "bold", Accent: "bold underline"},
		{Dim: "bright-white", Frame: "bright-white", Ghost: "italic", Active: "bold bright-yellow", Folder: "bold bright-white", Link: "underline", Program: "bold bright-green", Tagged: "bold bright-yellow", Done: "bold bright-green", Ask: "bold bright-yellow", Fail: "bold bright-red", Filled: "bold bright-white", Accent: "bold bright-yellow"},
		{Dim: "black", Frame: "black", Ghost: "italic", Active: "bold blue", Folder: "bold black", Link: "underline", Program: "bold black", Tagged: "bold reverse", Done: "bold black", Ask: "bold blue", Fail: "bold red", Filled: "bold black", Accent: "bold blue"},
	},
	"mono": {
		{Active: "bold", Folder: "bold", Link: "underline", Program: "plain", Tagged: "bold reverse", Done: "plain", Ask: "bold", Fail: "bold reverse", Filled: "bold", Accent: "bold"},
	},
}

// Names lists the built-in themes.
func Names() []string {
	var out []string
	for n := range themes {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Looks returns the look of every role in a theme on a background. A name that
// is no theme's stands for the default.
func Looks(name string, on Background) map[Role]string {
	t, ok := themes[name]
	if !ok {
		t = themes[Default]
	}
	of := t[on]
	if of == nil {
		of = t[Unknown]
	}
	looks := make(map[Role]string, len(Roles))
	for _, r := range Roles {
		look, ok := of[r]
		if !ok {
			look = common[r]
		}
		looks[r] = look
	}
	return looks
}
