package session

import (
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"github.com/bargee/bargee/transport"
)

// A weather is what happens to packets between two real endpoints, in the fake
// time of synctest.
type weather struct {
	simnet.PerfectRouter

	mu         sync.Mutex
	rng        *rand.Rand
	loss       float64        // of packets
	twice      float64        // likewise, that come a second time
	flipped    float64        // likewise, in which a bit is wrong
	late       time.Duration  // up to that, at random: they overtake each other
	mtu        int            // larger ones vanish; 0: none
	rate       int            // bytes a second each way, with a queue of two seconds; 0: unlimited
	free       [2]time.Time   // when the line is free, each way
	dark, deaf bool           // nothing gets through; nothing gets to the client
	nat        *net.UDPAddr   // what the server sees of the client; nil: its own address
	heard      map[string]int // packets that the server got, by where they came from
}

var (
	nearAddr = &net.UDPAddr{IP: net.IP{1, 0, 0, 2}, Port: 1234}
	farAddr  = &net.UDPAddr{IP: net.IP{1, 0, 0, 1}, Port: 6768}
)

// set changes the weather.
func (w *weather) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *weather) SendPacket(p simnet.Packet) error {
	w.mu.Lock()
	up := p.To.String() == farAddr.String()
	chance := w.rng.Float64()
	wait, fits := w.queued(p, up)
	lost := w.dark || w.deaf && !up || w.mtu > 0 && len(p.Data) > w.mtu || chance < w.loss || !fits
	switch {
	case up && w.nat != nil:
		p.From = w.nat
	case !up && w.nat != nil && p.To.String() == w.nat.String():
		p.To = nearAddr
	case !up && w.nat != nil:
		lost = true // to an address that is not the client's any more
	}
	if up && !lost {
		w.heard[p.From.String()]++
	}
	again := w.rng.Float64() < w.twice
	p.Data = slices.Clone(p.Data)
	if w.rng.Float64() < w.flipped {
		p.Data[w.rng.IntN(len(p.Data))] ^= 1 << w.rng.IntN(8)
	}
	if w.late > 0 {
		wait += time.Duration(w.rng.Int64N(int64(w.late)))
	}
	w.mu.Unlock()
	if lost {
		return nil
	}
	deliver := func() {
		w.PerfectRouter.SendPacket(p)
		if again {
			w.PerfectRouter.SendPacket(simnet.Packet{From: p.From, To: p.To, Data: slices.Clone(p.Data)})
		}
	}
	if wait == 0 {
		deliver()
	} else {
		time.AfterFunc(wait, deliver)
	}
	return nil
}

// queued returns how long a packet waits for the line, and whether the queue
// takes it; w.mu is held.
func (w *weather) queued(p simnet.Packet, up bool) (wait time.Duration, fits bool) {
	if w.rate == 0 {
		return 0, true
	}
	way := 0
	if up {
		way = 1
	}
	now := time.Now()
	if w.free[way].Before(now) {
		w.free[way] = now
	}
	wait = w.free[way].Sub(now)
	if wait > 2*time.Second {
		return 0, false
	}
	took := time.Duration(len(p.Data)) * time.Second / time.Duration(w.rate)
	w.free[way] = w.free[way].Add(took)
	return wait + took, true
}

// A weatherBed is a bed whose peer is reached through the weather.
type weatherBed struct {
	*bed
	*weather
	client, server *transport.Endpoint
	token          transport.Token
	serving        sync.WaitGroup
	dials          int
}

