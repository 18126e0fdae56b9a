package cli

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// reloads counts the roles that SIGHUP is for.
var reloads atomic.Int32

// onHangup returns what gets SIGHUPs until release: they do not end the process
// meanwhile.
func onHangup() (hungUp <-chan os.Signal, release func()) {
	c := make(chan os.Signal, 1)
	reloads.Add(1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c); reloads.Add(-1) }
}
