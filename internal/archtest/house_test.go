package archtest

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// top is what may lie at the top of the repository, besides hidden files: who
// opens it for the first time sees the program and nothing of its upkeep.
var top = []string{
	"LICENSE", "README.md", "demo.tape", "go.mod", "go.sum", "internal", "main.go", "relay", "session", "transport", "tui",
}

func TestTopHoldsOnlyTheProgram(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored := ignorePatterns(t)
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || slices.Contains(top, name) || matchesAny(name, ignored) {
			continue
		}
		t.Errorf("%s: only %v and hidden files lie at the top", name, top)
	}
}

// ignorePatterns reads the patterns of .gitignore that matter at the top.
func ignorePatterns(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(root + "/.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for line := range strings.Lines(string(b)) {
		patterns = append(patterns, strings.Trim(line, "/\n"))
	}
	return patterns
}

func matchesAny(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// maxLines keeps a file to what can be read in one sitting. What outgrows it
// holds two concepts.
const maxLines = 500

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if !s.generated && s.lines > maxLines {
			t.Errorf("%s has %d lines, at most %d", s.path, s.lines, maxLines)
		}
	}
}

// Every package is explained in its doc.go, where a reader looks first. main
// has no room for one at the top, and main.go is short enough.
func TestPackagesHaveADoc(t *testing.T) {
	documented := make(map[string]bool)
	for _, s := range sources(t) {
		name := "doc.go"
		if s.room == "." {
			name = "main.go"
		}
		has := path.Base(s.path) == name && s.file.Doc != nil
		documented[s.room] = documented[s.room] || has
	}
	for room, ok := range documented {
		if !ok {
			t.Errorf("%s has no doc.go with a package comment", room)
		}
	}
}

// A test that sleeps is slow when the machine is fast and fails when it is
// slow. In a bubble of testing/synctest time costs nothing and is exact.
func TestNoTestSleeps(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		for _, pos := range sleeps(s.file) {
			t.Errorf("%s: time.Sleep outside of synctest.Test: wait for what the test waits for, with a deadline",
				s.fset.Position(pos))
		}
	}
}

// sleeps returns where f mentions time.Sleep outside of a call of synctest.Test.
func sleeps(f *ast.File) (found []token.Pos) {
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && isSelector(call.Fun, "synctest", "Test") {
			return false
		}
		if e, ok := n.(ast.Expr); ok && isSelector(e, "time", "Sleep") {
			found = append(found, e.Pos())
		}
		return true
	})
	return found
}

func isSelector(e ast.Expr, pkg, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}
