package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/adrg/xdg"

	"github.com/bargee/bargee/internal/filelock"
	"github.com/bargee/bargee/session"
)

// A pidFile holds the number of the process that has it locked. Whether that one
// is alive is told by the lock: numbers are used again.
type pidFile struct {
	name string
	f    *os.File
}

// errRunning says that another process has the lock.
var errRunning = errors.New("it runs already")

// runDir is where the files of roles in the background are by default.
func (a *app) runDir() (string, error) {
	h, err := a.home()
	if err != nil || a.getenv("BARGEE_HOME") != "" {
		return h.state, err
	}
	if info, err := os.Stat(xdg.RuntimeDir); err == nil && info.IsDir() {
		return filepath.Join(xdg.RuntimeDir, "bargee"), nil
	}
	return h.state, nil
}

// takePidFile makes the file and locks it until close, or fails with errRunning.
func takePidFile(name string) (*pidFile, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := filelock.TryLock(f); err != nil {
			f.Close()
			if pid, err := runningPid(name); err == nil && pid == 0 {
				continue // somebody only looked whether it is locked
			}
			return nil, errRunning
		}
		opened, err1 := f.Stat()
		there, err2 := os.Stat(name)
		if err1 != nil || err2 != nil || !os.SameFile(opened, there) {
			f.Close() // who had it has just removed it
			continue
		}
		p := &pidFile{name, f}
		if err := errors.Join(f.Truncate(0), p.write()); err != nil {
			p.close()
			return nil, err
		}
		return p, nil
	}
}

func (p *pidFile) write() error {
	_, err := p.f.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	return err
}

// close removes the file, and lets others have it.
func (p *pidFile) close() {
	os.Remove(p.name)
	p.f.Close()
}

// runningPid returns the process that has a file locked, 0 where none has.
func runningPid(name string) (int, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if filelock.TryLock(f) == nil {
		return 0, nil // of one that was killed
	}
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("%s holds no number of a process", session.Display(name))
	}
	return pid, nil
}
