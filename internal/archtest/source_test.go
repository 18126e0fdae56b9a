package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// root is the module's root, seen from this package.
const root = "../.."

// A source is one Go file of the module.
type source struct {
	path      string // from the root, with slashes
	room      string // directory of path, "." for main
	test      bool   // *_test.go
	generated bool
	lines     int
	file      *ast.File
	fset      *token.FileSet
}

// imports lists what s imports.
func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// sources returns all Go files of the module, whatever they are built for.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var readSources = sync.OnceValues(func() ([]source, error) {
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir // as the go command does
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		s, err := readSource(name)
		all = append(all, s)
		return err
	})
	return all, err
})

func readSource(name string) (source, error) {
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return source{}, err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return source{}, err
	}
	s := source{path: filepath.ToSlash(rel), fset: token.NewFileSet(), lines: bytes.Count(b, []byte("\n"))}
	s.room = path.Dir(s.path)
	s.test = strings.HasSuffix(s.path, "_test.go")
	s.file, err = parser.ParseFile(s.fset, s.path, b, parser.ParseComments|parser.SkipObjectResolution)
	if err == nil {
		s.generated = ast.IsGenerated(s.file)
	}
	return s, err
}
