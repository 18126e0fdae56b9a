package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/net/netutil"

	"github.com/bargee/bargee/session"
)

// What the pages about a role bear: they are for a monitor, not for the world.
const (
	httpConns = 64
	httpWait  = 10 * time.Second
)

// A rolePages serves /healthz and /metrics over HTTP.
type rolePages struct {
	servers   []*http.Server
	addresses map[string]string // that are listened on, by what was asked for
	wait      sync.WaitGroup
}

// A pageFlags says where a role tells how it is.
type pageFlags struct{ http, metrics string }

func (f *pageFlags) add(set *pflag.FlagSet) {
	set.StringVar(&f.http, "http", "", "answer /healthz on `ADDR`, and /metrics unless --metrics says where")
	set.StringVar(&f.metrics, "metrics", "", "answer /metrics, for Prometheus, on `ADDR`")
}

func (f *pageFlags) check() error {
	return errors.Join(checkHTTP("--http", f.http), checkHTTP("--metrics", f.metrics))
}

// open listens where f says, and for /healthz on the address http; nothing is served
// if that is nowhere.
func (f *pageFlags) open(own string, health, metrics http.Handler, log *roleLog) (*rolePages, error) {
	p := &rolePages{addresses: map[string]string{}}
	at := map[string]*http.ServeMux{}
	add := func(addr, path string, h http.Handler) {
		if addr == "" {
			return
		}
		if at[addr] == nil {
			at[addr] = http.NewServeMux()
		}
		at[addr].Handle("GET "+path, h)
	}
	add(own, "/healthz", health)
	if add(f.metrics, "/metrics", metrics); f.metrics == "" {
		add(own, "/metrics", metrics)
	}
	for addr, mux := range at {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			p.close()
			return nil, &problem{what: "listen on", where: session.Display(addr), err: err}
		}
		p.addresses[addr] = l.Addr().String()
		log.Info("pages for monitors", "address", l.Addr().String())
		s := &http.Server{Handler: mux, ReadTimeout: httpWait, WriteTimeout: httpWait, IdleTimeout: 6 * httpWait, MaxHeaderBytes: 8 << 10}
		p.servers = append(p.servers, s)
		p.wait.Go(func() { _ = s.Serve(netutil.LimitListener(l, httpConns)) }) // until close
	}
	return p, nil
}

func (p *rolePages) close() {
	for _, s := range p.servers {
		s.Close()
	}
	p.wait.Wait()
}

// A health answers whether a role does its work, 200 or 503, with a line for
// people. However many ask, the role is probed once a second.
type health struct {
	probe    func(context.Context) error
	draining func() bool

	mu   sync.Mutex
	at   time.Time
	last error
}

func newHealth(probe func(context.Context) error, draining func() bool) *health {
	return &health{probe: probe, draining: draining}
}

var errDraining = errors.New("draining: nothing new is let in")

func (h *health) check(ctx context.Context) error {
	if h.draining() {
		return errDraining
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < time.Second {
		return h.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aliveTime)
	defer cancel()
	h.last = h.probe(ctx)
	h.at = time.Now()
	return h.last
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := h.check(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, reason(err))
		return
	}
	fmt.Fprintln(w, "ok")
}
