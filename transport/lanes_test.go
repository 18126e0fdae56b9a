package transport

import (
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestUsefulLanes(t *testing.T) {
	for _, c := range []struct {
		path Path
		rtt  time.Duration
		want int
	}{
		{PathDirect, 0, 2}, {PathDirect, 19 * time.Millisecond, 2}, {PathDirect, 20 * time.Millisecond, 4}, {PathRelay, time.Second, 4},
		{PathTCP, 19 * time.Millisecond, 2}, {PathTCP, 20 * time.Millisecond, 16},
	} {
		if got := usefulLanes(c.path, c.rtt); got != c.want {
			t.Errorf("%s, %v: %d lanes, want %d", c.path, c.rtt, got, c.want)
		}
	}
}

// settled waits until l has n lanes, and returns their numbers.
func settled(t *testing.T, l Link, n int) (ids []int) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		_, changed := l.Choice()
		if lanes := l.Lanes(); len(lanes) == n {
			for _, s := range lanes {
				ids = append(ids, s.ID)
			}
			return ids
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d lanes, want %d", len(l.Lanes()), n)
		}
	}
}

// TestAutoLanes: from far away the first lane is used before the others are
// there; where the peer admits fewer, nobody is asked for them.
func TestAutoLanes(t *testing.T) {
	for _, c := range []struct {
		latency    time.Duration
		admitted   int
		first, all int
	}{
		{time.Millisecond, 0, 2, 2},
		{50 * time.Millisecond, 0, 1, 4},
		{50 * time.Millisecond, 3, 1, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			token := testToken("sim")
			refused := func(_ string, err error) { t.Errorf("refused: %v", err) }
			s, d := new(simPath).start(t, c.latency, Config{Report: refused, Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), MaxLanes: c.admitted}}, Config{Report: refused})
			client, server := simLink(t, s, d, Remote{Secret: SecretOf(token), Lanes: AutoLanes})
			if n := len(client.Lanes()); n != c.first {
				t.Errorf("%v: %d lanes at once, want %d", c.latency, n, c.first)
			}
			settled(t, client, c.all)
			settled(t, server, c.all)
			if choice, _ := client.Choice(); choice != (LaneChoice{c.all, "by the distance"}) {
				t.Errorf("%+v", choice)
			}
		})
	}
}

// TestLaneLeaves: a lane that is taken away takes no more streams, lives until
// those that it has have ended, and its number is not used again at once.
func TestLaneLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := testToken("sim")
		s, d := new(simPath).start(t, 10*time.Millisecond, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}}, Config{})
		client, server := simLink(t, s, d, Remote{Secret: SecretOf(token), Lanes: 3})
		var near, far []Stream
		for range 3 {
			a, b := openPair(t, client, server, Bulk)
			near, far = append(near, a), append(far, b)
		}
		l := client.(*link)
		d.retire(l, 5) // all but the first, which stays
		if ids := settled(t, client, 1); ids[0] != 1 {
			t.Errorf("lane %d stayed", ids[0])
		}
		for i, st := range near {
			if left := st.Leaving() != nil && isClosed(st.Leaving()); left != (st.Lane() > 1) {
				t.Errorf("lane %d is leaving: %t", st.Lane(), left)
			}
			// What is on it gets through, whenever.
			<-time.After(3 * time.Second)
			if _, err := st.Write([]byte("late")); err != nil {
				t.Error(err)
			}
			st.Close()
			if b, err := io.ReadAll(far[i]); err != nil || !slices.Contains([]string{"late", "\x02late"}, string(b)) {
				t.Errorf("%q, %v", b, err)
			}
			far[i].Close()
			io.ReadAll(st)
		}
		settled(t, server, 1)
		if next := l.nextID(); next != 4 {
			t.Errorf("the next is lane %d", next)
		}
		if client.Err() != nil || server.Err() != nil {
			t.Errorf("%v, %v", client.Err(), server.Err())
		}
	})
}

// TestLaneWithRequests: a lane that carries a request stays.
func TestLaneWithRequests(t *testing.T) {
	client, server := quicPair(t, 2)
	l := client.(*link)
	second := l.living()[1]
	q, err := l.open(t.Context(), second, Control)
	if err != nil {
		t.Fatal(err)
	}
	far, err := server.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if gone := l.leave(1); len(gone) != 0 {
		t.Error("it was taken away")
	}
	q.Abort(0)
	far.Abort(0)
	if gone := l.leave(1); len(gone) != 1 || gone[0] != second {
		t.Error("nothing was taken away when the request was over")
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestNextID: numbers go round, within what the peer admits.
func TestNextID(t *testing.T) {
	l := newLink(linkID{}, Peer{}, nil, nil)
	l.most = 5
	l.lanes = []*lane{newLane(1, PathDirect, nil, nil), newLane(3, PathDirect, nil, nil)}
	var got []int
	for range 5 {
		got = append(got, l.nextID())
	}
	if want := []int{2, 4, 5, 2, 4}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
