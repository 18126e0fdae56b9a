package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/session"
)

// A role that is detached runs below a supervisor, which starts it again when it
// fails:
//
//	bargee relay --detach     leaves when the relay is ready, or says why it is not
//	  bargee supervise        has the pid file, and the log of what became of it
//	    bargee relay          ends with the pipe that is its standard input
//
// The order goes to the supervisor by a pipe, and what the first run of the role
// says until it is ready comes back by another one: nothing that is secret lies
// anywhere.

// detachFlags put a role into the background.
type detachFlags struct {
	detach  bool
	pidFile string
}

func (d *detachFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&d.detach, "detach", false, "go on in the background, and start again after a crash; bargee stop ends it")
	f.StringVar(&d.pidFile, "pid-file", "", "with --detach: put the process's number into `FILE` (default in the runtime directory)")
}

func (d *detachFlags) check() error {
	if d.pidFile != "" && !d.detach {
		return usage("is only for --detach", "").about("", "--pid-file")
	}
	return nil
}

// An order is what a supervisor is to do.
type order struct {
	Args    []string      `json:"args"` // of the role
	PidFile string        `json:"pid_file"`
	LogFile string        `json:"log_file"`
	LogEnv  string        `json:"log_env"` // variable that has the role log there, too
	Format  string        `json:"log_format"`
	Level   string        `json:"log_level"`
	Line    string        `json:"line,omitempty"` // of standard input, with its end: a secret
	Grace   time.Duration `json:"grace"`          // that the role may take to end
}

// supervised tells whether we are a role below a supervisor, and whether it was
// started before.
func (a *app) supervised() (is, again bool) {
	state := a.getenv(superviseEnv)
	return state != "", state == superviseAgain
}

// saidReady ends what a role says to its supervisor.
const saidReady = 0

const (
	superviseEnv   = "BARGEE_SUPERVISED"
	superviseFirst = "first"
	superviseAgain = "again"
)

// released tells the supervisor that the role is ready, and returns a context that
// ends when the supervisor is gone. Elsewhere it does nothing.
func (a *app) released(ctx context.Context) (context.Context, error) {
	if is, _ := a.supervised(); !is {
		return ctx, nil
	}
	a.stdout.WriteByte(saidReady)
	if err := a.flush(); err != nil {
		return ctx, err
	}
	a.stdout.Reset(io.Discard)
	if err := os.Stdout.Close(); err != nil {
		return ctx, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, a.stdin) // until its end, whyever it comes
		cancel(errInterrupted)
	}()
	return ctx, nil
}

// background starts a supervisor for this very command line, and returns when the
// role is ready, or with what it ended with. dir is what is served.
func (a *app) background(ctx context.Context, role, dir string, d *detachFlags, l *logFlags, tokenFile string, grace time.Duration) error {
	o := order{Args: os.Args[1:], PidFile: d.pidFile, LogFile: l.file, Format: l.format, Level: l.level, Grace: grace,
		LogEnv: "BARGEE_" + strings.ToUpper(role) + "_LOG_FILE"}
	run, err := a.runDir()
	if err != nil {
		return err
	}
	name, stop := role, "bargee stop "+role
	if dir != "" {
		name, stop = servedName(dir), stop+" "+shellWord(dir)
	}
	if d.pidFile != "" {
		stop = "bargee stop --pid-file " + shellWord(d.pidFile)
	}
	h, err := a.home()
	if err != nil {
		return err
	}
	if o.PidFile == "" {
		o.PidFile = filepath.Join(run, name+".pid")
	}
	if o.LogFile == "" {
		o.LogFile = filepath.Join(h.state, name+".log")
		if err := os.MkdirAll(h.state, 0o700); err != nil {
			return &problem{what: "write the log", where: session.Display(o.LogFile), err: err}
		}
	}
	for _, file := range []*string{&o.PidFile, &o.LogFile} {
		if *file, err = filepath.Abs(*file); err != nil {
			return &problem{what: "find", where: session.Display(*file), err: err}
		}
	}
	if info, err := os.Stat(tokenFile); err == nil && !info.Mode().IsRegular() {
		return usage("is no file that can be read again after a crash", "- reads the token from standard input, once").about("--token-file", session.Display(tokenFile))
	}
	if tokenFile == "-" {
		line, err := a.secretLine(tokenFile)
		if err != nil {
			return err
		}
		o.Line = line + "\n"
	}
	var ended roleEnded
	if err := a.startSupervisor(ctx, o); errors.As(err, &ended) {
		return ended
	} else if err != nil {
		return &problem{what: "start", where: "a process in the background", err: err}
	}
	if !a.json {
		a.say("It runs in the background, and its log is %s. To end it:\n%s", session.Display(o.LogFile), stop)
	}
	return nil
}

// A superviseReport is what a supervisor tells who started it, as lines of JSON:
// what the role said, and last that it is ready, or has ended.
type superviseReport struct {
	Out   []byte `json:"out,omitempty"`
	Err   []byte `json:"err,omitempty"`
	Ready bool   `json:"ready,omitempty"`
	Ended bool   `json:"ended,omitempty"`
	Code  int    `json:"code,omitempty"` // exit code
}

// A roleEnded is the end of a role that has said itself why.
type roleEnded struct{ code int }

func (e roleEnded) Error() string { return "the role has ended" }

// startSupervisor starts it and hands on what the role says until it is ready.
func (a *app) startSupervisor(ctx context.Context, o order) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	cmd := exec.Command(program, append([]string{"supervise", "--"}, o.Args...)...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin = bytes.NewReader(text)
	detach(cmd)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	reports := json.NewDecoder(stdout)
	for {
		var r superviseReport
		if err := reports.Decode(&r); err != nil {
			_ = cmd.Wait()
			return errors.Join(context.Cause(ctx), errors.New("the supervisor ended before the role was ready"))
		}
		a.stdout.Write(r.Out) // what fails is found by flush
		a.stderr.Write(r.Err)
		switch {
		case r.Ready:
			return errors.Join(a.flush(), cmd.Process.Release())
		case r.Ended:
			return errors.Join(roleEnded{r.Code}, a.flush(), cmd.Process.Release())
		}
	}
}

// servedName is the name of the files of a served directory in the background.
func servedName(dir string) string {
	if tree, err := realPath(dir); err == nil { // else the role says why not
		dir = tree
	}
	sum := sha256.Sum256([]byte(dir))
	return "serve-" + hex.EncodeToString(sum[:8])
}

// follow has the log reopened at each SIGHUP until stop, if the role runs below a
// supervisor: one at a terminal ends then.
func (l *roleLog) follow(supervised bool) (stop func()) {
	if !supervised {
		return func() {}
	}
	hungUp, release := onHangup()
	over := make(chan struct{})
	go func() {
		for {
			select {
			case <-hungUp:
				l.reopen()
			case <-over:
				return
			}
		}
	}()
	return func() { close(over); release() }
}

// rotateLog moves a log aside that has become large while nobody looked.
func rotateLog(name string) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.Size() > maxScreenLog {
		os.Rename(name, name+".old") // if it stays, it grows
	}
}
