//go:build unix

package cli

import "syscall"

// endProcess asks a process to end.
func endProcess(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
