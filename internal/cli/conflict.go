package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/bargee/bargee/session"
)

// decide asks the person at the terminal about a conflict, and tells whether
// the answer is for the transfer's others too.
func (c *copier) decide(ctx context.Context, id session.TransferID, q session.Question) (all bool, err error) {
	c.report.clear()
	fmt.Fprintf(c.console, "%s exists: there %s, here %s\n", q.Name, stateOf(q.Existing), stateOf(q.Source))
	for {
		fmt.Fprint(c.console, "[s]kip, [o]verwrite, [r]ename, [n]ewer; a capital letter for all; [c]ancel? ")
		line, err := c.readLine(ctx)
		if err != nil {
			return false, err
		}
		word := strings.TrimSpace(line)
		if word == "c" {
			return true, c.engine.Cancel(id, c.keep)
		}
		d, ok := map[string]session.Conflict{
			"s": session.Skip, "o": session.Overwrite, "r": session.Rename, "n": session.Newer,
		}[strings.ToLower(word)]
		if ok {
			all = word == strings.ToUpper(word)
			return all, c.engine.Answer(id, q.ID, d, all)
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
