package session

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestIgnoreRules(t *testing.T) {
	for _, c := range []struct {
		rules string // lines
		path  string // with a slash at the end: a directory
		out   bool
	}{
		{"*.tmp", "a.tmp", true},
		{"*.tmp", "deep/er/a.tmp", true},
		{"*.tmp", "a.tmp.x", false},
		{"/a", "a", true},
		{"/a", "b/a", false},
		{"b/a", "b/a", true},
		{"b/a", "c/b/a", false},
		{"a/", "a", false},
		{"a/", "x/a/", true},
		{"a\n!a", "a", false},
		{"!a\na", "a", true},
		{"*\n!*.go", "x.go", false},
		{"*\n!*.go", "x.c", true},
		{"# a", "# a", false},
		{`\# a`, "# a", true},
		{`\!a`, "!a", true},
		{"a  ", "a", true},
		{`a\ `, "a ", true},
		{"a\r", "a", true},
		{"**/x", "x", true},
		{"**/x", "a/b/x", true},
		{"a/**", "a/", false},
		{"a/**", "a/b/c", true},
		{"a/**/z", "a/z", true},
		{"a/**/z", "a/b/c/z", true},
		{"a/**/z", "az", false},
		{"[a-c]?", "bz", true},
		{"[a-c]?", "dz", false},
		{"[!a-c]", "d", true},
		{"[]]", "]", true},
		{"[", "[", false},
		{"{a,b}", "a", false}, // no braces in gitignore
		{"a*b*c", "a1b2b3c", true},
		{"a*b*c", "a1b2b3", false},
		{"/", "a", false},
		{"", "a", false},
	} {
		p, dir := strings.CutSuffix(c.path, "/")
		if got := newRules(strings.Split(c.rules, "\n")).leavesOut(p, dir); got != c.out {
			t.Errorf("%q leaves %q out: %v", c.rules, c.path, got)
		}
	}
}

// TestIgnoreRulesAreGits holds the rules against git itself, which is what people know.
func TestIgnoreRulesAreGits(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("no git to compare with")
	}
	dir := t.TempDir()
	if out, err := exec.Command(git, "init", "-q", dir).CombinedOutput(); err != nil {
		t.Skipf("git init: %v: %s", err, out)
	}
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	word := func() string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			b.WriteString(pick("a", "b", "*", "?", "[ab]", "[!a]", "a*", `\a`))
		}
		// Git reads stars beside letters now one way and now another: it compares
		// an address in the pattern with one in the text.
		return strings.ReplaceAll(b.String(), "**", "*")
	}
	for round := range 60 {
		var lines []string
		for range 1 + r.IntN(4) {
			line := pick("", "", "!") + pick("", "", "/", "**/") + word()
			for r.IntN(2) == 0 {
				line += "/" + pick(word(), "**")
			}
			lines = append(lines, line+pick("", "", "/"))
		}
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var paths []string
		for range 60 {
			p := pick("a", "b", "ab", "ba", "aab")
			for r.IntN(2) == 0 {
				p += "/" + pick("a", "b", "ab", "bb")
			}
			paths = append(paths, p)
		}
		cmd := exec.Command(git, "-C", dir, "check-ignore", "--no-index", "--stdin")
		cmd.Stdin = strings.NewReader(strings.Join(paths, "\n"))
		out, _ := cmd.Output() // fails where nothing is ignored
		ignored := map[string]bool{}
		for line := range strings.Lines(string(out)) {
			ignored[strings.TrimSpace(line)] = true
		}
		rs := newRules(lines)
		for _, p := range paths {
			if got := leftOutAnywhere(rs, p); got != ignored[p] {
				t.Fatalf("round %d: %q with\n%s\nis left out: %v; git says %v", round, p, strings.Join(lines, "\n"), got, ignored[p])
			}
		}
	}
}

// leftOutAnywhere also looks at the directories above, as a scan does on its way.
func leftOutAnywhere(rs rules, p string) bool {
	for i := range len(p) {
		if p[i] == '/' && rs.leavesOut(p[:i], true) {
			return true
		}
	}
	return rs.leavesOut(p, false)
}
