package cli

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
)

// handoverTime is how long a new process may take until it stands by.
const handoverTime = 10 * time.Second

// leaveBehind has a process of its own go on with the queue once we leave. The
// secrets of peers go there by a pipe: nothing of them is on a disk or in a list
// of processes.
func (a *app) leaveBehind(ctx context.Context, q *control.Queue) error {
	ctx, cancel := context.WithTimeout(ctx, handoverTime)
	defer cancel()
	owner, ours, err := q.Owner(ctx)
	if err == nil && !ours && owner == control.Background {
		return nil // it runs there already
	}
	if err == nil && !q.Shared() {
		err = &session.Error{Kind: session.Refused, Err: errors.New("the queue cannot be shared with another process here")}
	}
	if err == nil {
		err = a.startEngine(ctx, lastingTargets(q.Targets()))
	}
	if err != nil {
		return &problem{what: "leave the queue to", where: "a process in the background", err: err}
	}
	return nil
}

// startEngine starts the engine's process and returns when it stands by.
func (a *app) startEngine(ctx context.Context, targets []control.Target) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "engine")
	cmd.Args[0] = os.Args[0]
	detach(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() {
		err := errors.Join(control.WriteTargets(stdin, targets), stdin.Close())
		line, rerr := bufio.NewReader(stdout).ReadString('\n')
		if err == nil && strings.TrimSpace(line) != engineReady {
			err = errors.Join(errors.New("it did not start; its log says why"), rerr)
		}
		ready <- err
	}()
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return err
	}
	return cmd.Process.Release()
}

// lastingTargets are targets as a queue is kept with: a ticket is an address
// there, and its token the secret.
func lastingTargets(targets []control.Target) (out []control.Target) {
	for _, at := range targets {
		if t, err := parseAddress(at.Address); err == nil && t.kind == ticketTarget && len(t.pass.Addresses) > 0 {
			at.Address = target{kind: addressTarget, addr: t.pass.Addresses[0], key: t.pass.Key}.peer()
			if at.Secret == "" {
				at.Secret = t.pass.Token.Reveal()
			}
		}
		out = append(out, at)
	}
	return out
}
