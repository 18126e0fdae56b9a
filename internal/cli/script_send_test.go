//go:build unix

package cli

import (
	"encoding/json"
	"os"
	"strconv"
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

// waitbytes FILE N waits until FILE, the events of a transfer, tells of N bytes.
func scriptWaitBytes(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.ParseFloat(args[1], 64)
	ts.Check(err)
	await(ts, args, func() bool {
		b, _ := os.ReadFile(ts.MkAbs(args[0]))
		for line := range strings.Lines(string(b)) {
			var ev map[string]any
			if json.Unmarshal([]byte(line), &ev) == nil && ev["event"] == "progress" && ev["bytes"].(float64) >= want {
				return true
			}
		}
		return false
	})
}
