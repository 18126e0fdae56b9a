package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// A relay is one that runs for a test, behind a proxy of the test's, which can do what
// a relay or a network might.
type relay struct {
	url string // of the proxy
	key string // that lets somebody leave files

	origin string // its own address for HTTP
	ticket string // for bargee relay add

	flip   atomic.Pointer[regexp.Regexp] // a bit of what is answered to such paths is flipped
	refuse atomic.Int64                  // so many PUTs come to nothing
	gone   atomic.Int64                  // so many DELETEs were answered 204
	puts   atomic.Int64                  // so many PUTs came
	hold   chan struct{}                 // if set, PUTs and GETs of chunks take one each
}

var chunkPath = regexp.MustCompile(`^/d/[0-9a-f]{32}/[0-9a-f]{64}$`)

func startRelay(t *testing.T) *relay {
	t.Helper()
	said, key := startBargee(t)
	to, err := url.Parse(said.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{key: key, ticket: said.Ticket, origin: said.HTTP}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = r.answer
	proxy.ErrorHandler = func(w http.ResponseWriter, q *http.Request, err error) {
		t.Logf("proxy: %s %s: %v", q.Method, q.URL.Path, err)
		w.WriteHeader(http.StatusBadGateway)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodPut {
			r.puts.Add(1)
		}
		if q.Method == http.MethodPut && r.refuse.Add(-1) >= 0 {
			w.WriteHeader(http.StatusBadGateway) // not a reset: Chromium would silently send it again
			return
		}
		if chunkPath.MatchString(q.URL.Path) && r.hold != nil {
			select {
			case <-r.hold:
			case <-q.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *relay) answer(resp *http.Response) error {
	if resp.Request.Method == http.MethodDelete && resp.StatusCode == http.StatusNoContent {
		r.gone.Add(1)
	}
	pattern := r.flip.Load()
	if pattern == nil || resp.Request.Method != http.MethodGet || !pattern.MatchString(resp.Request.URL.Path) {
		return nil
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil || len(b) == 0 {
		return err
	}
	b[len(b)/2] ^= 4
	resp.Body = io.NopCloser(strings.NewReader(string(b)))
	return nil
}
