package cli

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// preferThroughput asks the scheduler to treat the threads of this process as
// batch work (SCHED_BATCH, sched(7)): one that wakes up waits for its turn in
// place of pushing another off the core. Over loopback, and wherever the cores
// are the bottleneck, packets come in faster than they are worked off, and the
// time goes into switching: this takes a tenth of it away. The screen never
// asks for it, since a key is to be answered at once.
//
// Whoever may run a process may do this; where it does not work nothing is lost.
func preferThroughput() {
	done := map[int]bool{}
	for again := true; again; { // a thread may have made another one meanwhile
		again = false
		for _, id := range threads() {
			if !done[id] {
				done[id], again = true, true
				makeBatch(id)
			}
		}
	}
}

// threads returns the threads of this process; new ones inherit from the one
// that made them.
func threads() []int {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil
	}
	var ids []int
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func makeBatch(thread int) {
	attr, err := unix.SchedGetAttr(thread, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		return // somebody chose a policy on purpose
	}
	attr.Policy = unix.SCHED_BATCH
	_ = unix.SchedSetAttr(thread, attr, 0) // slower, not wrong
}
