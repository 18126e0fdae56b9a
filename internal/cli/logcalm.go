package cli

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
)

// How many lines that say the same are logged in calmSpan, and how many different
// ones are told apart.
const (
	calmLines = 3
	calmSpan  = time.Minute
	calmKeys  = 256
)

// A calmHandler lets warnings that say the same through calmLines times in
// calmSpan, and then says how many there were: whoever is refused can try as often
// as it likes, and our disk is not to be filled by it.
type calmHandler struct {
	slog.Handler
	state *calmState // of all handlers that were made of one
}

type calmState struct {
	mu      sync.Mutex
	repeats repeats
	waiting bool // for the end of the span
}

func newCalmHandler(h slog.Handler) calmHandler {
	return calmHandler{h, &calmState{repeats: repeats{}}}
}

func (h calmHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return h.Handler.Handle(ctx, r)
	}
	h.state.mu.Lock()
	ok := h.state.repeats.take(sameness(r), r.Time)
	if !ok && !h.state.waiting {
		h.state.waiting = true
		time.AfterFunc(calmSpan, h.sum)
	}
	h.state.mu.Unlock()
	if !ok {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// sum tells what was left out.
func (h calmHandler) sum() {
	h.state.mu.Lock()
	h.state.waiting = false
	left := h.state.repeats.sum()
	h.state.mu.Unlock()
	for what, n := range left {
		slog.New(h.Handler).Warn("and more of these", "what", what, "times", n)
	}
}

func (h calmHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calmHandler{h.Handler.WithAttrs(attrs), h.state}
}

func (h calmHandler) WithGroup(name string) slog.Handler {
	return calmHandler{h.Handler.WithGroup(name), h.state}
}

// sameness is what two records have in common that say the same: the message and
// the reason, without the words that have a number in them, as addresses have.
func sameness(r slog.Record) string {
	words := strings.Fields(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "reason" {
			words = append(append(words, ":"), strings.Fields(a.Value.String())...)
		}
		return true
	})
	for i, w := range words {
		if strings.ContainsFunc(w, unicode.IsDigit) {
			words[i] = "…"
		}
	}
	return strings.Join(words, " ")
}

// repeats counts lines by what they say. It is pure.
type repeats map[string]*repeated

type repeated struct {
	since time.Time
	n     int
	left  int // out, of those
}

// take tells whether one more is to be logged.
func (m repeats) take(what string, now time.Time) bool {
	r := m[what]
	if r == nil {
		if len(m) >= calmKeys {
			what = "others"
		}
		if r = m[what]; r == nil {
			r = &repeated{since: now}
			m[what] = r
		}
	}
	if now.Sub(r.since) >= calmSpan {
		r.since, r.n = now, 0
	}
	if r.n++; r.n <= calmLines {
		return true
	}
	r.left++
	return false
}

// sum returns how many were left out since the last sum, and forgets who had none.
func (m repeats) sum() map[string]int {
	out := map[string]int{}
	for what, r := range m {
		if r.left == 0 {
			delete(m, what)
			continue
		}
		out[what] = r.left
		r.left = 0
	}
	return out
}
