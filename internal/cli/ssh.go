package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sshProgram is the user's ssh, with arguments that BARGEE_SSH may add.
func sshProgram(getenv func(string) string) []string {
	if words := strings.Fields(getenv("BARGEE_SSH")); len(words) > 0 {
		return words
	}
	return []string{"ssh"}
}

// farScript starts bargee at the far end: where the shell finds it, or where it
// is installed for a login alone; else it says what is missing. It has no single
// quotes, so that every shell hands it on to sh as it is.
const farScript = `PATH=$PATH:$HOME/.local/bin:$HOME/bin:$HOME/go/bin:/usr/local/bin:/opt/homebrew/bin; ` +
	`command -v bargee >/dev/null 2>&1 || { echo; echo ` + bargeeMissing + ` $(uname -s -m); exit 127; }; exec bargee serve --stdio`

// bargeeMissing begins the line that says so, and what kind of machine it is.
const bargeeMissing = "bargee-is-missing"

// installScript takes a program from standard input and makes it the login's own.
const installScript = `umask 022; mkdir -p $HOME/.local/bin/.bargee-new && cd $HOME/.local/bin && cat >.bargee-new/bargee && ` +
	`chmod 755 .bargee-new/bargee && .bargee-new/bargee version >/dev/null && mv .bargee-new/bargee bargee && rmdir .bargee-new`

// sshArgs are what ssh gets to run script at l. It fails where it would have to
// ask and may not.
func sshArgs(l login, o sshStart, script string) []string {
	args := []string{"-T", "-x", "-o", "ConnectTimeout=" + strconv.Itoa(max(1, int(o.wait.Seconds())))}
	switch {
	case o.secret != "":
		args = append(args, "-o", "NumberOfPasswordPrompts=1")
	case !o.asks:
		args = append(args, "-o", "BatchMode=yes")
	}
	return append(append(args, l.args()...), "sh -c '"+script+"'")
}

// args are the words of an ssh command line that name where to go.
func (l login) args() (args []string) {
	if l.port != "" {
		args = append(args, "-p", l.port)
	}
	if l.user != "" {
		args = append(args, "-l", l.user)
	}
	return append(args, "--", l.host)
}

// An sshProcess is a run of ssh, and the pipe to what it started.
type sshProcess struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.ReadCloser
	said *lastWords    // its standard error
	over chan struct{} // closed when it has ended
	once sync.Once
}

// sshPatience is how long ssh may take to end when it was told to.
const sshPatience = time.Second

// startSSH starts ssh. What it says goes to show, line by line, which may be nil.
func startSSH(words, env []string, detached bool, show func(string)) (*sshProcess, error) {
	p := &sshProcess{cmd: exec.Command(words[0], words[1:]...), said: &lastWords{show: show}, over: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.said
	p.cmd.WaitDelay = sshPatience // for children of ssh that hold its standard error
	if detached {
		detach(p.cmd)
	}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *sshProcess) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *sshProcess) Write(b []byte) (int, error) { return p.in.Write(b) }

// Close ends ssh, and by that what it started.
func (p *sshProcess) Close() error {
	p.once.Do(func() {
		_ = p.in.Close() // it may have ended already
		go func() {
			late := time.AfterFunc(sshPatience, func() { _ = p.cmd.Process.Kill() })
			deaf := time.AfterFunc(2*sshPatience, func() { _ = p.out.Close() }) // a child of it may hold the pipe
			_, _ = io.Copy(io.Discard, p.out)
			_ = p.cmd.Wait() // its exit code is in ProcessState
			late.Stop()
			deaf.Stop()
			close(p.over)
		}()
	})
	return nil
}

// ended closes p and returns its exit code, -1 for none.
func (p *sshProcess) ended() int {
	p.Close()
	<-p.over
	return p.cmd.ProcessState.ExitCode()
}

// lastWords keep the end of what is written to it, and shows it line by line.
type lastWords struct {
	show func(string) // nil: nobody looks

	mu   sync.Mutex
	last []byte
	line []byte
}

const lastWordsSize = 4 << 10

func (t *lastWords) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	if n := len(t.last) - lastWordsSize; n > 0 {
		t.last = append([]byte(nil), t.last[n:]...)
	}
	t.line = append(t.line, b...)
	for {
		line, rest, ok := strings.Cut(string(t.line), "\n")
		if !ok {
			t.line = t.line[:min(len(t.line), lastWordsSize)]
			return len(b), nil
		}
		t.line = []byte(rest)
		if t.show != nil {
			t.show(strings.TrimRight(line, "\r"))
		}
	}
}

// hush has nothing shown from now on.
func (t *lastWords) hush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.show = nil
}

func (t *lastWords) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}

// sshHostOf asks ssh's configuration for the host behind a name: "" if it does not
// say.
func sshHostOf(ctx context.Context, words []string, l login) string {
	if base := strings.TrimSuffix(filepath.Base(words[0]), ".exe"); base != "ssh" {
		return l.host // nothing is known of what else it may be
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], append(append(words[1:len(words):len(words)], "-G"), l.args()...)...)
	out, err := cmd.Output()
	if err != nil {
		return l.host
	}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "hostname "); ok {
			return name
		}
	}
	return l.host
}

var errNoSSH = errors.New("there is no ssh on this machine")
