package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bargee/bargee/relay/blobs"
)

// An Event is something that happened to a blob.
type Event struct {
	ID      uint64       `json:"id"`
	Kind    string       `json:"kind"` // stored, changed, fetched, removed, expired
	Time    time.Time    `json:"time"`
	Digest  blobs.Digest `json:"digest"`
	Size    int64        `json:"size"`
	Name    string       `json:"name,omitempty"`
	Tags    []string     `json:"tags,omitempty"`
	Account string       `json:"account,omitempty"` // who did it
}

// Bounds of who listens. One that does not keep up is let go: it comes back and asks
// for what it missed.
const (
	mostListeners = 256
	kept          = 1024 // events
	behind        = 128  // that may wait for one listener
	heartbeat     = 15 * time.Second
)

// A hub hands events to those who listen. IDs go on over restarts, since they begin
// with the time.
type hub struct {
	mu        sync.Mutex
	next      uint64
	ring      []Event
	listeners map[chan Event]bool
	closed    bool
}

func newHub(now time.Time) *hub {
	return &hub{next: uint64(now.UnixMicro()), listeners: map[chan Event]bool{}}
}

func (h *hub) publish(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	e.ID = h.next
	if h.ring = append(h.ring, e); len(h.ring) > kept {
		h.ring = slices.Delete(h.ring, 0, len(h.ring)-kept)
	}
	for l := range h.listeners {
		select {
		case l <- e:
		default:
			delete(h.listeners, l)
			close(l)
		}
	}
}

// listen returns what happens from now on, after what is kept since an event; whole
// tells whether that is all there was. ok is false if there are too many.
func (h *hub) listen(since uint64) (l chan Event, missed []Event, whole, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.listeners) >= mostListeners {
		return nil, nil, false, false
	}
	whole = since == 0 || since == h.next
	if since != 0 {
		for _, e := range h.ring {
			whole = whole || e.ID == since
			if e.ID > since {
				missed = append(missed, e)
			}
		}
	}
	l = make(chan Event, behind)
	h.listeners[l] = true
	return l, missed, whole, true
}

func (h *hub) leave(l chan Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
}

// close lets all who listen go.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		delete(h.listeners, l)
		close(l)
	}
}

// events answers with what happens, as server-sent events (WHATWG HTML, 9.2).
func (h *Handler) events(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	tags, kinds := q["tag"], q["kind"]
	since := uint64(0)
	if last := r.Header.Get("Last-Event-Id"); last != "" {
		var err error
		if since, err = strconv.ParseUint(last, 10, 64); err != nil {
			return refuse(http.StatusBadRequest, kindInvalid, "Last-Event-ID is none of ours")
		}
	}
	l, missed, whole, ok := h.hub.listen(since)
	if !ok {
		return refuse(http.StatusServiceUnavailable, kindBusy, "too many listen already, or the relay is about to end")
	}
	defer h.hub.leave(l)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // of nginx as a proxy
	control := http.NewResponseController(w)
	send := func(e Event) error {
		i := blobs.Info{Attributes: blobs.Attributes{Tags: e.Tags}}
		if !i.HasTags(tags) || len(kinds) > 0 && !slices.Contains(kinds, e.Kind) {
			return nil
		}
		b, err := json.Marshal(e)
		if err == nil {
			_, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Kind, b)
		}
		return err
	}
	say := func(s string) error {
		if _, err := fmt.Fprint(w, s); err != nil {
			return err
		}
		return control.Flush()
	}
	hello := "retry: 2000\n: listening\n\n"
	if !whole {
		hello += "event: lost\ndata: {}\n\n" // what happened since is not known any more
	}
	if say(hello) != nil {
		return nil
	}
	for _, e := range missed {
		if send(e) != nil {
			return nil
		}
	}
	h.follow(r, control, l, send, say)
	return nil
}

// follow sends what happens until one of the two has gone.
func (h *Handler) follow(r *http.Request, control *http.ResponseController, l chan Event, send func(Event) error, say func(string) error) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		if control.Flush() != nil {
			return
		}
		select {
		case e, ok := <-l:
			if !ok || send(e) != nil {
				return
			}
		case <-beat.C:
			if say(":\n\n") != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}
