package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/bargee/bargee/transport"
)

// relays are those to be asked: the one that was named, else all that were added.
func (o *doctorOptions) relays() (addresses []string, err error) {
	if o.relay.relay != "" || o.getenv("BARGEE_RELAY") != "" {
		r, _, err := o.relayRemote(&o.relay)
		return []string{r.Address}, err
	}
	h, err := o.home()
	if err != nil {
		return nil, err
	}
	known, err := transport.OpenKnownRelays(h.state)
	if err != nil {
		return nil, filed(err)
	}
	all, err := known.List()
	if err != nil {
		return nil, filed(err)
	}
	for _, r := range all {
		addresses = append(addresses, r.Remote().Address)
	}
	return addresses, nil
}

const (
	relayProbes = 5
	relayWait   = 3 * time.Second
)

// A relayView is what probes of a relay found out.
type relayView struct {
	address string
	seen    transport.Observation
	trips   measurement
	err     error
}

// network asks the relays: UDP, NAT, latency and the size of packets.
func (o *doctorOptions) network(ctx context.Context, relays []string) []finding {
	if len(relays) == 0 {
		return []finding{
			{Name: "udp", Verdict: verdictUnknown, Value: "no relay is known that could be asked", Advice: "bargee relay add, or --relay bargee://HOST"},
			{Name: "nat", Verdict: verdictUnknown, Value: "it takes a relay to see it"},
		}
	}
	views, err := observeRelays(ctx, relays)
	if err != nil {
		return []finding{{Name: "udp", Verdict: verdictFail, Value: reason(err)}}
	}
	found := []finding{o.udp(ctx, views), natFinding(observations(views))}
	for _, v := range views {
		found = append(found, v.finding())
	}
	return append(found, mtuFinding(ctx, relays[0]))
}

// observeRelays asks all of them from one socket, one after the other.
func observeRelays(ctx context.Context, relays []string) ([]relayView, error) {
	eye, err := transport.NewObserver()
	if err != nil {
		return nil, err
	}
	defer eye.Close()
	var all []relayView
	for _, address := range relays {
		v := relayView{address: address}
		ctx, cancel := context.WithTimeout(ctx, relayWait)
		for range relayProbes {
			seen, err := eye.Ask(ctx, address)
			if err != nil {
				v.err = err
				break
			}
			v.seen = seen
			v.trips.add(seen.RTT, seen.Asked > 1)
		}
		cancel()
		all = append(all, v)
	}
	return all, nil
}

func observations(views []relayView) (all []transport.Observation) {
	for _, v := range views {
		if len(v.trips.trips) > 0 {
			all = append(all, v.seen)
		}
	}
	return all
}

// udp says whether UDP gets anywhere, and if not, whether TCP would.
func (o *doctorOptions) udp(ctx context.Context, views []relayView) finding {
	f := finding{Name: "udp"}
	if seen := observations(views); len(seen) > 0 {
		f.Verdict, f.Value = verdictOK, fmt.Sprintf("gets to %d of %d relays and back; seen as %s", len(seen), len(views), seen[0].Observed)
		return f
	}
	f.Verdict, f.Value = verdictFail, "no answer from "+views[0].address
	f.Advice = "is the relay running, and may UDP leave to that port?"
	d := net.Dialer{Timeout: relayWait}
	if c, err := d.DialContext(ctx, "tcp", views[0].address); err == nil {
		c.Close()
		f.Verdict, f.Value = verdictWarn, "does not get to "+views[0].address+", but TCP does"
		f.Advice = "transfers go over TCP, by way of the relay, and slower: let UDP out to that port"
	}
	return f
}

// natFinding says what the NAT there is lets peers do.
func natFinding(seen []transport.Observation) finding {
	f := finding{Name: "nat", Verdict: verdictOK}
	switch kind := transport.KindOfNAT(seen); kind {
	case transport.NATUnknown:
		f.Verdict, f.Value = verdictUnknown, "no relay has seen us"
	case transport.NATNone:
		f.Value = "none: the relay sees this machine's own address"
	case transport.NATSome:
		f.Value, f.Advice = "there is one", "a second relay (bargee relay add) would tell its kind"
		if seen[0].Observed.Port() == seen[0].Local.Port() {
			f.Value = "there is one, which keeps ports"
		}
	case transport.NATCone:
		f.Value = "cone: peers reach each other directly"
	case transport.NATSymmetric:
		f.Verdict, f.Value = verdictWarn, "symmetric: another port for each destination"
		f.Advice = "with peers behind a strict NAT all goes by way of the relay; forward a UDP port, and use serve --listen with it"
	}
	return f
}

