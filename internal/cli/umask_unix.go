//go:build unix

package cli

import "syscall"

// setUmask holds for all files that this process makes.
func setUmask(mask int) { syscall.Umask(mask) }
