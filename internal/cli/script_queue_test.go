//go:build unix

package cli

import (
	"errors"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bargee/bargee/internal/control"
)

// endqueue [kill] ends the process that runs the queue, if there is one.
func scriptEndQueue(ts *testscript.TestScript, neg bool, args []string) {
	sig := syscall.SIGTERM
	if len(args) > 0 {
		sig = syscall.SIGKILL
	}
	if !endQueueBy(ts.Getenv("BARGEE_HOME"), sig) {
		ts.Fatalf("the queue's process does not end")
	}
}

func endQueue(home string) { endQueueBy(home, syscall.SIGKILL) }

// endQueueBy reports whether nobody runs the queue of home any more.
func endQueueBy(home string, sig syscall.Signal) bool {
	room, err := control.OpenRoom(home, "")
	if err != nil {
		return true
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		l, err := room.Lock()
		if err == nil {
			l.Release()
			return true
		}
		if !errors.Is(err, control.ErrHeld) {
			return false
		}
		if pid := room.Holder(); pid > 1 {
			syscall.Kill(pid, sig)
		}
		<-time.After(20 * time.Millisecond)
	}
	return false
}