func newWeatherBed(t *testing.T, latency time.Duration, w *weather) *weatherBed {
	t.Helper()
	w.rng, w.heard = rand.New(rand.NewPCG(1, 2)), map[string]int{}
	b := &weatherBed{bed: &bed{tb: t, here: t.TempDir(), there: t.TempDir()}, weather: w, token: transport.NewToken()}
	n := &simnet.Simnet{Router: w}
	settings := simnet.NodeBiDiLinkSettings{Latency: latency}
	far, near := n.NewEndpoint(farAddr, settings), n.NewEndpoint(nearAddr, settings)
	must(t, n.Start())
	open := func(conn net.PacketConn, a *transport.Admission) *transport.Endpoint {
		id, err := transport.NewIdentity()
		must(t, err)
		e, err := transport.NewEndpoint(conn, transport.Config{Identity: id, Admission: a})
		must(t, err)
		return e
	}
	b.server = open(far, &transport.Admission{Tree: "/", Tokens: transport.Tokens(b.token.Public())})
	b.client = open(near, nil)
	server := NewServer(ServerConfig{Tree: openDir(t, b.there)})
	ctx, cancel := context.WithCancel(context.Background())
	b.serving.Go(func() {
		for {
			l, err := b.server.Accept(ctx)
			if err != nil {
				return
			}
			b.serving.Go(func() { server.ServeLink(ctx, l) })
		}
	})
	t.Cleanup(func() {
		b.engine.Close()
		cancel()
		b.client.Close()
		b.server.Close()
		b.serving.Wait()
		n.Close()
	})
	b.engine = NewEngine(EngineConfig{Reach: b})
	var err error
	b.peer, err = b.engine.Connect(t.Context(), "peer", "")
	must(t, err)
	return b
}

func (b *weatherBed) Dial(ctx context.Context, _, _ string) (transport.Link, error) {
	b.set(func() { b.dials++ })
	return b.client.Dial(ctx, transport.Remote{Addresses: []string{farAddr.String()}, Secret: transport.SecretOf(b.token), Lanes: 2})
}

func (b *weatherBed) Known() []KnownPeer                       { return nil }
func (b *weatherBed) Pin(transport.Link, string, string) error { return nil }

// TestWeather: F49, F72, F73, F75, F78, F79, F82, F83. Whatever the network
// does to packets, RES: the file arrives as it is.
// F10.
func TestWeather(t *testing.T) {
	for name, c := range map[string]struct {
		latency time.Duration
		size    int
		weather *weather
		happens func(b *weatherBed, over <-chan struct{})
		dials   int // at the most
	}{
		"F72 1 % lost":          {20 * time.Millisecond, 2 * mib, &weather{loss: 0.01}, nil, 1},
		"F72 5 % lost":          {20 * time.Millisecond, mib, &weather{loss: 0.05}, nil, 1},
		"F72 20 % lost":         {20 * time.Millisecond, mib / 2, &weather{loss: 0.2}, nil, 9},
		"F72 40 % lost":         {20 * time.Millisecond, mib / 4, &weather{loss: 0.4}, nil, 99},
		"F73 5 % twice":         {20 * time.Millisecond, 2 * mib, &weather{twice: 0.05}, nil, 1},
		"F73 up to 50 ms late":  {20 * time.Millisecond, mib, &weather{late: 50 * time.Millisecond}, nil, 1},
		"F49 5 % with a bit":    {20 * time.Millisecond, mib, &weather{flipped: 0.05}, nil, 1},
		"F82 at most 1300":      {20 * time.Millisecond, 2 * mib, &weather{mtu: 1300}, nil, 1},
		"F83 64 kbit/s and 2 s": {time.Second, mib / 8, &weather{rate: 8000}, nil, 9},
		"F75 2 s up and 2 down, all the time": {20 * time.Millisecond, 4 * mib, &weather{loss: 0.02}, func(b *weatherBed, over <-chan struct{}) {
			for range 100 {
				for _, dark := range []bool{true, false} {
					b.set(func() { b.dark = dark })
					select {
					case <-time.After(2 * time.Second):
					case <-over:
						return
					}
				}
			}
		}, 99},
		"F78 a new port, three times": {20 * time.Millisecond, 8 * mib, &weather{rate: 4 * mib}, func(b *weatherBed, over <-chan struct{}) {
			for port := 2000; port < 2003; port++ {
				b.set(func() { b.nat = &net.UDPAddr{IP: net.IP{9, 9, 9, 9}, Port: port} })
				select {
				case <-time.After(500 * time.Millisecond):
				case <-over:
					return
				}
			}
		}, 9},
		"F79 a new address": {20 * time.Millisecond, 8 * mib, &weather{rate: 4 * mib}, func(b *weatherBed, over <-chan struct{}) {
			<-time.After(300 * time.Millisecond)
			b.set(func() { b.nat = &net.UDPAddr{IP: net.IP{8, 8, 8, 8}, Port: 4321} })
		}, 9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newWeatherBed(t, c.latency, c.weather)
				j, from, to := jobs["upload"](b.bed, "file")
				data := fill(t, from, c.size, 1)
				over := make(chan struct{})
				var happening sync.WaitGroup
				if c.happens != nil {
					happening.Go(func() { c.happens(b, over) })
				}
				id, err := b.engine.Submit(j)
				must(t, err)
				tr, err := b.engine.Wait(context.Background(), id)
				close(over)
				happening.Wait()
				if err != nil || tr.State != StateDone || tr.Failures > 0 {
					t.Errorf("%v %v: %v %v", err, tr.State, tr.Err, tr.Failed)
				}
				sameFile(t, to, data)
				b.set(func() { c.dials -= b.dials })
				if c.dials < 0 {
					t.Errorf("it was dialled %d times too often", -c.dials)
				}
				t.Logf("in %v, %d attempts", tr.Finished.Sub(tr.Started), tr.Attempt)
			})
		})
	}
}

