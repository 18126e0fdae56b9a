package bargee

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// readyWithin is how long a peer may take to be reachable.
const readyWithin = time.Minute

// A Server is a running "bargee serve", or another role that says when it can be
// reached.
type Server struct {
	Address string // host:port to dial
	Ticket  string // "" where the server was given its secret

	cmd    *exec.Cmd
	ended  chan struct{}
	err    error // of cmd.Wait, once ended is closed
	stderr bytes.Buffer
}

// Serve starts "bargee serve --json" with args as the user of home, and waits
// for its ready line. The server lives until Kill or Stop.
func (b *Binary) Serve(ctx context.Context, home string, args ...string) (*Server, error) {
	return b.Role(ctx, home, "serve", args...)
}

// Role is Serve for another command: relay, say.
func (b *Binary) Role(ctx context.Context, home, command string, args ...string) (*Server, error) {
	s := &Server{
		cmd:   b.Command(context.WithoutCancel(ctx), home, append([]string{command, "--json"}, args...)...),
		ended: make(chan struct{}),
	}
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan error, 1)
	go func() {
		out := bufio.NewScanner(stdout)
		ready <- s.readReady(out)
		for out.Scan() { // a full pipe would stop the server
		}
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	return s, s.awaitReady(ctx, ready)
}

func (s *Server) readReady(out *bufio.Scanner) error {
	for out.Scan() {
		var line struct{ Event, Address, Ticket string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			return fmt.Errorf("not a line of JSON: %q", out.Text())
		}
		if line.Event == "listening" {
			s.Address, s.Ticket = line.Address, line.Ticket
			return nil
		}
	}
	return errors.New("it ended without a ready line")
}

func (s *Server) awaitReady(ctx context.Context, ready <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	var err error
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.Kill()
		return fmt.Errorf("bargee serve: %w: %s", err, s.stderr.String())
	}
	return nil
}

// Pid is the process.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Signal sends the process a signal.
func (s *Server) Signal(sig syscall.Signal) { s.cmd.Process.Signal(sig) }

// Kill ends the server as kill -9 does, and waits until it is gone.
func (s *Server) Kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

// Stop asks the server to end, and returns an error if it does not within the
// two seconds that are promised, or ends with another exit code than 0.
func (s *Server) Stop() error {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
		return s.err
	case <-time.After(2 * time.Second):
		s.Kill()
		return errors.New("bargee serve: still there 2 s after SIGTERM")
	}
}
