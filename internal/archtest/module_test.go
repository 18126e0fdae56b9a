package archtest

import (
	"bufio"
	"bytes"
	"go/version"
	"os"
	"path"
	"runtime"
	"strings"
	"testing"
)

// minGo is the first toolchain whose os.Root cannot be left through a symbolic
// link that is replaced while it is followed; the jail of a served tree is an
// os.Root.
const minGo = "go1.26.5"

// pins are versions that go.mod must not leave by an innocent "go get -u".
var pins = []struct {
	module, at, below string // either the version, or the first one that is too high
	why               string
}{
	{module: "charm.land/bubbletea/v2", at: "v2.0.9",
		why: "the version whose stalls, paints and bytes on the line were measured"},
	{module: "charm.land/bubbles/v2", at: "v2.1.1",
		why: "2.2 requires go-runewidth 0.0.27"},
	{module: "charm.land/lipgloss/v2", at: "v2.0.5",
		why: "2.0.6 requires an ultraviolet that rewrites every line with CJK or emoji"},
	{module: "github.com/charmbracelet/ultraviolet", at: "v0.0.0-20260703014108-f5a850f9c2b7",
		why: "later ones rewrite every line with CJK or emoji"},
	{module: "github.com/charmbracelet/x/ansi", at: "v0.11.7",
		why: "the one that this ultraviolet measures columns with"},
	{module: "modernc.org/sqlite", at: "v1.50.0",
		why: "the version whose crashes, damage and figures were tested; it goes with one libc only"},
	{module: "modernc.org/libc", at: "v1.72.0",
		why: "the one that this sqlite was made for: another one corrupts memory"},
	{module: "github.com/mattn/go-runewidth", below: "v0.0.27",
		why: "it builds its tables at start, 29 ms for every command"},
}

func TestPinnedVersions(t *testing.T) {
	required := requirements(t)
	for _, p := range pins {
		v, ok := required[p.module]
		switch {
		case !ok:
			t.Errorf("go.mod does not require %s: take its pin out, or say why it is still held", p.module)
		case p.at != "" && v != p.at:
			t.Errorf("%s is at %s, pinned at %s: %s", p.module, v, p.at, p.why)
		case p.below != "" && !lowerPatch(v, p.below):
			t.Errorf("%s is at %s, must be below %s: %s", p.module, v, p.below, p.why)
		}
	}
}

// requirements reads the require lines of go.mod, which gofmt's cousin keeps
// in one shape: a module and its version.
func requirements(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	required := make(map[string]string)
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		f := strings.Fields(strings.TrimPrefix(lines.Text(), "require "))
		if len(f) >= 2 && strings.Contains(f[0], ".") && strings.HasPrefix(f[1], "v") {
			required[f[0]] = f[1]
		}
	}
	return required
}

// lowerPatch compares versions as go/version does, which knows v1.2.3 by the
// name go1.2.3.
func lowerPatch(v, than string) bool {
	return version.Compare("go"+strings.TrimPrefix(v, "v"), "go"+strings.TrimPrefix(than, "v")) < 0
}

func TestToolchain(t *testing.T) {
	if v := strings.Fields(runtime.Version())[0]; version.IsValid(v) && version.Compare(v, minGo) < 0 {
		t.Errorf("built by %s, at least %s is needed: os.Root before it can be left", v, minGo)
	}
	b, err := os.ReadFile(path.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "go "); ok {
			if version.Compare("go"+v, minGo) < 0 {
				t.Errorf("go.mod says go %s, at least %s is needed: os.Root before it can be left", v, minGo)
			}
			return
		}
	}
	t.Error("go.mod has no go line")
}
