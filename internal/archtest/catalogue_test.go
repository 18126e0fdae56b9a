package archtest

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The catalogues of testdata/catalogue list what peers, disks and networks may
// do to us, one row each, numbered without a gap: number, what, and the tests
// that hold it, as package.Test, or "waits: for what". They are separated by
// tabs. A test that holds a row says so by the number, in a comment of its file.
var catalogues = []struct {
	file   string
	prefix string
	rows   int
	held   int // at least so many rows have a test
}{
	{"faults.txt", "F", 105, 95},
	{"inputs.txt", "M", 118, 112},
}

// A row is a line of a catalogue.
type row struct {
	number, what string
	tests        []string // package.Test
	waits        bool
}

func TestCatalogues(t *testing.T) {
	held, marks := testsByRoom(t)
	for _, c := range catalogues {
		t.Run(c.file, func(t *testing.T) {
			rows := readCatalogue(t, c.file)
			if len(rows) != c.rows {
				t.Errorf("%d rows, want %d", len(rows), c.rows)
			}
			automated := 0
			for i, r := range rows {
				if want := fmt.Sprintf("%s%02d", c.prefix, i+1); r.number != want {
					t.Fatalf("row %s, want %s", r.number, want)
				}
				if !r.waits {
					automated++
				}
				for _, name := range r.tests {
					files, ok := held[name]
					if !ok {
						t.Errorf("%s: there is no test %s", r.number, name)
					} else if !slices.ContainsFunc(files, func(f string) bool { return marks[f][r.number] }) {
						t.Errorf("%s: no comment beside %s says that it holds it", r.number, name)
					}
				}
			}
			if automated < c.held {
				t.Errorf("%d rows have tests, at least %d had", automated, c.held)
			}
			t.Logf("%d of %d rows have tests", automated, len(rows))
		})
	}
}

func readCatalogue(t *testing.T, name string) (rows []row) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "catalogue", name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "\t")
		if len(parts) != 3 {
			t.Fatalf("%q has %d columns, want number, what and tests", line, len(parts))
		}
		r := row{number: parts[0], what: parts[1], waits: strings.HasPrefix(parts[2], "waits: ")}
		if !r.waits {
			r.tests = strings.Fields(parts[2])
		}
		rows = append(rows, r)
	}
	return rows
}

var mark = regexp.MustCompile(`\b[A-Z]\d{2,3}\b`)

// testsByRoom returns the files that each test or fuzz target is in, and the
// rows that each file's comments mention. Scripts of testscript count as tests
// that are named package/script, and those of .ci by their path.
func testsByRoom(t *testing.T) (files map[string][]string, marks map[string]map[string]bool) {
	t.Helper()
	files, marks = map[string][]string{}, map[string]map[string]bool{}
	note := func(file, text string) {
		if marks[file] == nil {
			marks[file] = map[string]bool{}
		}
		for _, m := range mark.FindAllString(text, -1) {
			marks[file][m] = true
		}
	}
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		for _, group := range s.file.Comments {
			for _, c := range group.List {
				note(s.path, c.Text)
			}
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
				key := s.room + "." + f.Name.Name
				files[key] = append(files[key], s.path)
			}
		}
	}
	scripts, err := filepath.Glob(root + "/internal/cli/testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(scripts, root+"/.ci/kill") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		key, isScript := strings.CutSuffix(path.Base(filepath.ToSlash(name)), ".txtar")
		if isScript {
			key = "internal/cli/" + key
		} else {
			key = ".ci/" + key
		}
		files[key] = []string{key}
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "#") {
				note(key, line)
			}
		}
	}
	return files, marks
}
