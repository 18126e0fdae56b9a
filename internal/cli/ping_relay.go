package cli

import (
	"context"
	"slices"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// pingsRelay returns the relay that the argument of ping means, if it means one
// that was added here, or is the word of one.
func (o *pingOptions) pingsRelay() (r transport.RelayRemote, ok bool, err error) {
	h, err := o.home()
	if err != nil {
		return r, false, err
	}
	known, err := transport.OpenKnownRelays(h.state)
	if err != nil {
		return r, false, filed(err)
	}
	all, err := known.List()
	if err != nil {
		return r, false, filed(err)
	}
	if !slices.ContainsFunc(all, func(k transport.KnownRelay) bool { return k.Remote().Address == o.addressed() }) && o.relay.relay == "" {
		return r, false, nil
	}
	at := o.relay
	if at.relay == "" {
		at.relay = o.addressed()
	}
	return o.relayRemote(&at)
}

// addressed is the host:port of the argument, if it is one.
func (o *pingOptions) addressed() string {
	t, err := parseAddress(o.target)
	if err != nil {
		return ""
	}
	return t.addr
}

type pingRelayEvent struct {
	Event    string  `json:"event"`
	Role     string  `json:"role"`
	Address  string  `json:"address"`
	Peer     string  `json:"peer"`
	Agent    string  `json:"agent"`
	Version  int     `json:"version"`
	Observed string  `json:"observed"`
	Probes   int     `json:"probes"`
	RTT      float64 `json:"rtt_ms"`
	RTTMin   float64 `json:"rtt_min_ms"`
	RTTMax   float64 `json:"rtt_max_ms"`
	Jitter   float64 `json:"jitter_ms"`
	Loss     float64 `json:"loss"`
	Quality  string  `json:"quality"`
}

// pingRelay measures the path to a relay, and tells whether our token opens it.
func (o *pingOptions) pingRelay(ctx context.Context, r transport.RelayRemote) error {
	at := target{kind: addressTarget, addr: r.Address}
	var peer transport.Peer
	if err := o.linkToRelay(ctx, r, func(l transport.Link) error { peer = l.Peer(); return nil }); err != nil {
		return failed("ping the relay", at, err)
	}
	eye, err := transport.NewObserver()
	if err != nil {
		return failed("ping the relay", at, err)
	}
	defer eye.Close()
	var m measurement
	var seen transport.Observation
	for n := range o.count {
		if n > 0 {
			select {
			case <-time.After(o.interval):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		got, err := eye.Ask(probe, r.Address)
		cancel()
		if err != nil {
			m.miss()
			continue
		}
		seen = got
		m.add(got.RTT, got.Asked > 1)
	}
	if len(m.trips) == 0 {
		return failed("ping the relay", at, &session.Error{Kind: session.Timeout, Err: errNoProbe})
	}
	o.reportRelay(pingRelayEvent{
		Event: "ping", Role: "relay", Address: r.Address, Peer: peer.Key.String(), Agent: session.Display(peer.Agent), Version: peer.Version,
		Observed: seen.Observed.String(), Probes: o.count, RTT: milliseconds(m.rtt()),
		RTTMin: milliseconds(slices.Min(m.trips)), RTTMax: milliseconds(slices.Max(m.trips)),
		Jitter: milliseconds(m.jitter()), Loss: m.loss(), Quality: m.quality(),
	}, peer.Key)
	return nil
}

func (o *pingOptions) reportRelay(ev pingRelayEvent, key transport.Fingerprint) {
	if o.json {
		o.event(ev)
		return
	}
	o.printf("relay %s is %s, key %s, protocol version %d; it sees us at %s\n", ev.Address, ev.Agent, key.Short(), ev.Version, ev.Observed)
	o.printf("round trip %.2f ms (%.2f to %.2f), jitter %.2f ms, loss %.1f %%: %s\n", ev.RTT, ev.RTTMin, ev.RTTMax, ev.Jitter, 100*ev.Loss, ev.Quality)
}
