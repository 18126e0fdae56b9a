package cli

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A serveTraffic counts what a served directory gives and takes, for monitors; it is
// a prometheus.Collector. Links are asked when somebody looks, and when they end.
type serveTraffic struct {
	dir   *session.Dir
	since time.Time

	mu       sync.Mutex
	links    map[transport.Link]bool
	total    float64 // links, ever
	sent     uint64  // bytes, of links that ended
	received uint64
	refused  map[session.Kind]float64
}

func newServeTraffic(dir *session.Dir) *serveTraffic {
	return &serveTraffic{dir: dir, since: time.Now(), links: map[transport.Link]bool{}, refused: map[session.Kind]float64{}}
}

// join counts a link until leave; a nil serveTraffic counts nothing.
func (t *serveTraffic) join(l transport.Link) (leave func()) {
	if t == nil {
		return func() {}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.links[l] = true
	t.total++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		sent, received := transport.Traffic(l)
		t.sent, t.received = t.sent+sent, t.received+received
		delete(t.links, l)
	}
}

func (t *serveTraffic) refuse(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused[kindOf(err)]++
}

// probe looks at the directory as a peer would.
func (t *serveTraffic) probe(ctx context.Context) error {
	looked := make(chan error, 1)
	go func() { // a disk that is gone may hold whoever looks
		_, err := t.dir.Stat(ctx, session.Path{})
		looked <- err
	}()
	select {
	case err := <-looked:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func describeServe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("bargee_serve_"+name, help, labels, nil)
}

var (
	serveSince    = describeServe("start_time_seconds", "When it was served first, in seconds since 1970.")
	serveLinks    = describeServe("links", "Peers that are linked.")
	serveTotal    = describeServe("links_total", "Peers that came.")
	serveSent     = describeServe("sent_bytes_total", "Bytes that went to peers, as they crossed the network.")
	serveReceived = describeServe("received_bytes_total", "Bytes that came from peers, as they crossed the network.")
	serveRefused  = describeServe("refused_total", "Peers that were not let in, by the kind of the error.", "kind")
	serveFree     = describeServe("free_bytes", "Room on the disk of the directory.")
)

// Describe is prometheus.Collector.
func (t *serveTraffic) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{serveSince, serveLinks, serveTotal, serveSent, serveReceived, serveRefused, serveFree} {
		out <- d
	}
}

// Collect is prometheus.Collector.
func (t *serveTraffic) Collect(out chan<- prometheus.Metric) {
	free, _, err := t.dir.Space(context.Background())
	if err == nil {
		out <- prometheus.MustNewConstMetric(serveFree, prometheus.GaugeValue, float64(free))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	sent, received := t.sent, t.received
	for l := range t.links {
		s, r := transport.Traffic(l)
		sent, received = sent+s, received+r
	}
	out <- prometheus.MustNewConstMetric(serveSince, prometheus.GaugeValue, float64(t.since.Unix()))
	out <- prometheus.MustNewConstMetric(serveLinks, prometheus.GaugeValue, float64(len(t.links)))
	out <- prometheus.MustNewConstMetric(serveTotal, prometheus.CounterValue, t.total)
	out <- prometheus.MustNewConstMetric(serveSent, prometheus.CounterValue, float64(sent))
	out <- prometheus.MustNewConstMetric(serveReceived, prometheus.CounterValue, float64(received))
	for kind, n := range t.refused {
		out <- prometheus.MustNewConstMetric(serveRefused, prometheus.CounterValue, n, string(kind))
	}
}
