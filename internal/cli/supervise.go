package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

// newSupervise is the command that --detach starts. Nobody types it.
func newSupervise(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "supervise", Short: "Keep a role running in the background", Hidden: true,
		Long: "Keep a role running in the background. --detach starts it; standard input has the order.",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.supervise(cmd.Context()) },
	}
}

// A supervisor runs a role, again and again.
type supervisor struct {
	app   *app
	order order
	log   *roleLog
	tell  func(superviseReport) // who started us, until it has gone
	up    bool                  // the role was ready once
}

func (a *app) supervise(ctx context.Context) error {
	var o order
	if err := json.NewDecoder(a.stdin).Decode(&o); err != nil {
		return usage("no order on standard input", "--detach of serve and relay starts it")
	}
	reports := json.NewEncoder(os.Stdout)
	s := &supervisor{app: a, order: o, tell: func(r superviseReport) { _ = reports.Encode(r) }} // who is gone hears nothing
	refuse := func(err error) error {
		var said strings.Builder
		a.stderr = &said
		a.tell(err)
		a.stdout.Reset(io.Discard)
		s.tell(superviseReport{Err: []byte(said.String()), Ended: true, Code: exitCode(err)})
		return roleEnded{exitCode(err)}
	}
	pid, err := takePidFile(o.PidFile)
	if errors.Is(err, errRunning) {
		running, _ := runningPid(o.PidFile)
		return refuse(&problem{what: "run in", where: "the background", hint: "bargee stop ends it; --pid-file is for another one",
			err: &session.Error{Kind: session.Busy, Err: fmt.Errorf("process %d does already", running)}})
	}
	if err != nil {
		return refuse(&problem{what: "write", where: session.Display(o.PidFile), err: err})
	}
	defer pid.close()
	rotateLog(o.LogFile)
	flags := logFlags{o.LogFile, o.Format, o.Level}
	if s.log, err = flags.open(a); err != nil {
		return refuse(err)
	}
	s.log.Logger = slog.New(flags.handler(s.log.sink, a)) // each crash counts, however much it is like the others
	defer s.log.close()
	return s.run(ctx)
}

// run starts the role, and starts it again when it fails, until ctx ends or it
// fails too often.
func (s *supervisor) run(ctx context.Context) error {
	hungUp, release := onHangup()
	defer release()
	var policy restarts
	for again := false; ; again = true {
		start := time.Now()
		c, err := s.start(again)
		if err == nil {
			s.log.Info("the role was started", "process", c.Process.Pid, "again", again)
			err = s.attend(ctx, c, hungUp)
		}
		ran := time.Since(start).Round(time.Millisecond)
		switch {
		case ctx.Err() != nil:
			s.log.Info("the role was ended", "after", ran.String())
			return nil
		case err == nil:
			s.log.Info("the role has ended by itself", "after", ran.String())
			return nil
		case errors.As(err, new(roleEnded)): // it never was ready
			return err
		}
		wait, more := policy.failed(ran)
		if !more {
			s.log.Error("the role failed too often: it is not started again", "reason", reason(err), "after", ran.String(), "failures", mostFailures)
			return roleEnded{exitFailed}
		}
		s.log.Error("the role failed", "reason", reason(err), "after", ran.String(), "again_in", wait.String())
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// A supervised is a role that runs.
type supervised struct {
	*exec.Cmd
	life  io.Closer     // its standard input: it ends with it
	ready chan struct{} // closed when it is ready
	said  *tail         // on its standard error, since it was ready
	ended chan error
}

// start starts the role.
func (s *supervisor) start(again bool) (*supervised, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &supervised{Cmd: exec.Command(program, s.order.Args...), ready: make(chan struct{}), said: new(tail), ended: make(chan error, 1)}
	c.Args[0] = os.Args[0]
	state := superviseFirst
	if again {
		state = superviseAgain
	}
	c.Env = append(os.Environ(), superviseEnv+"="+state, s.order.LogEnv+"="+s.order.LogFile)
	life, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	complaints, err3 := c.StderrPipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	c.life = life
	if err := c.Start(); err != nil {
		return nil, err
	}
	_, _ = io.WriteString(life, s.order.Line) // if it has ended meanwhile, that is told
	var hears sync.WaitGroup
	hears.Go(func() { s.hear(c, out, again) })
	hears.Go(func() { _, _ = io.Copy(c.said, complaints) })
	go func() {
		hears.Wait()
		c.ended <- c.Wait()
	}()
	return c, nil
}

// hear hands on what the role says until it is ready, but not when it was started
// again: nobody is there to hear it any more.
func (s *supervisor) hear(c *supervised, from io.Reader, again bool) {
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		said, ready := bytes.CutSuffix(b[:n], []byte{saidReady})
		if len(said) > 0 && !again {
			s.tell(superviseReport{Out: said})
		}
		if ready {
			close(c.ready)
			return
		}
		if err != nil {
			return
		}
	}
}

// attend stays with the role until it ends, and says why it did; nil: it wanted to.
func (s *supervisor) attend(ctx context.Context, c *supervised, hungUp <-chan os.Signal) error {
	ready, over := c.ready, ctx.Done()
	defer c.life.Close()
	var late <-chan time.Time
	missed := false // a SIGHUP, which would end a role that is not ready
	for {
		select {
		case err := <-c.ended:
			return s.judge(c, err, ready != nil)
		case <-ready:
			ready = nil
			s.tell(superviseReport{Err: c.said.take(), Ready: true})
			s.tell = func(superviseReport) {}
			s.up = true
			os.Stdout.Close()
			if missed {
				_ = c.Process.Signal(syscall.SIGHUP)
			}
		case <-hungUp:
			s.log.reopen()
			if missed = ready != nil; !missed {
				_ = c.Process.Signal(syscall.SIGHUP) // there is none on Windows
			}
		case <-over:
			over = nil
			c.life.Close()
			late = time.After(s.order.Grace + 2*endingTime)
		case <-late:
			s.log.Warn("the role does not end: it is killed")
			_ = c.Process.Kill()
		}
	}
}

// judge makes an error of how a role ended. One that never was ready is a roleEnded,
// if none was before it.
func (s *supervisor) judge(c *supervised, err error, early bool) error {
	said := c.said.take()
	if early && !s.up {
		code := max(c.ProcessState.ExitCode(), 0) // negative: by a signal
		if code == exitDone && err != nil {
			code = exitFailed
		}
		s.tell(superviseReport{Err: said, Ended: true, Code: code})
		return roleEnded{code}
	}
	if words := strings.TrimSpace(string(said)); words != "" && err != nil {
		s.log.Error("its last words", "stderr", words)
	}
	return err
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 16 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if over := len(t.b) - tailSize; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(b), nil
}

func (t *tail) take() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.b
	t.b = nil
	return b
}
