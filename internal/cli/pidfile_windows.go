package cli

import "os"

// endProcess ends a supervisor; its role hears of it by the pipe between them.
func endProcess(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
