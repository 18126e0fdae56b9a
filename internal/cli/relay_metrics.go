package cli

import (
	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/transport"
)

// A relayCollector makes metrics of a relay's status when it is asked: nothing is
// counted twice, and forwarding pays nothing for it.
type relayCollector struct{ relay *relay.Relay }

// A relayMetric is a number of a relay's status.
type relayMetric struct {
	desc *metricDesc
	of   func(*transport.RelayStatus) float64
}

// An accountMetric is a number of one account, by its name.
type accountMetric struct {
	desc *metricDesc
	of   func(*transport.RelayAccount) uint64
}

func describe(name, help string, kind metricKind, label string) *metricDesc {
	return &metricDesc{"bargee_relay_" + name, help, kind, label}
}

var relayMetrics = []relayMetric{
	{describe("start_time_seconds", "When the relay started, in seconds since 1970.", gaugeMetric, ""),
		func(s *transport.RelayStatus) float64 { return float64(s.Since.Unix()) }},
	{describe("draining", "1 if the relay lets nobody new in.", gaugeMetric, ""), func(s *transport.RelayStatus) float64 {
		if s.Draining {
			return 1
		}
		return 0
	}},
	{describe("rooms", "Rooms that are open.", gaugeMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Rooms) }},
	{describe("sessions", "Pairs of peers.", gaugeMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Sessions) }},
	{describe("legs", "Sides of pairs that have an address.", gaugeMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Legs) }},
	{describe("links", "Links of peers to the relay.", gaugeMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Links) }},
	{describe("guests", "Links of peers without a token or a pass.", gaugeMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Guests) }},
	{describe("forwarded_packets_total", "Packets that were forwarded.", counterMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Packets) }},
	{describe("forwarded_bytes_total", "Bytes that were forwarded, of UDP payload.", counterMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Bytes) }},
	{describe("dropped_packets_total", "Packets over a limit, or without the other side.", counterMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Dropped) }},
	{describe("stray_packets_total", "Packets that belong to nobody.", counterMetric, ""), func(s *transport.RelayStatus) float64 { return float64(s.Strays) }},
}

var accountMetrics = []accountMetric{
	{describe("account_sessions", "Pairs of peers of a token, or of the holder of a pass; all together without a name.", gaugeMetric, "account"),
		func(a *transport.RelayAccount) uint64 { return a.Sessions }},
	{describe("account_month_bytes", "Bytes that were forwarded for it in this month (UTC).", gaugeMetric, "account"),
		func(a *transport.RelayAccount) uint64 { return a.Bytes }},
	{describe("account_dropped_total", "Buffers of packets over its rate or quota.", counterMetric, "account"),
		func(a *transport.RelayAccount) uint64 { return a.Dropped }},
	{describe("account_sessions_limit", "As many as it may have; 0 is no limit.", gaugeMetric, "account"),
		func(a *transport.RelayAccount) uint64 { return a.MostSessions }},
	{describe("account_rate_limit_bytes", "Bytes a second that it may have forwarded; 0 is no limit.", gaugeMetric, "account"),
		func(a *transport.RelayAccount) uint64 { return a.MostRate }},
	{describe("account_month_limit_bytes", "Bytes that it may have forwarded in a month; 0 is no limit.", gaugeMetric, "account"),
		func(a *transport.RelayAccount) uint64 { return a.MostBytes }},
}

var refusedMetric = describe("refused_total", "What peers were refused, by why.", counterMetric, "why")

func (c relayCollector) collect(emit func(*metricDesc, float64, string)) {
	s := c.relay.Status()
	for _, m := range relayMetrics {
		emit(m.desc, m.of(&s), "")
	}
	for i := range s.Accounts {
		for _, m := range accountMetrics {
			emit(m.desc, float64(m.of(&s.Accounts[i])), s.Accounts[i].Name)
		}
	}
	for why, n := range c.relay.Refused() {
		emit(refusedMetric, float64(n), why)
	}
}
