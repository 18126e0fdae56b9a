//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// detach gives cmd a session of its own, so that it outlives the terminal.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
