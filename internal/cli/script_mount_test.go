//go:build unix

package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// mount NAME ARGS... starts "bargee mount-dav ARGS --json" as serve does, on a free
// port; $NAME_url is where it is.
func scriptMount(ts *testscript.TestScript, neg bool, args []string) {
	startListening(ts, args[0], append([]string{"mount-dav", "--json", "--listen", "127.0.0.1:0"}, args[1:]...))
	ts.Setenv(args[0]+"_url", "http://"+ts.Getenv(args[0]+"_address"))
}

// dav STATUS METHOD URL [FILE] sends a request over HTTP, with the content of FILE, and
// expects a status; the answer goes to the file "answer".
func scriptDAV(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var body io.Reader
	if len(args) > 3 {
		body = strings.NewReader(ts.ReadFile(args[3]))
	}
	q, err := http.NewRequest(args[1], args[2], body)
	ts.Check(err)
	q.Header.Set("Depth", "1")
	if password := ts.Getenv("DAV_PASSWORD"); password != "" {
		q.SetBasicAuth("anybody", password)
	}
	a, err := http.DefaultClient.Do(q)
	ts.Check(err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), text, 0o600))
	if a.StatusCode != want {
		ts.Fatalf("%s, want %d: %s", a.Status, want, text)
	}
}

// field LOG NAME VARIABLE sets a variable to what the last line of a log in JSON says
// that has the name.
func scriptField(ts *testscript.TestScript, neg bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var said map[string]any
		ts.Check(json.Unmarshal([]byte(line), &said))
		if v, ok := said[args[1]]; ok {
			ts.Setenv(args[2], eventText(v))
		}
	}
}
