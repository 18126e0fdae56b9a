package web

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/drops"
)

// Config says what a Handler answers for. All that is not set is not there.
type Config struct {
	Drops *drops.Store
	Blobs *blobs.Store
	Later bool  // both are brought by Open, as soon as they can be reached; until then they are away (503)
	Keys  *Keys // who has more rights than to fetch what he can name

	ServerID string // the capability that blobs are addressed by; "": none, and no blobs
	NeedKey  bool   // the server id alone allows nothing

	Page http.Handler // for all that is no part of the API; it sets its own policy

	Origins []string       // whose pages a browser may let ask, "*" is all (CORS)
	Proxies []netip.Prefix // who is believed about X-Forwarded-For

	History  *History // of what was asked; nil: none is kept
	Shutdown func()   // ends the relay; nil: nobody may from here

	// Access, if set, hears of each request when it is over; Fault, if set, of what
	// went wrong here. Neither may block.
	Access func(Entry)
	Fault  func(error)
}

// A Handler is the relay's API for HTTP. It is safe for many requests at a time and
// owns no goroutine but those of Run.
type Handler struct {
	cfg   Config
	since time.Time
	hub   *hub
	grace time.Duration // of a body

	origin atomic.Value // a string, see At
	kept   atomic.Pointer[stores]
}

// stores are what is kept: both are nil where nothing is.
type stores struct {
	drops *drops.Store
	blobs *blobs.Store
}

// New returns a Handler.
func New(cfg Config) *Handler {
	if cfg.Keys == nil {
		cfg.Keys = new(Keys)
	}
	now := time.Now()
	h := &Handler{cfg: cfg, since: now, hub: newHub(now), grace: bodyGrace}
	h.At("")
	if !cfg.Later {
		h.Open(cfg.Drops, cfg.Blobs)
	}
	return h
}

// Open has a handler that was made without its stores (Config.Later) answer for them.
func (h *Handler) Open(d *drops.Store, b *blobs.Store) { h.kept.Store(&stores{drops: d, blobs: b}) }

// away is an error while what is kept cannot be reached since the handler was made.
func (h *Handler) away() error {
	if h.kept.Load() == nil {
		return errAway
	}
	return nil
}

// theDrops and theBlobs are for who knows that they are not away.
func (h *Handler) theDrops() *drops.Store { return h.kept.Load().drops }
func (h *Handler) theBlobs() *blobs.Store { return h.kept.Load().blobs }

// keepsBlobs tells whether there are any, be they away.
func (h *Handler) keepsBlobs() bool { k := h.kept.Load(); return k == nil || k.blobs != nil }

// At says where browsers find the handler, https://HOST[:PORT], or "" if they do not:
// who leaves a drop is told, so that it can name it by a link.
func (h *Handler) At(origin string) { h.origin.Store(origin) }

// sweepEvery is how often blobs that are over are looked for.
const sweepEvery = time.Minute

// Run does what a Handler does by itself, until ctx ends: it writes the history, removes
// blobs that are over, and then lets go who listens to events.
func (h *Handler) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	if h.cfg.History != nil {
		all.Go(func() { h.cfg.History.run(ctx) })
	}
	all.Go(func() {
		<-ctx.Done()
		h.hub.close()
	})
	if !h.keepsBlobs() {
		return
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if h.away() != nil {
				continue
			}
			if _, err := h.theBlobs().Sweep(ctx); err != nil && ctx.Err() == nil {
				h.fault(fmt.Errorf("blobs that are over: %w", err))
			}
		case <-ctx.Done():
			return
		}
	}
}

// ServeHTTP answers one who shows who he is in the header Authorization, or does not.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, h.callerOf(r))
}

// As is the same for one whom the relay knows already, such as over a link. Without an
// Account he may still show a key.
func (h *Handler) As(c Caller) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.Account == "" {
			h.ServeHTTP(w, r)
			return
		}
		h.serve(w, r, c)
	})
}

type noteKey struct{}

// noteOf is what is noted about a request.
func noteOf(r *http.Request) *Entry {
	n, _ := r.Context().Value(noteKey{}).(*Entry)
	return n
}

// serve answers within limits of time, and notes what happened.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, c Caller) {
	start := time.Now()
	note := &Entry{Time: start.UTC(), Method: methodWord(r.Method), Path: h.redact(r.URL.EscapedPath()), Account: c.Account, From: clientOf(r, h.cfg.Proxies)}
	r = r.WithContext(context.WithValue(r.Context(), noteKey{}, note))
	control := http.NewResponseController(w)
	out := &pacedWriter{ResponseWriter: w, control: control}
	_ = control.SetWriteDeadline(start.Add(writeStall))
	body := &pacedBody{ReadCloser: r.Body, control: control, grace: h.grace, start: start, over: r.ContentLength == 0}
	if r.ContentLength != 0 {
		_ = control.SetReadDeadline(start.Add(h.grace)) // also for a body that nobody reads
		r.Body = body
	}
	defer func() {
		wrong := recover()
		if wrong != nil && wrong != http.ErrAbortHandler {
			h.fault(fmt.Errorf("a request for %s panicked: %v\n%s", note.Path, wrong, debug.Stack()))
			if out.status == 0 {
				fail(out, r, errInternal)
			}
		}
		note.Status, note.In, note.Out, note.Took = out.status, body.n, out.n, time.Since(start)
		h.noted(note)
		if wrong != nil && out.status != errInternal.status {
			panic(http.ErrAbortHandler) // the answer is not whole, and must not look so
		}
	}()
	head := out.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	if h.cors(out, r) {
		return
	}
	h.route(out, r, c)
}

// noted tells who listens about a request that is over.
func (h *Handler) noted(n *Entry) {
	if n.cause != nil && n.Status >= 500 {
		h.fault(fmt.Errorf("%s %s: %w", n.Method, n.Path, n.cause))
	}
	if h.cfg.History != nil && !n.minor && (strings.HasPrefix(n.Path, "/d") || strings.HasPrefix(n.Path, "/[server]")) {
		h.cfg.History.add(*n)
	}
	if h.cfg.Access != nil {
		h.cfg.Access(*n)
	}
}

func (h *Handler) fault(err error) {
	if h.cfg.Fault != nil {
		h.cfg.Fault(err)
	}
}

// route finds who answers. A path is what stands on the line: nothing in it is
// unescaped, cleaned or redirected.
func (h *Handler) route(w http.ResponseWriter, r *http.Request, c Caller) {
	words := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	switch {
	case words[0] == "d":
		noStore(w)
		h.drops(w, r, c, words[1:])
	case IsServerID(words[0]):
		noStore(w)
		if !h.keepsBlobs() || !h.isServer(words[0]) {
			fail(w, r, errNotFound)
			return
		}
		h.blobs(w, r, c, words[1:])
	case h.cfg.Page != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		h.cfg.Page.ServeHTTP(w, r)
	default:
		noStore(w)
		fail(w, r, errNotFound)
	}
}

// noStore keeps answers out of caches on the way: who may have them can change.
func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }

// allow answers that a method is not for what was asked.
func allow(w http.ResponseWriter, r *http.Request, methods string) {
	w.Header().Set("Allow", methods)
	fail(w, r, errMethod)
}
