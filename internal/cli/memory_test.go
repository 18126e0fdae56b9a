package cli

import (
	"runtime"
	"testing"
	"time"
)

func TestLeanLimit(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int64
	}{
		{0, lean}, {48 << 20, lean}, {60 << 20, 88 << 20}, {600 << 20, 808 << 20},
	} {
		if got := leanLimit(c.live); got != c.want {
			t.Errorf("%d MiB alive: %d MiB, want %d", c.live>>20, got>>20, c.want>>20)
		}
	}
}

// TestAfterCollections: each of several collections is noticed.
func TestAfterCollections(t *testing.T) {
	seen := make(chan bool, 1)
	afterCollections(func() {
		select {
		case seen <- true:
		default: // nobody looks any more
		}
	})
	late := time.After(time.Minute)
	for n := range 3 {
		runtime.GC()
		select {
		case <-seen:
		case <-late:
			t.Fatalf("collection %d was not noticed", n+1)
		}
	}
	if metric("/gc/heap/live:bytes") == 0 {
		t.Error("nothing is alive")
	}
}
