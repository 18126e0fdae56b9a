package terminal

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, command ...string) *Terminal {
	t.Helper()
	term, err := Start(t.Context(), Config{Columns: 40, Rows: 10, Command: command, Env: []string{"PS1=$ ", "PATH=/nowhere:/usr/bin:/bin"}})
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := term.Close(); err != nil {
			t.Error(err)
		}
	})
	return term
}

func TestTypeAndPressReachTheProgram(t *testing.T) {
	term := start(t, "bash", "--norc", "--noprofile")
	wait(t, term, `^\$`)
	for _, c := range []struct{ line, answer string }{
		{"echo one; echo two;", `(?m)^one\ntwo\n\$`},
		{"stty size # -x", `(?m)^10 40\n\$`},
		{`echo "$PS1 end" $PATH`, `(?m)^\$  end /nowhere:`},
	} {
		if err := errors.Join(term.Type(t.Context(), c.line), term.Press(t.Context(), "Enter", 1)); err != nil {
			t.Fatal(err)
		}
		wait(t, term, c.answer) // else it is echoed wherever the cursor is
	}
}

func TestPressRepeats(t *testing.T) {
	term := start(t, "cat")
	if err := term.Press(t.Context(), "x", 3); err != nil {
		t.Fatal(err)
	}
	wait(t, term, `^xxx\n`)
}

func TestStyledKeepsColours(t *testing.T) {
	term := start(t, "sh", "-c", `printf '\033[1;31mred\033[0m'; cat`)
	wait(t, term, "red")
	s, err := term.Styled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s, "\x1b[1m\x1b[31mred") {
		t.Errorf("got %q, want a bold red word", s)
	}
}

func TestWaitSaysWhatItSaw(t *testing.T) {
	term := start(t, "sh", "-c", "echo something else; cat")
	wait(t, term, "something")
	err := term.Wait(t.Context(), regexp.MustCompile("never"), false, 3*poll)
	if err == nil || !strings.Contains(err.Error(), "┃something else") {
		t.Errorf("got %v, want an error with the screen", err)
	}
}

func TestWaitForTheLastLine(t *testing.T) {
	term := start(t, "sh", "-c", "echo first; echo last; cat")
	wait(t, term, "last")
	if err := term.Wait(t.Context(), regexp.MustCompile("^last$"), true, time.Minute); err != nil {
		t.Error(err)
	}
	if err := term.Wait(t.Context(), regexp.MustCompile("first"), true, 3*poll); err == nil {
		t.Error("the first line passed for the last")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	term := start(t, "cat")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := term.Wait(ctx, regexp.MustCompile("x"), false, time.Hour); err == nil {
		t.Error("got no error")
	}
}

func wait(t *testing.T, term *Terminal, re string) {
	t.Helper()
	if err := term.Wait(t.Context(), regexp.MustCompile(re), false, time.Minute); err != nil {
		t.Fatal(err)
	}
}