// TestOutage: F74, F76, F77, F84, F86. The network is cut for 2 s, 60 s, 10 min
// or 8 h, or one direction of it. A long cut is noticed within 25 s (three
// times the delay of a full queue; 10 s without one), RES: bytes
// flow again when it is back, at the latest when the dial that is under way then
// has taken its 10 s.
func TestOutage(t *testing.T) {
	for name, c := range map[string]struct {
		dark, deaf bool
		lasts      time.Duration
		noticed    bool
	}{
		"2 s":                     {true, false, 2 * time.Second, false},
		"60 s":                    {true, false, time.Minute, true},
		"10 min":                  {true, false, 10 * time.Minute, true},
		"8 h":                     {true, false, 8 * time.Hour, true},
		"one direction, a minute": {false, true, time.Minute, true},
	} {
		if testing.Short() && c.lasts > time.Minute { // long under the race detector, and as the shorter ones to it
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newWeatherBed(t, 20*time.Millisecond, &weather{rate: 4 * mib})
				j, from, to := jobs["upload"](b.bed, "file")
				j.Options.GiveUp = 0 // for ever
				data := fill(t, from, 8*mib, 1)
				id, err := b.engine.Submit(j)
				must(t, err)
				<-time.After(time.Second)
				b.set(func() { b.dark, b.deaf = c.dark, c.deaf })
				if c.noticed {
					<-time.After(25 * time.Second)
					if p := b.engine.Places()[1]; p.State != PlaceReconnecting || p.Err == nil {
						t.Errorf("after 25 s it is %v: %v", p.State, p.Err)
					}
					<-time.After(c.lasts - 25*time.Second)
				} else {
					<-time.After(c.lasts)
				}
				b.set(func() { b.dark, b.deaf = false, false })
				back := time.Now()
				tr, err := b.engine.Wait(context.Background(), id)
				// The rest takes 2 s at 4 MiB/s.
				if took := time.Since(back); err != nil || tr.State != StateDone || took > 16*time.Second {
					t.Errorf("%v after the network was back: %v %v %v", took, err, tr.State, tr.Err)
				}
				if tr.Sent > int64(len(data))+4*mib {
					t.Errorf("%d bytes were sent", tr.Sent)
				}
				sameFile(t, to, data)
			})
		})
	}
}

// TestNothingGetsThrough: F81. Where no packet gets through at all, that is said
// within the time for a dial. ERR.
func TestNothingGetsThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newWeatherBed(t, 20*time.Millisecond, &weather{})
		b.set(func() { b.dark = true })
		since := time.Now()
		_, err := b.engine.Connect(t.Context(), "peer", "")
		if took := time.Since(since); KindOf(err) != Unreachable || took > 11*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}
