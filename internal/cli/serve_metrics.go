package cli

import (
	"context"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A serveTraffic counts what a served directory gives and takes, for monitors; it is
// a metricSource. Links are asked when somebody looks, and when they end.
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

func describeServe(name, help string, kind metricKind, label string) *metricDesc {
	return &metricDesc{"bargee_serve_" + name, help, kind, label}
}

var (
	serveSince    = describeServe("start_time_seconds", "When it was served first, in seconds since 1970.", gaugeMetric, "")
	serveLinks    = describeServe("links", "Peers that are linked.", gaugeMetric, "")
	serveTotal    = describeServe("links_total", "Peers that came.", counterMetric, "")
	serveSent     = describeServe("sent_bytes_total", "Bytes that went to peers, as they crossed the network.", counterMetric, "")
	serveReceived = describeServe("received_bytes_total", "Bytes that came from peers, as they crossed the network.", counterMetric, "")
	serveRefused  = describeServe("refused_total", "Peers that were not let in, by the kind of the error.", counterMetric, "kind")
	serveFree     = describeServe("free_bytes", "Room on the disk of the directory.", gaugeMetric, "")
)

func (t *serveTraffic) collect(emit func(*metricDesc, float64, string)) {
	free, _, err := t.dir.Space(context.Background())
	if err == nil {
		emit(serveFree, float64(free), "")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	sent, received := t.sent, t.received
	for l := range t.links {
		s, r := transport.Traffic(l)
		sent, received = sent+s, received+r
	}
	emit(serveSince, float64(t.since.Unix()), "")
	emit(serveLinks, float64(len(t.links)), "")
	emit(serveTotal, t.total, "")
	emit(serveSent, float64(sent), "")
	emit(serveReceived, float64(received), "")
	for kind, n := range t.refused {
		emit(serveRefused, n, string(kind))
	}
}
