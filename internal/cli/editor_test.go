package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

func TestDesk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	tooLong := strings.Repeat("n", 300) + ".md"
	for name, want := range map[string]string{
		"notes.txt": "notes.txt", "a b'$x": "a b'$x", "../up.md": "file.md", "": "file", "..": "file", tooLong: "file.md", "a\x00b.md": "file.md",
	} {
		w, p, err := desk{os.Getenv}.Make(name, 0o640)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		w.Write([]byte("one\n"))
		w.Close()
		file := session.NewHost().Name(p)
		if filepath.Base(file) != want {
			t.Errorf("%q became %q", name, file)
		}
		dir, err := os.Stat(filepath.Dir(file))
		if err != nil || runtime.GOOS != "windows" && dir.Mode().Perm() != 0o700 {
			t.Errorf("the directory is %v, %v", dir.Mode(), err)
		}
		if fi, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o640 {
			t.Errorf("the file is %v, %v", fi.Mode(), err)
		}
	}
}

func TestEditor(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("sh")
	}
	file := filepath.Join(t.TempDir(), `it's; "$HOME" a file`)
	p, err := session.NewHost().PathOf(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ visual, editor, missing, fails, content string }{
		{editor: "true", content: "one\n"},
		{editor: "sh -c 'echo two >>\"$0\"'", content: "one\ntwo\n"},
		{editor: "nowhere/at-all", missing: "EDITOR names nowhere/at-all, which is not there"},
		{visual: "false", editor: "true", fails: "exit status 1", content: "one\n"},
		{editor: "sh -c 'kill -9 $$'", fails: "exit status 137", content: "one\n"},
		{editor: "'no such thing'", fails: "it was not found", content: "one\n"},
	} {
		if err := os.WriteFile(file, []byte("one\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := desk{func(name string) string { return map[string]string{"VISUAL": c.visual, "EDITOR": c.editor}[name] }}
		prog, err := d.Editor(p)
		if c.missing != "" {
			if err == nil || err.Error() != c.missing {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if err = prog.Run(); (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%+v: %v", c, err)
		}
		if b, _ := os.ReadFile(file); string(b) != c.content {
			t.Errorf("%+v: the file has %q", c, b)
		}
	}
	t.Setenv("PATH", "")
	if _, err := (desk{func(string) string { return "" }}).Editor(p); err == nil || err.Error() != "no editor was found: set EDITOR to one" {
		t.Errorf("without any: %v", err)
	}
}
