package cli

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// All threads are batch work afterwards, those that come later too, and a
// policy that somebody chose stays. The threads are thrown away: a goroutine
// that ends locked takes its thread along.
func TestPreferThroughput(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		me := unix.Gettid()
		policy := func() uint32 {
			attr, err := unix.SchedGetAttr(me, 0)
			if err != nil {
				t.Error(err)
				return 0
			}
			return attr.Policy
		}
		makeBatch(me)
		if got := policy(); got != unix.SCHED_BATCH {
			t.Errorf("policy %d, want SCHED_BATCH", got)
		}
		if err := unix.SchedSetAttr(me, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
			t.Error(err)
		}
		makeBatch(me)
		if got := policy(); got != unix.SCHED_IDLE {
			t.Errorf("policy %d, want the SCHED_IDLE that was chosen", got)
		}
	}()
	<-done
	found := false
	for _, id := range threads() {
		found = found || id == unix.Getpid()
	}
	if !found {
		t.Error("the first thread of the process is not among its threads")
	}
}
