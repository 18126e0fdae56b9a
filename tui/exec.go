package tui

import (
	"io"
	"io/fs"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

// A Desk is where files are edited that are not on this machine, or no files at
// all. The screen starts no program and makes no file by itself: this is what
// does. Its methods may wait.
type Desk interface {
	// Make makes a private directory with a file in it whose name is like name,
	// and returns the file, open to be written, and where it lies on this
	// machine. Who removes the directory is the caller.
	Make(name string, mode fs.FileMode) (io.WriteCloser, session.Path, error)

	// Editor returns the program in which the person edits a file of this
	// machine. The error says what to set if there is none.
	Editor(session.Path) (Program, error)
}

// A Program has the terminal while it runs.
type Program interface{ Run() error }

// runProgram hands the terminal over, and takes it back when the program is
// over. Transfers go on meanwhile, the screen stands still.
func (a *App) runProgram(p Program, then func(error) tea.Msg) tea.Cmd {
	return tea.Exec(&atTerminal{p, a.out}, then)
}

// atTerminal is a program that has the terminal.
type atTerminal struct {
	Program
	out *output
}

// shortTurn is how long a program has the terminal at the least: Bubble Tea stops its painter
// without waiting for it, and one that is slow to stop would also stop the one
// that is started after a program which is over at once (bubbletea#1778).
const shortTurn = 100 * time.Millisecond

// Run waits until all that was drawn is out, or the program would start on a
// screen that is still being changed.
func (t *atTerminal) Run() error {
	painter := time.NewTimer(shortTurn)
	defer func() { <-painter.C }()
	if t.out != nil {
		t.out.flush(time.Second)
	}
	return t.Program.Run()
}

// The program has the terminal itself, and not what Bubble Tea would give it:
// an editor asks what it writes to for its size.
func (*atTerminal) SetStdin(io.Reader)  {}
func (*atTerminal) SetStdout(io.Writer) {}
func (*atTerminal) SetStderr(io.Writer) {}

// flush waits until all is written, but not for ever.
func (o *output) flush(most time.Duration) {
	late := time.AfterFunc(most, o.wake.Broadcast)
	defer late.Stop()
	until := time.Now().Add(most)
	o.mu.Lock()
	defer o.mu.Unlock()
	for (len(o.backlog) > 0 || o.writing) && o.err == nil && !o.closed && time.Now().Before(until) {
		o.wake.Wait()
	}
}
