package transport

import (
	"testing"
	"time"
)

func TestUsefulLanes(t *testing.T) {
	for rtt, want := range map[time.Duration]int{0: 2, 19 * time.Millisecond: 2, 20 * time.Millisecond: 4, time.Second: 4} {
		if got := usefulLanes(rtt); got != want {
			t.Errorf("%v: %d lanes, want %d", rtt, got, want)
		}
	}
}
