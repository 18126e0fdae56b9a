// Package console is a terminal whose every byte is counted: a pseudo terminal
// with an emulator in memory behind it. It answers queries as a terminal does,
// says when something appeared on it, and can stop reading, as one behind a dead
// link does. Package terminal has the other kind, which is tmux.
package console
