// Package config reads bargee's configuration: one TOML file with what somebody
// wants otherwise than it is.
//
//	mouse = false              # settings of the screen; see Settings
//	theme = "vivid"
//
//	[theme-looks]              # see tui/theme
//	folder = "bold #ff8800"
//
//	[keys]                     # an action, and the keys that it has instead of its own
//	copy = ["K", "f5"]
//	sort-by-size = ["s z"]     # one after the other
//
//	[serve]                    # a command, and what its flags are where nothing else says it
//	max-clients = 8
//
// Nothing is taken silently that cannot work: a setting, role or action that
// does not exist, a value that means nothing, a key with two meanings, that some
// terminals keep for themselves, or that cannot be told from another one. Each
// is a Problem with line, column, and what would be right.
//
// A flag beats the environment, which beats the file. Where the file lies is the
// caller's business.
package config
