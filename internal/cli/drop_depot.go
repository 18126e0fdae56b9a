package cli

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/bargee/bargee/internal/depot"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// mostAsked is how many requests to a relay are under way at once: one for each chunk
// that is on its way, and some to spare.
const mostAsked = 32

// A keeper is a relay that keeps drops, as it is asked.
type keeper struct {
	session.Depot
	at     target // for messages
	remote transport.RelayRemote
	web    *transport.RelayWeb
	plain  *http.Transport
	tell   *telling
	ends   []func() error
}

// keeperAt asks a relay over a link to it.
func (a *app) keeperAt(r transport.RelayRemote) (*keeper, error) {
	at := target{kind: addressTarget, addr: r.Address}
	h, err := a.home()
	if err != nil {
		return nil, err
	}
	cfg, err := h.self()
	if err != nil {
		return nil, err
	}
	cfg.HandshakeTimeout = a.connectWait()
	ep, err := transport.Listen(":0", cfg)
	if err != nil {
		return nil, relayProblem(at, err)
	}
	web := ep.RelayWeb(r)
	plain := a.requests()
	plain.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return web.Dial(ctx) }
	tell := &telling{RoundTripper: plain}
	return &keeper{
		Depot: depot.New(depot.Config{Transport: tell, Timeout: a.progressWait()}),
		at:    at, remote: r, web: web, plain: plain, tell: tell, ends: []func() error{web.Close, ep.Close},
	}, nil
}

// keeperOf asks a relay over plain HTTP.
func (a *app) keeperOf(origin string) *keeper {
	plain := a.requests()
	plain.DialContext = (&net.Dialer{Timeout: a.connectWait()}).DialContext
	tell := &telling{RoundTripper: plain}
	return &keeper{
		Depot: depot.New(depot.Config{Transport: tell, Origin: origin, Timeout: a.progressWait()}),
		at:    target{kind: addressTarget, addr: origin}, plain: plain, tell: tell,
	}
}

func (a *app) requests() *http.Transport {
	return &http.Transport{
		MaxConnsPerHost: mostAsked, MaxIdleConnsPerHost: mostAsked, DisableCompression: true,
		TLSHandshakeTimeout: a.connectWait(), ReadBufferSize: 64 << 10, WriteBufferSize: 64 << 10,
		Proxy: http.ProxyFromEnvironment,
	}
}

// whenAway has a person told, once, that what the relay keeps is away: it is asked
// again for as long as the command goes on.
func (k *keeper) whenAway(a *app) {
	k.tell.once = sync.OnceFunc(func() {
		a.warn("%s is there, but what it keeps is away: trying again", session.Display(k.at.addr))
	})
}

// telling hears answers.
type telling struct {
	http.RoundTripper
	once func() // of the first that says that what is kept is away; may be nil
}

func (t *telling) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err == nil && answer.StatusCode == http.StatusServiceUnavailable && t.once != nil {
		t.once()
	}
	return answer, err
}

func (k *keeper) close() error {
	k.plain.CloseIdleConnections()
	var errs []error
	for _, end := range k.ends {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// lanes are those of the link.
func (k *keeper) lanes() (all []laneAt) {
	if k.web == nil {
		return nil
	}
	for _, l := range k.web.Lanes() {
		all = append(all, laneAt{LaneStats: l})
	}
	return all
}

// problem is an error of asking the relay, with what to do about it.
func (k *keeper) problem(what string, err error) error {
	if err == nil {
		return nil
	}
	var told *problem
	if errors.As(err, &told) {
		return err
	}
	p := relayProblem(k.at, err)
	p.what = what
	switch {
	case errors.Is(err, transport.ErrNoWeb):
		p.hint = "it has to run a bargee that keeps drops: ask who runs it to update it"
	case k.web == nil && session.KindOf(err) == session.Unreachable:
		p.hint = "is the address the one that was given to you, and does bargee relay --http run there?"
	case session.KindOf(err) == session.Auth && k.web != nil:
		p.hint = "to store needs a token of the relay: bargee relay add takes its bgrelay_ word"
	}
	return p
}
