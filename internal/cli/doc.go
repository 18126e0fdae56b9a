// Package cli holds bargee's commands.
package cli
