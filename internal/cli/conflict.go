package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bargee/bargee/session"
)

// errConflictCancelled is what a person said to a conflict: end the whole.
var errConflictCancelled = &session.Error{Kind: session.Cancelled, Err: errors.New("cancelled")}

// decide asks the person at the terminal about a conflict, and tells whether
// the answer is for the transfer's others too.
func (c *copier) decide(ctx context.Context, id session.TransferID, q session.Question) (all bool, err error) {
	c.report.clear()
	d, all, err := c.askConflict(ctx, q)
	switch {
	case errors.Is(err, errConflictCancelled):
		return true, c.engine.Cancel(id, c.keep)
	case err != nil:
		return false, err
	}
	return all, c.engine.Answer(id, q.ID, d, all)
}

// askConflict has a conflict decided at the terminal, this one or all that are to
// come; errConflictCancelled: none of them.
func (a *app) askConflict(ctx context.Context, q session.Question) (d session.Conflict, all bool, err error) {
	fmt.Fprintf(a.console, "%s exists: there %s, here %s\n", q.Name, stateOf(q.Existing), stateOf(q.Source))
	for {
		fmt.Fprint(a.console, "[s]kip, [o]verwrite, [r]ename, [n]ewer; a capital letter for all; [c]ancel? ")
		line, err := a.readLine(ctx)
		if err != nil {
			return session.Fail, false, err
		}
		word := strings.TrimSpace(line)
		if word == "c" {
			return session.Fail, true, errConflictCancelled
		}
		d, ok := map[string]session.Conflict{
			"s": session.Skip, "o": session.Overwrite, "r": session.Rename, "n": session.Newer,
		}[strings.ToLower(word)]
		if ok {
			return d, word == strings.ToUpper(word), nil
		}
	}
}

// stateOf describes one of the two files of a conflict.
func stateOf(e session.Entry) string {
	if e.Kind != session.RegularFile {
		return "a " + e.Kind.String()
	}
	return fmt.Sprintf("%s of %s", size(e.Size), e.Modified.Local().Format("2006-01-02 15:04:05"))
}

// readLine reads a line that a person types.
func (a *app) readLine(ctx context.Context) (string, error) {
	lines := a.reader()
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := lines.ReadString('\n')
		read <- answer{line, err}
	}()
	select {
	case <-ctx.Done(): // the reader is left behind: the program ends
		return "", interrupted(ctx, "")
	case got := <-read:
		if got.err != nil {
			return "", &problem{what: "read the answer from", where: "the terminal", err: got.err}
		}
		return got.line, nil
	}
}

// reader is what lines of standard input are read from.
func (a *app) reader() *bufio.Reader {
	if a.lines == nil {
		a.lines = bufio.NewReader(a.stdin)
	}
	return a.lines
}
