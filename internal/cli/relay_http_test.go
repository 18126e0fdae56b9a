package cli

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/transport"
)

// A monitor is told that a relay works, drains or does not; however often it asks,
// the relay is probed once a second.
func TestHealth(t *testing.T) {
	probes, draining := 0, false
	var err error
	h := newHealth(func(context.Context) error { probes++; return err }, func() bool { return draining })
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
		return w.Code, w.Body.String()
	}
	for range 10 {
		if code, body := ask(); code != 200 || body != "ok\n" {
			t.Fatalf("%d %q", code, body)
		}
	}
	if probes != 1 {
		t.Errorf("%d probes, want 1", probes)
	}
	h.at, err = time.Now().Add(-2*time.Second), errors.New("no answer\nat all")
	if code, body := ask(); code != 503 || body != "no answer; at all\n" {
		t.Errorf("%d %q", code, body)
	}
	draining = true
	if code, body := ask(); code != 503 || !strings.HasPrefix(body, "draining") {
		t.Errorf("%d %q", code, body)
	}
}

// startRelay starts a relay on loopback with these flags, in this process.
func startRelay(t *testing.T, flags ...string) *relayRole {
	t.Helper()
	r, err := tryRelay(t, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tryRelay is startRelay of one that may not start.
func tryRelay(t *testing.T, flags ...string) (*relayRole, error) {
	t.Helper()
	home := t.TempDir()
	o := &relayOptions{app: &app{stderr: io.Discard, getenv: func(name string) string {
		if name == "BARGEE_HOME" {
			return home
		}
		return ""
	}}}
	set := pflag.NewFlagSet("relay", pflag.ContinueOnError)
	o.guards.add(set)
	o.store.add(set)
	o.log.add(set)
	o.listen = []string{"127.0.0.1:0"}
	set.StringVar(&o.data, "data", "", "")
	if err := set.Parse(flags); err != nil {
		t.Fatal(err)
	}
	if err := o.store.check(o.guards.pages.http != ""); err != nil {
		t.Fatal(err)
	}
	log, err := o.log.open(o.app)
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.start(log)
	if err != nil {
		log.close()
		return nil, err
	}
	t.Cleanup(func() { r.close(); log.close() })
	return r, nil
}

// /metrics has what Prometheus asks for: what the relay does, each account, what
// was refused, and nothing that is a secret.
func TestMetrics(t *testing.T) {
	r := startRelay(t, "--token-quota", "1GB")
	go r.relay.Serve(t.Context())
	id, err := transport.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	at := r.plane.Addr().String()
	e, err := transport.ListenToRelay(":0", transport.Config{Identity: id}, at)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	l, err := e.Dial(t.Context(), transport.Remote{Addresses: []string{at}, Secret: transport.SecretOf(r.tokens.known), As: id.ForRelay(at)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.OpenRoom(t.Context(), l, transport.RoomName{1}, time.Minute, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.JoinRoom(t.Context(), l, transport.RoomName{2}); err == nil {
		t.Fatal("there is another room")
	}
	w := httptest.NewRecorder()
	metricsOf(relayCollector{r.relay}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	token := r.tokens.known.Public().ID()
	for _, want := range []string{
		"\nbargee_relay_rooms 1\n", "\nbargee_relay_links 1\n", "\nbargee_relay_sessions 0\n", "\nbargee_relay_draining 0\n",
		"\nbargee_relay_account_month_limit_bytes{account=\"" + token + "\"} 1e+09\n",
		"\nbargee_relay_account_sessions_limit{account=\"\"} 16384\n",
		"\nbargee_relay_refused_total{why=\"no_room\"} 1\n",
		"\nbargee_relay_forwarded_bytes_total 0\n", "\nprocess_open_fds ", "\ngo_goroutines ",
	} {
		if !strings.Contains(text, want) && !(strings.Contains(want, "process_") && !strings.Contains(text, "process_")) {
			t.Errorf("there is no %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if strings.Contains(text, r.tokens.known.Reveal()) {
		t.Error("the token is in it")
	}
}

// Each page is where its flag says, and nowhere else.
// It holds M112.
func TestPages(t *testing.T) {
	get := func(addr, path string) int {
		t.Helper()
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	one := startRelay(t, "--http", "127.0.0.1:0")
	at := strings.TrimPrefix(one.origin(), "http://")
	for path, want := range map[string]int{"/healthz": 200, "/metrics": 200, "/": 200, "/d": 400, "/x": 404} {
		if got := get(at, path); got != want {
			t.Errorf("%s is %d, want %d", path, got, want)
		}
	}
	two := startRelay(t, "--http", "127.0.0.1:0", "--metrics", "localhost:0")
	if got := get(strings.TrimPrefix(two.origin(), "http://"), "/metrics"); got != 404 {
		t.Errorf("/metrics beside --metrics is %d", got)
	}
	if got := get(two.pages.addresses["localhost:0"], "/metrics"); got != 200 {
		t.Errorf("/metrics at --metrics is %d", got)
	}
	if got := get(two.pages.addresses["localhost:0"], "/healthz"); got != 404 {
		t.Errorf("/healthz at --metrics is %d", got)
	}
}

// Who stores is told a link that leads to the relay, or none.
func TestOriginOfARelay(t *testing.T) {
	tests := []struct {
		listens, public, address string
		secure                   bool
		origin                   string
		known                    bool
	}{
		{"127.0.0.1:8080", "", "", false, "http://127.0.0.1:8080", true},
		{"[::1]:443", "", "", true, "https://[::1]", true},
		{"[::]:443", "", "relay.example", true, "https://relay.example", true},
		{"0.0.0.0:8443", "", "relay.example:6768", true, "https://relay.example:8443", true},
		{"[::]:8080", "", "", false, "http://[::]:8080", false},
		{"127.0.0.1:8080", "https://drops.example", "relay.example", false, "https://drops.example", true},
		{"[::]:80", "", "[2001:db8::1]", false, "http://[2001:db8::1]", true},
	}
	for _, test := range tests {
		o := &relayOptions{address: test.address}
		o.store.public = test.public
		if origin, known := o.originOf(test.listens, test.secure); origin != test.origin || known != test.known {
			t.Errorf("%+v: %q, %t", test, origin, known)
		}
	}
}
