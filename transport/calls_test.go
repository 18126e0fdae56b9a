package transport

import (
	"bytes"
	"testing"
	"time"
)

// A call is heard by the other side of its link, once, and not if a bit is another.
func TestCall(t *testing.T) {
	id, first := linkID{1, 2}, [32]byte{3}
	b := appendCall(call{callSeek, 7, []byte("192.0.2.7:6768 [2001:db8::1]:5")}, id, first, clientRole)
	if c, ok := parseCall(b, id, first, clientRole); !ok || c.what != callSeek || c.counter != 7 || string(c.body) != "192.0.2.7:6768 [2001:db8::1]:5" {
		t.Errorf("it came as %+v, %t", c, ok)
	}
	if _, ok := parseCall(b, id, first, serverRole); ok {
		t.Error("it was reflected")
	}
	if _, ok := parseCall(b, id, [32]byte{4}, clientRole); ok {
		t.Error("it is of another link")
	}
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		if _, ok := parseCall(bad, id, first, clientRole); ok {
			t.Errorf("byte %d may be another", i)
		}
	}
	for n := range b {
		if _, ok := parseCall(b[:n], id, first, clientRole); ok {
			t.Errorf("%d of %d bytes were taken", n, len(b))
		}
	}
	l := newLink(id, Peer{}, nil, nil)
	for _, c := range []struct {
		counter uint64
		want    bool
	}{{5, true}, {5, false}, {4, false}, {6, true}} {
		if got := l.newer(c.counter); got != c.want {
			t.Errorf("counter %d: %t", c.counter, got)
		}
	}
}

// It is sought at once where a good direct lane died, and ever more seldom in vain.
func TestSeekPace(t *testing.T) {
	const s = time.Second
	type step struct {
		found  bool
		lasted time.Duration
		want   time.Duration
	}
	for name, steps := range map[string][]step{
		"in vain":              {{false, s, 10 * s}, {false, s, 20 * s}, {false, s, 40 * s}, {false, s, 80 * s}, {false, s, 160 * s}, {false, s, 300 * s}, {false, s, 300 * s}},
		"the network changes":  {{true, 300 * s, 0}, {true, 31 * s, 0}, {false, s, 10 * s}},
		"lanes that soon die":  {{true, s, 2 * s}, {true, 3 * s, 4 * s}, {true, s, 8 * s}, {true, 60 * s, 0}, {true, s, 2 * s}},
		"dies, then not found": {{true, s, 2 * s}, {false, 10 * s, 4 * s}},
	} {
		var p seekPace
		for i, c := range steps {
			if got := p.wait(c.found, c.lasted); got != c.want {
				t.Errorf("%s, step %d: %v, want %v", name, i, got, c.want)
			}
		}
	}
}
