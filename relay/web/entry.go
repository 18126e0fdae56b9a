package web

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// An Entry is a request that is over, without anything that would let its reader do
// the same.
type Entry struct {
	Time    time.Time     `json:"time"`
	Method  string        `json:"method"`
	Path    string        `json:"path"` // redacted
	Digest  string        `json:"digest,omitempty"`
	Status  int           `json:"status"`
	In      int64         `json:"in"`  // bytes of the body that came
	Out     int64         `json:"out"` // of the answer
	Took    time.Duration `json:"took_ns"`
	Account string        `json:"account,omitempty"`
	From    netip.Addr    `json:"from,omitzero"` // not over a link
	Error   string        `json:"error,omitempty"`

	cause error // for our own log
	minor bool  // one of very many: not for the history
}

// methodWord keeps what a stranger may call a method out of logs.
func methodWord(m string) string {
	if slices.Contains([]string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}, m) {
		return m
	}
	return "other"
}

const mostPath = 120 // letters of a path in a log

// redact is a path for logs: the server id is gone, and of a drop's id, with which
// anybody may use up its downloads, the beginning is left.
func (h *Handler) redact(path string) string {
	words := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, word := range words {
		switch {
		case IsServerID(word) && i > 0 && words[i-1] == "d":
			words[i] = word[:8] + ".."
		case IsServerID(word):
			words[i] = "[server]"
		case h.cfg.ServerID != "" && strings.Contains(strings.ToLower(word), h.cfg.ServerID):
			words[i] = "[redacted]"
		}
	}
	path = "/" + strings.Join(words, "/")
	if len(path) > mostPath {
		path = path[:mostPath] + ".."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, path)
}
