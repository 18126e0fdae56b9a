package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A relayRole is a relay that runs.
type relayRole struct {
	plane    *relay.Plane
	endpoint *transport.Endpoint
	relay    *relay.Relay
	key      transport.Fingerprint
	dir      string // --data
	tokens   *relayTokens
	log      *roleLog
	init     initSystem
	guard    *relayGuard
	pages    *rolePages // nil before they are there
	store    *relayStore
	http     *relayHTTP // nil: it speaks none

	files []reloader // what SIGHUP reads again
}

// A reloader reads what it was configured by again. After an error everything is as
// it was; gone are the origins (transport.Grant) of those who have no business here
// any more.
type reloader interface {
	reload() (gone []string, err error)
}

// run serves until ctx ends, and then goes on with what it forwards for drain at
// most.
func (r *relayRole) run(ctx context.Context, drain time.Duration, hungUp <-chan os.Signal) error {
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- r.relay.Serve(serving) }()
	alive := r.init.watchdog()
	defer alive.Stop()
	look := time.NewTicker(lookTime)
	defer look.Stop()
	r.init.ready()
	r.log.Info("the relay is ready", "address", r.plane.Addr(), "key", r.key.Short(), "tokens", len(r.tokens.list()), "version", version())
	for {
		select {
		case <-hungUp:
			r.reload()
		case <-look.C:
			if r.tokens.changed() && r.readAgain(r.tokens) {
				r.log.Info("tokens came or went", "tokens", len(r.tokens.list()))
			}
			if r.guard.changed() && r.readAgain(r.guard) {
				r.log.Info("read what was revoked")
			}
			if r.store.changed() && r.readAgain(r.store) {
				r.log.Info("read the keys for HTTP")
			}
		case <-alive.C:
			r.sayAlive(ctx)
		case err := <-ended:
			return errors.Join(&problem{what: "run", where: "the relay", err: err}, r.close())
		case <-r.store.told():
			r.log.Info("told by HTTP to end")
			stop()
			return r.close()
		case <-ctx.Done():
			r.drain(drain, alive)
			stop()
			return r.close()
		}
	}
}

// lookTime is how soon a token that was added while we run opens rooms.
const lookTime = time.Second

// reload reads all files again.
func (r *relayRole) reload() {
	r.init.reloading()
	defer r.init.ready()
	r.log.reopen()
	for _, f := range r.files {
		r.readAgain(f)
	}
	r.log.Info("read again", "tokens", len(r.tokens.list()))
}

// readAgain reads a file again, and cuts off who is not let in any more. It tells
// whether it could be read.
func (r *relayRole) readAgain(f reloader) bool {
	gone, err := f.reload()
	if err != nil {
		r.log.Error("not read again: what was in force stays so", "reason", reason(err))
		return false
	}
	for _, origin := range gone {
		links, sessions := r.relay.Revoke(origin, "the token was revoked")
		r.log.Info("a token is gone", "id", origin, "links_closed", links, "sessions_ended", sessions)
	}
	return true
}

// aliveTime is how long the relay may take to show that it does its work.
const aliveTime = 5 * time.Second

// sayAlive tells the system's watchdog that we forward, if we do.
func (r *relayRole) sayAlive(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, aliveTime)
	defer cancel()
	switch err := r.relay.Probe(ctx); {
	case err == nil:
		r.init.alive()
	case !errors.Is(context.Cause(ctx), errInterrupted):
		r.log.Error("the relay does not answer itself", "reason", reason(err))
	}
}

// drain lets what is forwarded end by itself; alive ticks as in run, since that may
// take longer than the system's watchdog waits.
func (r *relayRole) drain(wait time.Duration, alive *time.Ticker) {
	r.init.stopping(wait + endingTime)
	if wait <= 0 {
		return
	}
	r.log.Info("the relay drains: nothing new is let in", "longest", wait.String())
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.relay.Drain(ctx) }()
	for {
		select {
		case <-alive.C:
			r.sayAlive(context.Background())
		case err := <-ended:
			if err != nil {
				r.log.Warn("the relay ends while it forwards")
			}
			return
		}
	}
}

// close tells peers, and ends; it takes no longer than endingTime.
func (r *relayRole) close() error {
	ended := make(chan error, 1)
	go func() {
		if r.pages != nil {
			r.pages.close()
		}
		if r.http != nil {
			r.http.close()
		}
		err := errors.Join(r.endpoint.Close(), r.plane.Close())
		r.guard.close()
		err = errors.Join(err, r.store.close())
		ended <- err
	}()
	select {
	case err := <-ended:
		r.log.Info("the relay has ended")
		return err
	case <-time.After(endingTime):
		r.log.Warn("the relay ended without waiting for all links")
		return nil
	}
}

// checkDrain finds what --drain cannot be.
func checkDrain(d time.Duration) error {
	if d < 0 || d > 24*time.Hour {
		return usage("is not within 0s to 24h", "").about("--drain", session.Display(fmt.Sprint(d)))
	}
	return nil
}
