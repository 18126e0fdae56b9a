package session

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func never() bool { return false }

// However many take, no more than there is is in use; one that is larger than
// all of it goes alone, and nobody waits for ever.
func TestRoomIsNeverOverfull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 10
		r := newRoom(most)
		var used, alone atomic.Int64
		var all sync.WaitGroup
		for i := range 200 {
			n := int64(i%4 + 1)
			if i%50 == 0 {
				n = 25
			}
			all.Go(func() {
				if !r.take(int(n), never, func() {}) {
					t.Error("not let in")
				}
				if now := used.Add(n); now > most && now != n {
					t.Errorf("%d of %d are in use", now, most)
				} else if now > most {
					alone.Add(1)
				}
				<-time.After(time.Millisecond)
				used.Add(-n)
				r.give(int(n))
			})
		}
		all.Wait()
		if alone.Load() != 4 {
			t.Errorf("%d of 4 large ones came alone", alone.Load())
		}
	})
}

// Who waits is told before, and gives up when its stream is dead or all is over.
func TestRoomIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(10)
		r.take(10, never, nil)
		var dead atomic.Bool
		var told atomic.Int64
		got := make(chan bool, 2)
		go func() { got <- r.take(1, dead.Load, func() { told.Add(1) }) }()
		synctest.Wait()
		if told.Load() != 1 {
			t.Error("it waits without a word")
		}
		dead.Store(true)
		r.wake()
		if <-got {
			t.Error("the dead got in")
		}
		go func() { got <- r.take(1, never, func() {}) }()
		synctest.Wait()
		r.close()
		if <-got {
			t.Error("it got in after the end")
		}
	})
}

// The transfers of a process have roomTotal, and what is too little for one.
func TestStockIsLent(t *testing.T) {
	s := stock{left: roomTotal}
	var lent []int
	sum := 0
	for range 20 {
		n := s.lend()
		if n < roomLeast || n > roomMost {
			t.Errorf("%d bytes were lent", n)
		}
		lent = append(lent, n)
		sum += n
	}
	if sum > roomTotal+20*roomLeast || lent[0] != roomMost {
		t.Errorf("%v were lent", lent)
	}
	for _, n := range lent {
		s.giveBack(n)
	}
	if s.left != roomTotal {
		t.Errorf("%d bytes are left when all is given back", s.left)
	}
}

func TestChunkBuffers(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 4097, 1 << 20, 1<<20 + frameExtra, maxChunkSize, maxChunkSize + frameExtra} {
		b := getChunk(n)
		if len(b) != n || cap(b) >= 2*max(n, leastBuffer) {
			t.Errorf("%d bytes: %d of %d", n, len(b), cap(b))
		}
		putChunk(b[:n/2])
	}
}
