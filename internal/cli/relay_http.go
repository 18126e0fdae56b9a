package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/relay/web"
	"github.com/bargee/bargee/session"
)

// How many connections of HTTP a relay bears, and how long those that are in use when
// it ends have.
const (
	mostHTTP   = 8192
	httpEnding = 500 * time.Millisecond
)

// A certificate of HTTPS is read again by SIGHUP. It is a reloader.
type certificate struct {
	cert, key string
	now       atomic.Pointer[tls.Certificate]
}

func openCertificate(cert, key string) (*certificate, error) {
	c := &certificate{cert: cert, key: key}
	_, err := c.reload()
	return c, err
}

func (c *certificate) reload() (gone []string, err error) {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, &problem{what: "read the certificate in", where: session.Display(c.cert), err: err}
	}
	c.now.Store(&pair)
	return nil, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil }

// A relayHTTP answers HTTP on one address.
type relayHTTP struct {
	server  *http.Server
	listens string // 127.0.0.1:443
	origin  string // what others reach it by, https://relay.example
	ended   chan struct{}
}

// openHTTP answers on addr: health and metrics for monitors, all else by root.
func openHTTP(addr string, root http.Handler, c *certificate, log *roleLog) (*relayHTTP, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, &problem{what: "listen on", where: session.Display(addr), err: err}
	}
	h := &relayHTTP{listens: l.Addr().String(), ended: make(chan struct{})}
	say := func(s string) { log.Debug("http", "reason", oneLine(s)) }
	serve := func(l net.Listener) error { return h.server.Serve(l) }
	if c == nil {
		h.server = web.NewServer(root, nil, say)
	} else {
		h.server = web.NewServer(root, c.get, say)
		serve = func(l net.Listener) error { return h.server.ServeTLS(l, "", "") }
	}
	go func() {
		defer close(h.ended)
		if err := serve(web.Limit(l, mostHTTP)); !errors.Is(err, http.ErrServerClosed) {
			log.Error("HTTP has ended", "reason", reason(err))
		}
	}()
	return h, nil
}

// close lets answers that are nearly whole go out, and cuts the others.
func (h *relayHTTP) close() {
	ctx, cancel := context.WithTimeout(context.Background(), httpEnding)
	defer cancel()
	if h.server.Shutdown(ctx) != nil {
		h.server.Close()
	}
	<-h.ended
}

// rootOf answers /healthz, /metrics to who asks from this machine, and all else by
// what the relay keeps.
func rootOf(store, health, metrics http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		get := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case r.URL.Path == "/healthz" && get:
			health.ServeHTTP(w, r)
		case r.URL.Path == "/metrics" && get && metrics != nil && fromHere(r):
			metrics.ServeHTTP(w, r)
		default:
			store.ServeHTTP(w, r)
		}
	})
}

// fromHere tells whether a request is this machine's own, and no proxy's for somebody
// else.
func fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
}

// openPages has the relay speak HTTP, and tell monitors how it is.
func (o *relayOptions) openPages(r *relayRole, log *roleLog) (err error) {
	works := func(ctx context.Context) error { return errors.Join(r.relay.Probe(ctx), r.store.health()) }
	health := newHealth(works, func() bool { return r.relay.Status().Draining })
	metrics := metricsOf(relayCollector{r.relay})
	pages := &o.guards.pages
	if pages.http == "" || r.store == nil {
		r.pages, err = pages.open(pages.http, health, metrics, log)
		return err
	}
	if r.pages, err = pages.open("", health, metrics, log); err != nil {
		return err
	}
	var c *certificate
	if o.store.cert != "" {
		if c, err = openCertificate(o.store.cert, o.store.key); err != nil {
			return err
		}
		r.files = append(r.files, c)
	}
	if pages.metrics != "" {
		metrics = nil
	}
	if r.http, err = openHTTP(pages.http, rootOf(r.store.handler, health, metrics), c, log); err != nil {
		return err
	}
	public, known := o.originOf(r.http.listens, c != nil)
	r.http.origin = public
	if known {
		r.store.handler.At(public)
	}
	log.Info("speaks HTTP", "origin", r.http.origin)
	return nil
}

// originOf is what others reach HTTP by that listens at an address: as it was given,
// or by the name that the relay has. It is not known where that is none and the address
// is one of all networks.
func (o *relayOptions) originOf(listens string, secure bool) (origin string, known bool) {
	if o.store.public != "" {
		return o.store.public, true
	}
	scheme, usual := "http://", "80"
	if secure {
		scheme, usual = "https://", "443"
	}
	host, port, err := net.SplitHostPort(listens)
	if err != nil {
		return scheme + listens, false
	}
	known = true
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		named, _, err := splitHost(o.address)
		if known = o.address != "" && err == nil; known {
			host = named
		}
	}
	return scheme + strings.TrimSuffix(net.JoinHostPort(host, port), ":"+usual), known
}

// origin is where the relay speaks HTTP, or "".
func (r *relayRole) origin() string {
	if r.http == nil {
		return ""
	}
	return r.http.origin
}

// serverID is the capability of the relay's files, for the run that made it, or that
// was asked for it.
func (r *relayRole) serverID(asked bool) string {
	if r.http == nil || !r.store.made && !asked || toJournal() {
		return ""
	}
	return r.store.serverID
}

// sayHTTP tells a person where the relay speaks HTTP.
func (o *relayOptions) sayHTTP(r *relayRole) {
	if r.http == nil {
		return
	}
	o.printf("http %s\n", r.http.origin)
	if id := r.serverID(o.ticket); id != "" {
		o.say("Who has this address may read, write and remove files below it; it is not shown again (bargee relay key server):")
		o.printf("%s/%s\n", r.http.origin, id)
	}
}
