package tape

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/bargee/bargee/internal/e2e/terminal"
)

const size = "# terminal: 60x12\n"

func TestParse(t *testing.T) {
	script := size + `
Output demo.gif
Require cat
Set FontSize 20
Set WaitTimeout 3s
Env GREETING "good day"
Hide
Type@10ms 'echo "hi"'
Show
Enter
Down@100ms 3
Ctrl+C
Sleep 500ms
Wait+Screen@2m /a b$/
Wait /x/
Screenshot .github/screen.png
`
	got, err := Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range got.Commands {
		lines = append(lines, fmt.Sprintf("%d: %d %s ×%d %v %v", c.Line, c.Verb, c.Text, c.Count, c.Wait, c.Timeout))
	}
	want := []string{
		`9: 0 echo "hi" ×1 <nil> 0s`,
		`11: 1 Enter ×1 <nil> 0s`,
		`12: 1 Down ×3 <nil> 0s`,
		`13: 1 C-c ×1 <nil> 0s`,
		`15: 2  ×1 a b$ 2m0s`,
		`16: 3  ×1 x 3s`,
		`17: 4 .github/screen.png ×1 <nil> 0s`,
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if got.Columns != 60 || got.Rows != 12 {
		t.Errorf("got %dx%d, want 60x12", got.Columns, got.Rows)
	}
	if !reflect.DeepEqual(got.Env, []string{"GREETING=good day"}) || !reflect.DeepEqual(got.Require, []string{"cat"}) {
		t.Errorf("got %q, %q", got.Env, got.Require)
	}
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, script := range []string{
		"Enter",                    // no size
		size + "Dance",             // no such command
		size + "Enter twice",       // not a number
		size + `Type "a" Enter`,    // two commands
		size + "Type a",            // not quoted
		size + "Wait /a/b/",        // VHS would end the expression at the slash
		size + "Wait /(/",          // not an expression
		size + "Wait+Sun /a/",      // no such place
		size + "Wait@soon /a/",     // not a time
		size + "Sleep well",        // not a time
		size + "Set WaitTimeout x", // not a time
		size + "Env A b",           // not quoted
		size + "Enter+X",           // not a modifier of ours
		size + "!",                 // not a word
	} {
		if _, err := Parse(script); err == nil {
			t.Errorf("%q: got no error", script)
		}
	}
}

func TestPlay(t *testing.T) {
	script := size + `
Require cat
Env GREETING "good day"
Wait /^>$/
Type "echo $GREETING; cat > out; cat out out"
Enter
Wait+Screen /(?m)^good day$/
Type "twice"
Enter
Ctrl+D
Wait+Screen /(?m)^twice\ntwice$/
Screenshot here.png
`
	var shots []string
	p := Player{Home: t.TempDir(), Took: func(file, styled string) error {
		shots = append(shots, file)
		if !strings.Contains(styled, "twice") {
			t.Errorf("the screenshot shows\n%s", styled)
		}
		return nil
	}}
	play(t, p, script, "")
	if !reflect.DeepEqual(shots, []string{"here.png"}) {
		t.Errorf("got screenshots %q", shots)
	}
}

func TestPlayTellsWhereItFailed(t *testing.T) {
	p := Player{Home: t.TempDir()}
	play(t, p, size+"Wait /^>$/\nWait+Screen@100ms /never/", "line 3: no never on the screen")
	play(t, p, size+"Require no-such-program", "requires no-such-program")
}

// play plays a script whose error contains problem, or is nil if that is "".
func play(t *testing.T, p Player, script, problem string) {
	t.Helper()
	tape, err := Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Play(t.Context(), tape)
	if errors.Is(err, terminal.ErrMissing) {
		t.Skip(err)
	}
	if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
		t.Errorf("got error %v, want %q", err, problem)
	}
}
