// Package tui is bargee's screen: two panes, a queue and dialogs.
package tui
