package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const pingLong = `Measure the path to a peer, or to a relay (one that was added, or --relay): round trip, jitter (the mean change between two probes) and loss
(probes that a lost packet held up, or that got no answer in 2 s), and advise on streams and chunk
size for it:

  quality    round trip  jitter   loss
  excellent  20 ms       5 ms     0
  good       80 ms       20 ms    1 %
  fair       200 ms      50 ms    5 %
  poor       above one of these

  streams    4 up to 5 ms, 8 up to 50 ms, 16 up to 150 ms, else 32; four times as many with loss
  chunks     1 MiB; 256 KiB with loss of more than 1 %, so that less is sent again after a cut`

type pingOptions struct {
	*app
	reachFlags
	relay    relayFlags
	target   string
	count    int
	interval time.Duration
}

func newPing(a *app) *cobra.Command {
	o := &pingOptions{app: a}
	cmd := &cobra.Command{
		Use:     "ping TARGET|RELAY",
		Short:   "Measure the path to a peer",
		Long:    pingLong,
		Example: "  bargee ping laptop:\n  bargee ping --json -n 50 bargee://192.0.2.7/",
		Args:    atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.target = args[0]
			}
			if (o.target == "") == (o.relay.relay == "") {
				return usage("it takes a TARGET or a --relay", "usage: "+cmd.UseLine()).about("", nameOf(cmd))
			}
			if o.count < 1 || o.count > 10000 {
				return usage("is not within 1 to 10000", "").about("--count", fmt.Sprint(o.count))
			}
			if o.interval < 10*time.Millisecond {
				return usage("is less than 10ms", "").about("--interval", o.interval.String())
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().IntVarP(&o.count, "count", "n", 10, "number of probes")
	cmd.Flags().DurationVar(&o.interval, "interval", 100*time.Millisecond, "time between two probes")
	o.reachFlags.add(cmd)
	o.relay.add(cmd.Flags())
	return cmd
}

func (o *pingOptions) run(ctx context.Context) error {
	if r, ok, err := o.pingsRelay(); err != nil || ok {
		if err != nil {
			return err
		}
		return o.pingRelay(ctx, r)
	}
	return o.each(ctx, "ping", []string{o.target}, &o.reachFlags, func(w *watch, p *place, t target, path session.Path) error {
		if p.remote == nil {
			return usage("is on this machine", "a peer is NAME: or bargee://HOST/").about("ping", t.String())
		}
		m, err := o.measure(w, p)
		if err == nil {
			err = transport.Entered(w, p.link) // so that it is known what it says of itself
		}
		if err != nil {
			return err
		}
		o.report(p, m)
		return nil
	})
}

var errNoProbe = errors.New("no probe was answered")

// probeTimeout is how long a probe may take before it counts as lost.
const probeTimeout = 2 * time.Second

func (o *pingOptions) measure(w *watch, p *place) (measurement, error) {
	var m measurement
	tick := time.NewTicker(o.interval)
	defer tick.Stop()
	for n := range o.count {
		if n > 0 {
			select {
			case <-tick.C:
			case <-w.Done():
				return m, context.Cause(w)
			}
		}
		lost := lostPackets(p.link)
		ctx, cancel := context.WithTimeout(w, probeTimeout)
		rtt, err := p.remote.Ping(ctx)
		cancel()
		switch {
		case err == nil:
			w.moved()
			m.add(rtt, lostPackets(p.link) > lost)
		case errors.Is(err, session.Timeout) && w.Err() == nil && p.link.Err() == nil:
			m.miss()
		default:
			return m, err
		}
	}
	if len(m.trips) == 0 {
		return m, &session.Error{Kind: session.Timeout, Err: errNoProbe}
	}
	return m, nil
}

func lostPackets(l transport.Link) (n uint64) {
	for _, lane := range l.Lanes() {
		n += lane.Lost
	}
	return n
}

// A measurement is what probes found out about a path.
type measurement struct {
	trips  []time.Duration
	held   int // probes that a lost packet held up
	missed int // probes without an answer
}

func (m *measurement) add(rtt time.Duration, held bool) {
	m.trips = append(m.trips, rtt)
	if held {
		m.held++
	}
}

func (m *measurement) miss() { m.missed++ }

// rtt is the median, which a single late answer does not move.
func (m *measurement) rtt() time.Duration {
	sorted := slices.Sorted(slices.Values(m.trips))
	return sorted[len(sorted)/2]
}

func (m *measurement) jitter() time.Duration {
	var sum time.Duration
	for i := 1; i < len(m.trips); i++ {
		sum += (m.trips[i] - m.trips[i-1]).Abs()
	}
	return sum / time.Duration(max(1, len(m.trips)-1))
}

func (m *measurement) loss() float64 {
	return float64(m.held+m.missed) / float64(len(m.trips)+m.missed)
}

func (m *measurement) quality() string {
	for _, q := range []struct {
		word        string
		rtt, jitter time.Duration
		loss        float64
	}{
		{"excellent", 20 * time.Millisecond, 5 * time.Millisecond, 0},
		{"good", 80 * time.Millisecond, 20 * time.Millisecond, 0.01},
		{"fair", 200 * time.Millisecond, 50 * time.Millisecond, 0.05},
	} {
		if m.rtt() <= q.rtt && m.jitter() <= q.jitter && m.loss() <= q.loss {
			return q.word
		}
	}
	return "poor"
}

// advice returns how many streams and what chunks suit the path.
func (m *measurement) advice() (streams, chunk int) {
	switch rtt := m.rtt(); {
	case rtt <= 5*time.Millisecond:
		streams = 4
	case rtt <= 50*time.Millisecond:
		streams = 8
	case rtt <= 150*time.Millisecond:
		streams = 16
	default:
		streams = 32
	}
	chunk = 1 << 20
	if m.loss() > 0 {
		streams *= 4
	}
	if m.loss() > 0.01 {
		chunk = 256 << 10
	}
	return streams, chunk
}

type pingEvent struct {
	Event     string  `json:"event"`
	Address   string  `json:"address"`
	Peer      string  `json:"peer"`
	Agent     string  `json:"agent"`
	Version   int     `json:"version"`
	Path      string  `json:"path"`
	Probes    int     `json:"probes"`
	RTT       float64 `json:"rtt_ms"`
	RTTMin    float64 `json:"rtt_min_ms"`
	RTTMax    float64 `json:"rtt_max_ms"`
	Jitter    float64 `json:"jitter_ms"`
	Loss      float64 `json:"loss"`
	Quality   string  `json:"quality"`
	Streams   int     `json:"streams"`
	ChunkSize int     `json:"chunk_size"`
}

func (o *pingOptions) report(p *place, m measurement) {
	peer := p.link.Peer()
	streams, chunk := m.advice()
	ev := pingEvent{
		Event: "ping", Address: peer.Address, Peer: peer.Key.String(), Agent: session.Display(peer.Agent), Version: peer.Version,
		Path: string(p.link.Lanes()[0].Path), Probes: o.count,
		RTT: milliseconds(m.rtt()), RTTMin: milliseconds(slices.Min(m.trips)), RTTMax: milliseconds(slices.Max(m.trips)),
		Jitter: milliseconds(m.jitter()), Loss: m.loss(), Quality: m.quality(), Streams: streams, ChunkSize: chunk,
	}
	if o.json {
		o.event(ev)
		return
	}
	o.printf("%s is %s, key %s, protocol version %d, path %s\n", peer.Address, ev.Agent, peer.Key.Short(), ev.Version, ev.Path)
	o.printf("round trip %.2f ms (%.2f to %.2f), jitter %.2f ms, loss %.1f %%: %s\n",
		ev.RTT, ev.RTTMin, ev.RTTMax, ev.Jitter, 100*ev.Loss, ev.Quality)
	o.printf("advised: --streams %d --chunk-size %dK\n", streams, chunk>>10)
}

func milliseconds(d time.Duration) float64 {
	return math.Round(d.Seconds()*1e6) / 1e3
}
