package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui"
)

// desk is where the screen has files edited: in the person's own editor, and in
// private directories of this machine.
type desk struct {
	getenv func(string) string
}

var _ tui.Desk = desk{}

// Make makes a directory that nobody else can enter, with an empty file in it.
// A name that this system does not take becomes another one with its extension.
func (desk) Make(name string, mode fs.FileMode) (io.WriteCloser, session.Path, error) {
	dir, err := os.MkdirTemp("", "bargee-edit-") // 0700
	if err != nil {
		return nil, session.Path{}, err
	}
	f, err := createIn(dir, name, mode)
	if err != nil {
		f, err = createIn(dir, strings.TrimSuffix("file"+filepath.Ext(filepath.Base(name)), "."), mode)
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, session.Path{}, err
	}
	p, err := session.NewHost().PathOf(f.Name())
	if err != nil {
		f.Close()
		os.RemoveAll(dir)
		return nil, session.Path{}, err
	}
	return f, p, nil
}

func createIn(dir, name string, mode fs.FileMode) (*os.File, error) {
	if name == "" || !filepath.IsLocal(name) || filepath.Base(name) != name {
		return nil, fs.ErrInvalid
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if mode.Perm() != 0o600 { // as the umask would have it not: the directory keeps others out
		if err = f.Chmod(mode.Perm()); err != nil && runtime.GOOS != "windows" {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// Editor returns the person's editor: $VISUAL or $EDITOR, else one that most
// machines have.
func (d desk) Editor(p session.Path) (tui.Program, error) {
	e, err := editorOf(session.NewHost().Name(p), d.getenv)
	if err != nil { // not a nil *editor as a Program
		return nil, err
	}
	return e, nil
}

// editorOf returns the person's editor with a file of this machine.
func editorOf(file string, getenv func(string) string) (*editor, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		command := strings.TrimSpace(getenv(name))
		if command == "" {
			continue
		}
		if fields := strings.Fields(command); !strings.ContainsAny(command, "\"'`$\\;|&<>(){}*?~#") {
			if _, err := exec.LookPath(fields[0]); err != nil {
				return nil, fmt.Errorf("%s names %s, which is not there", name, session.Display(fields[0]))
			}
		}
		return &editor{shellCommand(command, file)}, nil
	}
	for _, name := range usualEditors() {
		if path, err := exec.LookPath(name); err == nil {
			return &editor{exec.Command(path, file)}, nil
		}
	}
	return nil, errors.New("no editor was found: set EDITOR to one")
}

func usualEditors() []string {
	if runtime.GOOS == "windows" {
		return []string{"edit", "notepad"}
	}
	return []string{"nano", "vi", "vim", "emacs"}
}

// shellCommand runs what $EDITOR says with a file, as git does: it may have
// options and quotes, and the file's name means nothing to the shell.
func shellCommand(command, file string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		fields := strings.Fields(command)
		return exec.Command(fields[0], append(fields[1:], file)...)
	}
	return exec.Command("sh", "-c", command+` "$@"`, command, file)
}

// editing counts the editors that have the terminal. An interrupt is theirs.
var editing atomic.Int32

type editor struct{ cmd *exec.Cmd }

// Run gives the terminal to the editor until it is over.
func (e *editor) Run() error {
	editing.Add(1)
	defer editing.Add(-1)
	e.cmd.Stdin, e.cmd.Stdout, e.cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := e.cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 127:
		return errors.New("it was not found; set EDITOR to one that is there")
	case errors.As(err, &exit):
		return errors.New(exit.ProcessState.String()) // "exit status 1", "signal: killed"
	}
	return err
}