// finding says how far the relay is.
func (v relayView) finding() finding {
	f := finding{Name: "relay"}
	if len(v.trips.trips) == 0 {
		f.Verdict, f.Value = verdictFail, v.address+": "+reason(v.err)
		f.Advice = "bargee relay status asks it by TCP as well"
		return f
	}
	rtt := v.trips.rtt()
	f.Verdict, f.Value = verdictOK, fmt.Sprintf("%s: round trip %.2f ms", v.address, milliseconds(rtt))
	f.Figures = map[string]float64{"rtt_ms": milliseconds(rtt)}
	if rtt > 150*time.Millisecond {
		f.Verdict, f.Advice = verdictWarn, "a relay nearer to both sides makes them meet sooner, and relayed transfers faster"
	}
	return f
}

// The sizes of packets that matter: what QUIC needs, and what it uses at most, with
// headers.
const (
	leastMTU = 1280
	fullMTU  = 1452 + 8 + 40
)

func mtuFinding(ctx context.Context, address string) finding {
	f := finding{Name: "mtu"}
	mtu, err := transport.PathMTU(ctx, address)
	if err != nil || mtu == 0 {
		f.Verdict, f.Value = verdictUnknown, "this system does not say"
		return f
	}
	f.Verdict, f.Value, f.Figures = verdictOK, fmt.Sprintf("%d bytes towards %s", mtu, address), map[string]float64{"bytes": float64(mtu)}
	switch {
	case mtu < leastMTU:
		f.Verdict, f.Advice = verdictFail, fmt.Sprintf("QUIC needs %d: is it a VPN in a VPN? Raise the MTU of its interface", leastMTU)
	case mtu < fullMTU:
		f.Value += ": packets are made smaller"
	}
	return f
}

// path says what a link to t is like.
func (o *doctorOptions) path(ctx context.Context, t target) []finding {
	ps, err := o.places(&o.reachFlags)
	if err != nil {
		return []finding{{Name: "peer", Verdict: verdictFail, Value: reason(err)}}
	}
	defer ps.close()
	p, err := ps.at(ctx, t)
	if err == nil && p.remote == nil {
		err = usage("is on this machine", "a peer is NAME: or bargee://HOST/")
	}
	if err != nil {
		f := finding{Name: "peer", Verdict: verdictFail, Value: t.shown() + " " + reason(err)}
		var why *problem
		if errors.As(err, &why) {
			f.Advice = why.hint
		}
		return []finding{f}
	}
	w := o.watch(ctx)
	defer w.stop()
	m, err := (&pingOptions{app: o.app, count: 10, interval: 50 * time.Millisecond}).measure(w, p)
	if err != nil {
		return []finding{{Name: "peer", Verdict: verdictFail, Value: t.shown() + " " + reason(w.explain(err))}}
	}
	found := []finding{pathFinding(t, p.link), measuredFinding(m)}
	if host, _, err := net.SplitHostPort(p.link.Peer().Address); err == nil && host != "" && t.kind != sshTarget {
		found = append(found, mtuFinding(ctx, p.link.Peer().Address))
	}
	return found
}

// pathFinding says which way a link goes.
func pathFinding(t target, l transport.Link) finding {
	paths := map[transport.Path]int{}
	for _, n := range l.Lanes() {
		paths[n.Path]++
	}
	f := finding{Name: "path", Verdict: verdictOK, Value: fmt.Sprintf("%s: %s", strings.TrimSpace(t.shown()), pathWords(paths)),
		Figures: map[string]float64{"lanes": float64(len(l.Lanes()))}}
	switch {
	case paths[transport.PathDirect] > 0:
	case paths[transport.PathSSH] > 0:
		f.Verdict, f.Advice = verdictWarn, "all goes through ssh: let UDP pass between the machines, and it goes on directly"
	default:
		f.Verdict, f.Advice = verdictWarn, "all goes by way of the relay: a UDP port that is forwarded to either side makes it direct"
	}
	return f
}

func pathWords(paths map[transport.Path]int) string {
	var words []string
	for _, p := range []transport.Path{transport.PathDirect, transport.PathRelay, "tcp", transport.PathSSH} {
		if paths[p] > 0 {
			words = append(words, string(p))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", with a standby by ")
}

func measuredFinding(m measurement) finding {
	streams, chunk := m.advice()
	f := finding{Name: "ping", Verdict: verdictOK,
		Value: fmt.Sprintf("round trip %.2f ms, jitter %.2f ms, loss %.1f %%: %s", milliseconds(m.rtt()), milliseconds(m.jitter()), 100*m.loss(), m.quality()),
		Figures: map[string]float64{"rtt_ms": milliseconds(m.rtt()), "jitter_ms": milliseconds(m.jitter()), "loss": m.loss(),
			"streams": float64(streams), "chunk_size": float64(chunk)}}
	if m.quality() == "poor" {
		f.Verdict, f.Advice = verdictWarn, fmt.Sprintf("--streams %d --chunk-size %dK may be faster", streams, chunk>>10)
	}
	return f
}
