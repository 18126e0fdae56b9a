package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/drops"
)

// raw sends text to a site, and returns the first line and the rest of what comes.
func (s *site) raw(text string) (status, rest string) {
	s.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	go io.WriteString(c, text) // what it does not want to read is not to stop us
	b, _ := io.ReadAll(io.LimitReader(c, 1<<20))
	status, rest, _ = strings.Cut(string(b), "\r\n")
	return status, rest
}

// What is no HTTP, or is a trick, is refused.
// It holds M98, M99, M100, M107, M109.
func TestRawRequests(t *testing.T) {
	s := newSite(t, nil)
	b := []byte("0123456789")
	put := "PUT " + s.blob(b) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	for _, x := range []struct{ why, text, status string }{
		{"a header of 10 MB", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 10<<20) + "\r\n\r\n", "431"},
		{"10,000 headers", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: a\r\n", 10000) + "\r\n", "431"},
		{"two lengths", put + "Content-Length: 10\r\nContent-Length: 11\r\n\r\n0123456789", "400"},
		{"a negative length", put + "Content-Length: -1\r\n\r\n", "400"},
		{"a length that fits nowhere", put + "Content-Length: 9223372036854775808\r\n\r\n", "400"},
		{"a bad chunk size", put + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
		{"another coding", put + "Transfer-Encoding: gzip\r\n\r\n", "501"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"no colon", "GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n", "400"},
		{"a folded line first", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400"},
		{"a tunnel", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n", "40"},
		{"TRACE", "TRACE " + s.blob(b) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: secret\r\n\r\n", "405"},
		{"another host", "GET http://169.254.169.254/d HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n", "400"},
		{"HTTP/2 by upgrade", "GET /d HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", "400"},
		{"a body that is longer", put + "Content-Length: 10\r\n\r\n0123456789GET / HTTP/1.1\r\n", "201"},
		{"a length and chunks", put + "Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", "200"},
	} {
		status, rest := s.raw(x.text)
		_, body, _ := strings.Cut(rest, "\r\n\r\n")
		if !strings.HasPrefix(status, "HTTP/1.1 "+x.status) || x.status >= "400" && (asked{body: []byte(body)}).kind() == "" {
			t.Errorf("%s: %q %.200q", x.why, status, rest)
		} else if strings.Contains(rest, "HTTP/1.1 ") || strings.Contains(rest, "secret") {
			t.Errorf("%s has two answers, or is an echo: %.300q", x.why, rest)
		}
	}
	s.want(s.ask("DELETE", s.blob(b), nil), 204, "")
	// What is packed stays packed: nobody can have us unpack a bomb.
	packed := []byte("\x1f\x8b\x08 and so on")
	s.want(s.ask("PUT", s.blob(packed), bytes.NewReader(packed), "Content-Encoding", "gzip"), 201, "")
	if a := s.ask("GET", s.blob(packed), nil, "Accept-Encoding", "identity"); !bytes.Equal(a.body, packed) {
		t.Errorf("%d %q", a.status, a.body)
	}
	s.want(s.ask("DELETE", s.blob(packed), nil), 204, "")
	// A body that ends early: who sent it has gone, and nothing is kept.
	for _, head := range []string{"Content-Length: 10\r\n\r\n01234", "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n"} {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, put+head)
		c.(*net.TCPConn).CloseWrite()
		c.SetDeadline(time.Now().Add(time.Minute))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != 400 {
			t.Errorf("%q: %v, %v", head, resp, err)
		}
		c.Close()
	}
	if keys := s.kept(); len(keys) > 0 {
		t.Errorf("kept: %v", keys)
	}
}

// Only what net/http says by itself is changed on its way.
func TestAsJSON(t *testing.T) {
	const plain = "HTTP/1.1 400 Bad Request" + plainHead
	for text, want := range map[string]string{
		plain + "400 Bad Request":            `{"error":{"kind":"invalid","message":"400 Bad Request"}}`,
		plain + "a \"b\"":                    `{"error":{"kind":"invalid","message":"a \"b\""}}`,
		"HTTP/1.1 431 X" + plainHead + "431": `{"error":{"kind":"limit","message":"431"}}`,
		"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n": `{"error":{"kind":"invalid","message":"Client sent an HTTP request to an HTTPS server."}}`,
		"HTTP/1.1 200 OK" + plainHead + "x":                                                 "",
		"HTTP/1.1 100 Continue\r\n\r\n":                                                     "",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx":                              "",
		"HTTP/1.1 204 No Content\r\n\r\n":                                                   "",
		"HTTP/1.":                                                                           "",
		"HTTP/1.1" + plainHead:                                                              "",
		"{}":                                                                                "",
		plain + strings.Repeat("x", 600):                                                    "",
	} {
		_, got, _ := strings.Cut(string(asJSON([]byte(text))), "\r\n\r\n")
		if strings.TrimSpace(got) != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// How long is waited for the next byte of a body depends on what came: less than a
// second of modem for each second, and never longer than half a minute.
// It holds M101.
func TestBodyDeadline(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, x := range []struct {
		after time.Duration
		n     int64
		want  time.Duration // after start
	}{
		{0, 0, 10 * time.Second},
		{9 * time.Second, 9, 10*time.Second + 9*time.Second/1024},
		{20 * time.Second, 15 << 10, 25 * time.Second},
		{20 * time.Second, 1 << 30, 50 * time.Second},
		{time.Hour, 1 << 62, time.Hour + 30*time.Second},
	} {
		if got := bodyDeadline(bodyGrace, start, start.Add(x.after), x.n).Sub(start); got != x.want {
			t.Errorf("%v, %d bytes: %v, want %v", x.after, x.n, got, x.want)
		}
	}
}

// Who sends a body too slowly is told so, nothing of it is kept, and his connection is
// closed.
// It holds M101.
func TestSlowBody(t *testing.T) {
	s := newSite(t, nil)
	hasty := New(s.h.cfg)
	hasty.grace = 100 * time.Millisecond
	s.now.Store(hasty)
	b := random(1000)
	r, w := io.Pipe()
	defer w.Close()
	req, err := http.NewRequestWithContext(t.Context(), "PUT", s.url+s.blob(b), r)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 1000
	go w.Write(b[:10]) // and nothing more
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 408 || !bytes.Contains(body, []byte(`"timeout"`)) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if keys := s.kept(); len(keys) > 0 {
		t.Errorf("kept: %v", keys)
	}
}

// Who does not finish a header is cut off. It holds M100.
func TestSlowHeader(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own := NewServer(http.NotFoundHandler(), nil, nil)
	if own.ReadHeaderTimeout <= 0 || own.ReadHeaderTimeout > time.Minute {
		t.Fatalf("a header has %v", own.ReadHeaderTimeout)
	}
	own.ReadHeaderTimeout = 10 * time.Millisecond
	go own.Serve(l)
	defer own.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) || strings.HasPrefix(string(b), "HTTP/1.1 404") {
		t.Errorf("%q, %v", b, err)
	}
}

// What a header says about where somebody comes from counts only if a proxy says it.
// It holds M106.
func TestClientOf(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, x := range []struct {
		remote string
		told   []string
		want   string
	}{
		{"1.2.3.4:5", nil, "1.2.3.4"},
		{"1.2.3.4:5", []string{"9.9.9.9"}, "1.2.3.4"},
		{"10.0.0.1:5", []string{"9.9.9.9"}, "9.9.9.9"},
		{"[::ffff:10.0.0.1]:5", []string{"9.9.9.9"}, "9.9.9.9"},
		{"10.0.0.1:5", []string{"6.6.6.6, 9.9.9.9"}, "9.9.9.9"},
		{"10.0.0.1:5", []string{"6.6.6.6", "9.9.9.9, 10.0.0.2"}, "9.9.9.9"},
		{"10.0.0.1:5", []string{"9.9.9.9:80"}, "9.9.9.9"},
		{"10.0.0.1:5", []string{"garbage"}, "10.0.0.1"},
		{"10.0.0.1:5", []string{"9.9.9.9, garbage"}, "10.0.0.1"},
		{"10.0.0.1:5", nil, "10.0.0.1"},
		{"[fd00::1]:5", []string{"2001:db8::1"}, "2001:db8::1"},
	} {
		r := &http.Request{RemoteAddr: x.remote, Header: http.Header{"X-Forwarded-For": x.told}}
		if got := clientOf(r, proxies); got.String() != x.want {
			t.Errorf("%s %q: %v, want %s", x.remote, x.told, got, x.want)
		}
	}
}

// Pages of origins that are configured may ask, and no others.
// It holds M108.
func TestCORS(t *testing.T) {
	s := newSite(t, func(c *Config, _ *blobs.Config, _ *drops.Limits) { c.Origins = []string{"https://a.example"} })
	for origin, want := range map[string]string{"https://a.example": "https://a.example", "https://b.example": "", "": "", "null": ""} {
		a := s.ask("OPTIONS", "/d", nil, "Origin", origin, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "bargee-owner")
		if got := a.head.Get("Access-Control-Allow-Origin"); got != want || (want != "") != (a.status == 204) {
			t.Errorf("%s: %d %q", origin, a.status, got)
		}
		if want != "" && !strings.Contains(a.head.Get("Access-Control-Allow-Headers"), "Bargee-Owner") {
			t.Errorf("%v", a.head)
		}
		if a := s.ask("GET", "/"+s.server, nil, "Origin", origin); a.head.Get("Access-Control-Allow-Origin") != want || !strings.Contains(a.head.Get("Vary"), "Origin") {
			t.Errorf("%s: %v", origin, a.head)
		}
	}
}

// Nothing that lets somebody in is in what is logged.
func TestRedact(t *testing.T) {
	h := New(Config{ServerID: strings.Repeat("0f", 16)})
	id := strings.Repeat("ab", 16)
	for path, want := range map[string]string{
		"/" + h.cfg.ServerID + "/list":              "/[server]/list",
		"/" + id:                                    "/[server]",
		"/d/" + id + "/list":                        "/d/abababab../list",
		"/x/" + h.cfg.ServerID + "y":                "/x/[redacted]",
		"/x" + strings.ToUpper(h.cfg.ServerID):      "/[redacted]",
		"/a\nb":                                     "/a?b",
		"/" + strings.Repeat("z", 500):              "/" + strings.Repeat("z", mostPath-1) + "..",
		fmt.Sprintf("/d/%s/%s", id, h.cfg.ServerID): "/d/abababab../[server]",
	} {
		if got := h.redact(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// A listener that is full accepts again when a connection is closed.
func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, 1)
	dial := func() {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	dial()
	dial()
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := first.(io.ReaderFrom); !ok {
		t.Error("files would be copied")
	}
	second := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		second <- err
	}()
	select {
	case err := <-second:
		t.Errorf("two at a time: %v", err)
	default:
	}
	first.Close()
	first.Close()
	if err := <-second; err != nil {
		t.Error(err)
	}
	go l.Accept()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("it accepts after its end")
	}
}
