//go:build unix

package cli

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// offer NAME ARGS... is serve for "bargee send ARGS"; $NAME_code is what the
// other side types.
func scriptOffer(ts *testscript.TestScript, neg bool, args []string) {
	startListening(ts, args[0], append([]string{"send", "--json", "--listen", "127.0.0.1:0"}, args[1:]...))
}

// typed FILE ARGS... runs the first line of FILE that is indented, as a person
// types what a screen says, with more arguments.
func scriptTyped(ts *testscript.TestScript, neg bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if words := strings.Fields(line); strings.HasPrefix(line, "  bargee ") {
			err := ts.Exec(words[0], append(words[1:], args[1:]...)...)
			if neg == (err == nil) {
				ts.Fatalf("%q: %v", line, err)
			}
			return
		}
	}
	ts.Fatalf("%s says nothing to type", args[0])
}
