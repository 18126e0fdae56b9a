//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands of the README are run as they stand there, in order, by this
// convention:
//
//   - A fenced block tagged "sh" is a script for bash -euo pipefail. What it
//     prints is not compared; that it ends well is.
//   - A comment "# on NAME" in its first line, which readers see too, says on
//     which machine it is typed; without one that is "here". A machine is a
//     BARGEE_HOME and a directory to work in; all are this machine, and so a
//     host name of the README stands for 127.0.0.1 (below).
//   - A script that does not end is a peer: it must print its ready line, lives
//     as long as the test, and must then end well at Ctrl-C. It listens where
//     there is room, whatever the default port.
//   - A block tagged "sh screen" opens the screen: it is typed into a terminal,
//     must show the screen, and q must end it.
//   - What a reader would put in is put in: bgticket_…, bgt_… and bgrelay_…
//     become the last such word that was printed, CODE the last code,
//     NAME.example:6768 and NAME.example the address of the last ready line,
//     "go install …@latest" installs this source, and "go run ." runs it.
//   - An HTML comment that begins with "sh", invisible on the page, is run
//     likewise: it makes the files that the next block wants, and may check
//     what the block before it did.
//
// Blocks with another tag are no commands; one that looks like it holds some
// fails, so that nothing is passed over in silence.

// A block is a script of the README.
type block struct {
	line    int // of its first line
	machine string
	screen  bool
	script  string
}

const defaultMachine = "here"

var onMachine = regexp.MustCompile(`^# on ([a-z][a-z0-9-]*)`)

// blocks extracts the scripts of a Markdown text.
func blocks(markdown string) ([]block, error) {
	var found []block
	lines := strings.Split(markdown, "\n")
	for i := 0; i < len(lines); i++ {
		tag, end := opened(lines[i])
		if end == "" {
			continue
		}
		b := block{line: i + 2, machine: defaultMachine, screen: tag == "sh screen"}
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != end; i++ {
			b.script += lines[i] + "\n"
		}
		if i == len(lines) {
			return nil, fmt.Errorf("line %d: a block without an end", b.line-1)
		}
		switch {
		case tag == "sh" || tag == "sh screen":
			if m := onMachine.FindStringSubmatch(b.script); m != nil {
				b.machine = m[1]
			}
			found = append(found, b)
		case looksLikeCommands(b.script):
			return nil, fmt.Errorf("line %d: commands in a block tagged %q are not run: tag it sh", b.line, tag)
		}
	}
	return found, nil
}

// opened returns the tag of a block that begins with line, and the line that
// ends it; "" if none begins.
func opened(line string) (tag, end string) {
	line = strings.TrimSpace(line)
	if tag, ok := strings.CutPrefix(line, "```"); ok {
		return strings.TrimSpace(tag), "```"
	}
	if tag, ok := strings.CutPrefix(line, "<!--"); ok && !strings.Contains(line, "-->") {
		return strings.TrimSpace(tag), "-->"
	}
	return "", ""
}

var commandLine = regexp.MustCompile(`(?m)^\s*(?:[$>] ?)?(?:bargee|go install|ssh|\.ci/run)\s`)

func looksLikeCommands(text string) bool { return commandLine.MatchString(text) }

func TestReadmeCommands(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(repository(t), "README.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("there is no README.md yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	runReadme(t, string(b))
}

// The convention itself, on a page that uses all of it.
func TestReadmeConvention(t *testing.T) {
	b, err := os.ReadFile("testdata/convention.md")
	if err != nil {
		t.Fatal(err)
	}
	runReadme(t, string(b))
}

func runReadme(t *testing.T, markdown string) {
	t.Helper()
	found, err := blocks(markdown)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("there are no commands in it")
	}
	w := newWorld(t)
	for _, b := range found {
		if err := w.play(t.Context(), b); err != nil {
			t.Errorf("block at line %d: %v", b.line, err)
		}
	}
	if err := w.end(); err != nil {
		t.Error(err)
	}
}

func TestBlocks(t *testing.T) {
	got, err := blocks("text\n```sh\n# on nas, the attic\nbargee a\n```\n<!-- a remark -->\n<!-- sh\nmake b\n-->\n" +
		"```sh screen\nbargee demo\n```\n```go\nbargee.Dial()\n```\n")
	want := []block{
		{3, "nas", false, "# on nas, the attic\nbargee a\n"},
		{8, "here", false, "make b\n"},
		{11, "here", true, "bargee demo\n"},
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"```sh\nbargee a\n", "```\n$ bargee a\n```\n", "```console\nbargee a\n```\n"} {
		if _, err := blocks(bad); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}
