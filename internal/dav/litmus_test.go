package dav

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestLitmus has Debian's litmus judge how we speak WebDAV.
func TestLitmus(t *testing.T) {
	litmus, err := exec.LookPath("litmus")
	if err != nil {
		t.Skip("litmus is not installed")
	}
	b := newBed(t, nil)
	cmd := exec.CommandContext(t.Context(), litmus, "-k", b.url+"/")
	cmd.Dir = t.TempDir()          // it leaves logs where it is
	out, _ := cmd.CombinedOutput() // what it says counts
	suites := regexp.MustCompile("<- summary for `(.*)': of (\\d+) tests run").FindAllStringSubmatch(string(out), -1)
	if len(suites) != 5 {
		t.Fatalf("litmus ran %d suites of 5:\n%s", len(suites), out)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(out), "\r", "\n")) {
		// Locks that several share are not there, which the RFC allows; the library
		// does not offer them.
		if strings.Contains(line, "FAIL") && !strings.Contains(line, "lock_shared") {
			t.Error(strings.TrimSpace(line))
		}
	}
	for _, s := range suites {
		t.Logf("%s: %s tests", s[1], s[2])
	}
}
