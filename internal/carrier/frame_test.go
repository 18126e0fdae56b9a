package carrier

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// apart returns the packets in frames.
func apart(t *testing.T, frames []byte) (packets [][]byte, heads []head) {
	t.Helper()
	for len(frames) > 0 {
		h, err := parseHead([headSize]byte(frames))
		if err != nil || len(frames) < headSize+h.size {
			t.Fatalf("%x is no frame: %v", frames[:min(len(frames), 16)], err)
		}
		body := frames[headSize : headSize+h.size]
		for len(body) > 0 {
			n := min(h.segment, len(body))
			packets, body = append(packets, body[:n]), body[n:]
		}
		frames, heads = frames[headSize+h.size:], append(heads, h)
	}
	return packets, heads
}

func packetOf(n int, size int) []byte { return bytes.Repeat([]byte{byte(n)}, size) }

// What is put in comes out, in as few frames as there can be.
func TestQueueFrames(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []int // of single packets
		want  []head
	}{
		"one":                      {[]int{1}, []head{{1, 1}}},
		"equal ones":               {[]int{1252, 1252, 1252}, []head{{1252, 3756}}},
		"a shorter one ends":       {[]int{1252, 1252, 40, 40}, []head{{1252, 2544}, {40, 40}}},
		"a longer one begins":      {[]int{40, 1252}, []head{{40, 40}, {1252, 1252}}},
		"shorter, and long again":  {[]int{1252, 40, 1252}, []head{{1252, 1292}, {1252, 1252}}},
		"as many as the kernel":    {make100(70), []head{{100, 6400}, {100, 600}}},
		"as long as a frame":       {make1500(50), []head{{1500, 64500}, {1500, 10500}}},
		"the last of many shorter": {append(make100(63), 7), []head{{100, 6307}}},
	} {
		t.Run(name, func(t *testing.T) {
			q := queue{limit: 1 << 20}
			for i, size := range c.sizes {
				if over := q.add(packetOf(i, size), size); over != 0 {
					t.Fatalf("%d bytes of packet %d do not fit", over, i)
				}
			}
			packets, heads := apart(t, q.frames)
			if len(heads) != len(c.want) {
				t.Fatalf("the frames are %v, want %v", heads, c.want)
			}
			for i := range heads {
				if heads[i] != c.want[i] {
					t.Errorf("frame %d is %v, want %v", i, heads[i], c.want[i])
				}
			}
			for i, p := range packets {
				if !bytes.Equal(p, packetOf(i, c.sizes[i])) {
					t.Errorf("packet %d came out as %x", i, p)
				}
			}
		})
	}
}

func make100(n int) []int  { return many(n, 100) }
func make1500(n int) []int { return many(n, 1500) }

func many(n, size int) (sizes []int) {
	for range n {
		sizes = append(sizes, size)
	}
	return sizes
}

// Buffers of many packets, single ones, and a queue that is full now and then: what
// was taken comes out, in order and whole.
func TestQueueOfAll(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		q := queue{limit: 20_000 + random.IntN(100_000)}
		var want [][]byte
		for n := range 100 {
			segment := 1 + random.IntN(MaxPacket)
			packets := packetOf(n, 1+random.IntN(segment*(1+random.IntN(80))))
			over := q.add(packets, segment)
			if len(q.frames) > q.limit {
				t.Fatalf("%d bytes wait, at most %d may", len(q.frames), q.limit)
			}
			taken := packets[:len(packets)-over]
			if over > 0 && len(taken)%segment != 0 {
				t.Fatalf("a packet of %d was cut: %d of %d bytes taken", segment, len(taken), len(packets))
			}
			for len(taken) > 0 {
				size := min(segment, len(taken))
				want, taken = append(want, taken[:size]), taken[size:]
			}
		}
		got, _ := apart(t, q.take(nil))
		if len(got) != len(want) {
			t.Fatalf("%d packets came out of %d", len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("packet %d has %d bytes of %d, want %d of %d", i, len(got[i]), got[i][0], len(want[i]), want[i][0])
			}
		}
	}
}

func TestHeadsThatCannotBe(t *testing.T) {
	for name, b := range map[string][headSize]byte{
		"packets of nothing": {0, 0, 0, 5},
		"no packets":         {0, 5, 0, 0},
		"too large a packet": {5, 0xdd, 5, 0xdd},
		"too many packets":   {0, 1, 0, 65},
		"less than a packet": {0, 9, 0, 8},
		"web":                {'G', 'E', 'T', ' '},
		"all ones":           {0xff, 0xff, 0xff, 0xff},
	} {
		if h, err := parseHead(b); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v, %v", name, h, err)
		}
	}
	if h, err := parseHead([headSize]byte{5, 0xdc, 0xff, 0xff}); err != nil || h != (head{1500, 65535}) {
		t.Errorf("the longest: %v, %v", h, err)
	}
}

// What may wait follows how fast it goes out.
func TestPace(t *testing.T) {
	type step struct {
		bytes int
		took  time.Duration
	}
	const most = 1 << 20
	for name, c := range map[string]struct {
		steps []step
		want  int
	}{
		"nothing is known":       {nil, most},
		"a moment is no measure": {[]step{{1500, 40 * time.Millisecond}}, most},
		"a fast one":             {[]step{{16 << 20, 60 * time.Millisecond}}, most},
		"10 Mbit/s":              {[]step{{record, 13 * time.Millisecond}, {record, 13 * time.Millisecond}, {record, 13 * time.Millisecond}, {record, 13 * time.Millisecond}}, 189046},
		"1 Mbit/s":               {[]step{{record, 131 * time.Millisecond}}, least},
		"slow, then fast":        {[]step{{record, 131 * time.Millisecond}, {1 << 20, 10 * time.Millisecond}}, most},
		"fast, then slow":        {[]step{{16 << 20, 60 * time.Millisecond}, {record, 100 * time.Millisecond}}, least},
	} {
		p := pace{most: most}
		for _, s := range c.steps {
			p.see(s.bytes, s.took)
		}
		if got := p.limit(); got != c.want {
			t.Errorf("%s: %d bytes may wait, want %d", name, got, c.want)
		}
	}
}

// Whatever comes as a frame is a frame within the limits, or an error.
func FuzzHead(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1})
	f.Add([]byte{5, 0xdc, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < headSize {
			return
		}
		h, err := parseHead([headSize]byte(b))
		if err == nil && (h.segment < 1 || h.segment > MaxPacket || h.size < h.segment || (h.size+h.segment-1)/h.segment > MaxPackets) {
			t.Errorf("%v is beyond the limits", h)
		}
	})
}
