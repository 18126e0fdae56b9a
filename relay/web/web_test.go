package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
)

// A site is a handler that is served, with all it has.
type site struct {
	t      *testing.T
	url    string
	server string // id
	key    string // of a key with all rights
	h      *Handler
	bucket bucket.Bucket
	now    atomic.Pointer[Handler] // that answers

	mu      sync.Mutex
	entries []Entry
	faults  []error
}

// mostHere is how many connections a site takes.
const mostHere = 1000

// newSite serves a handler over HTTP; change may be nil.
func newSite(t *testing.T, change func(*Config, *blobs.Config, *drops.Limits)) *site {
	t.Helper()
	b, err := bucket.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return newSiteOn(t, b, change)
}

// newSiteOn is newSite with a bucket, which it closes.
func newSiteOn(t *testing.T, b bucket.Bucket, change func(*Config, *blobs.Config, *drops.Limits)) *site {
	t.Helper()
	dir := t.TempDir()
	var err error
	s := &site{t: t, server: NewServerID(), bucket: b}
	k, secret := NewKey()
	k.Rights, s.key = Rights, secret
	cfg := Config{ServerID: s.server, Keys: new(Keys), Access: func(e Entry) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.entries = append(s.entries, e)
	}, Fault: func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = append(s.faults, err)
	}}
	cfg.Keys.Set([]Key{k})
	cfg.History = OpenHistory(dir+"/history", cfg.Fault)
	var limits drops.Limits
	bc := blobs.Config{Bucket: b, Scratch: dir + "/scratch"}
	if change != nil {
		change(&cfg, &bc, &limits)
	}
	if cfg.Drops, err = drops.Open(t.Context(), drops.Config{Bucket: b, Limits: limits}); err != nil {
		t.Fatal(err)
	}
	bc.Quota = cfg.Drops.Quota()
	if cfg.Blobs, err = blobs.Open(t.Context(), bc); err != nil {
		t.Fatal(err)
	}
	s.h = New(cfg)
	s.now.Store(s.h)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.h.Run(ctx) })
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.now.Load().ServeHTTP(w, r) })
	hs := httptest.NewUnstartedServer(answer)
	own := NewServer(answer, nil, nil)
	own.Addr = hs.Config.Addr
	hs.Config = own
	hs.Listener = Limit(hs.Listener, mostHere)
	hs.Start()
	s.url = hs.URL
	t.Cleanup(func() {
		stop()
		running.Wait()
		hs.Close()
		cfg.Blobs.Close()
		b.Close()
	})
	return s
}

// with has another store of blobs answer.
func (s *site) with(b *blobs.Store) {
	cfg := s.h.cfg
	cfg.Blobs = b
	s.now.Store(New(cfg))
}

// An asked is an answer.
type asked struct {
	status int
	head   http.Header
	body   []byte
}

// kind is what the error of an answer is.
func (a asked) kind() string {
	var e struct {
		Error struct{ Kind, Message string }
	}
	if json.Unmarshal(a.body, &e) != nil || e.Error.Kind != "" && e.Error.Message == "" {
		return ""
	}
	return e.Error.Kind
}

// ask makes a request; head has names and values by turns.
func (s *site) ask(method, path string, body io.Reader, head ...string) asked {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return asked{resp.StatusCode, resp.Header, b}
}

// want fails unless an answer has a status and a kind.
func (s *site) want(a asked, status int, kind string) {
	s.t.Helper()
	if a.status != status || a.kind() != kind {
		s.t.Errorf("%d %s, want %d %s", a.status, a.body, status, kind)
	}
}

// blob is the path of what has these bytes.
func (s *site) blob(b []byte) string {
	sum := sha256.Sum256(b)
	return "/" + s.server + "/" + hex.EncodeToString(sum[:])
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// kept lists the objects there are.
func (s *site) kept() (keys []string) {
	s.t.Helper()
	for o, err := range s.bucket.List(s.t.Context(), "") {
		if err != nil {
			s.t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// Wrong paths and methods are told as what they are, and nothing is said of what is
// there.
// It holds M95, M96, M111.
func TestRoutes(t *testing.T) {
	s := newSite(t, func(c *Config, _ *blobs.Config, _ *drops.Limits) {
		c.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "page") })
	})
	id, digest := strings.Repeat("ab", 16), strings.Repeat("cd", 32)
	for _, x := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/d/" + id, 404, "not-found"},
		{"GET", "/d/" + strings.ToUpper(id), 404, "not-found"},
		{"GET", "/d/" + id[1:], 404, "not-found"},
		{"GET", "/d/" + id + "0", 404, "not-found"},
		{"GET", "/d/" + id + "/", 404, "not-found"},
		{"GET", "/d/../../etc/passwd", 404, "not-found"},
		{"GET", "/d/%2e%2e%2f" + id, 404, "not-found"},
		{"GET", "/d/%252e%252e%252f" + id, 404, "not-found"},
		{"GET", "/d//" + id, 404, "not-found"},
		{"GET", "/d/" + id + ";x", 404, "not-found"},
		{"GET", "/d/" + id + "%5c", 404, "not-found"},
		{"GET", "/d/" + strings.Repeat("%C2%B2", 32), 404, "not-found"},
		{"GET", "/d/" + id + "/" + digest + "/x", 404, "not-found"},
		{"GET", "/d/" + id + "/" + digest[1:], 404, "not-found"},
		{"PATCH", "/d/" + id, 405, "invalid"},
		{"GET", "/d/" + id + "/missing", 405, "invalid"},
		{"PUT", "/d", 405, "invalid"},
		{"GET", "/d", 400, "invalid"},
		{"GET", "/d?mine", 401, "auth"},
		{"POST", "/d", 401, "auth"},
		{"PUT", "/d/" + id + "/" + digest, 401, "auth"},
		{"DELETE", "/d/" + id, 401, "auth"},
		{"GET", "/" + id, 404, "not-found"}, // another server
		{"GET", "/" + id + "/" + digest, 404, "not-found"},
		{"DELETE", "/" + id, 404, "not-found"},
		{"GET", "/" + s.server + "/" + digest, 404, "not-found"},
		{"HEAD", "/" + s.server + "/" + digest, 404, ""},
		{"DELETE", "/" + s.server + "/" + digest, 404, "not-found"},
		{"GET", "/" + s.server + "/" + digest[1:], 404, "not-found"},
		{"PUT", "/" + s.server + "/" + strings.ToUpper(digest), 404, "not-found"},
		{"PUT", "/" + s.server + "/../x", 404, "not-found"},
		{"POST", "/" + s.server + "/" + digest, 405, "invalid"},
		{"POST", "/" + s.server, 405, "invalid"},
		{"DELETE", "/" + s.server, 403, "permission"},
		{"GET", "/" + s.server + "/nothing", 404, "not-found"},
		{"PUT", "/x", 404, "not-found"},
		{"GET", "/", 200, ""},
	} {
		a := s.ask(x.method, x.path, nil)
		if a.status != x.status || a.kind() != x.kind {
			t.Errorf("%s %s: %d %s, want %d %s", x.method, x.path, a.status, a.body, x.status, x.kind)
		}
		if a.head.Get("X-Content-Type-Options") != "nosniff" || a.head.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s %s: %v", x.method, x.path, a.head)
		}
	}
	if keys := s.kept(); len(keys) > 0 {
		t.Errorf("kept: %v", keys)
	}
}

// A key is good in its header, and nowhere else; it does what it may.
// It holds M94, M108.
func TestKeys(t *testing.T) {
	s := newSite(t, func(c *Config, _ *blobs.Config, _ *drops.Limits) { c.NeedKey = true })
	reader, secret := NewKey()
	reader.Rights = []Right{Read}
	old, gone := NewKey()
	old.Rights, old.Expires = Rights, old.Made.AddDate(1, 0, 0)
	all := s.h.cfg.Keys.by.Load()
	keys := []Key{reader, old}
	for _, k := range *all {
		keys = append(keys, k)
	}
	text, err := FormatKeys(keys)
	if err != nil || bytes.Contains(text, []byte("bgk_")) {
		t.Fatalf("%s, %v", text, err)
	}
	again, err := ParseKeys(text)
	if err != nil || len(again) != 3 {
		t.Fatal(again, err)
	}
	s.h.cfg.Keys.Set(again)
	b := random(100)
	at := s.blob(b)
	for _, x := range []struct {
		why    string
		header string
		query  string
		status int
		kind   string
	}{
		{"none", "", "", 401, "auth"},
		{"in the query", "", "?key=" + s.key, 401, "auth"},
		{"wrong", "Bearer bgk_" + strings.Repeat("a", 26), "", 401, "auth"},
		{"expired", "Bearer " + gone, "", 401, "auth"},
		{"basic", "Basic " + s.key, "", 401, "auth"},
		{"server id", "Bearer " + s.server, "", 401, "auth"},
		{"reader", "Bearer " + secret, "", 403, "permission"},
		{"good", "Bearer " + s.key, "", 201, ""},
	} {
		head := []string{"Cookie", "key=" + s.key}
		if x.header != "" {
			head = append(head, "Authorization", x.header)
		}
		if a := s.ask("PUT", at+x.query, bytes.NewReader(b), head...); a.status != x.status || a.kind() != x.kind {
			t.Errorf("%s: %d %s", x.why, a.status, a.body)
		}
	}
	if a := s.ask("GET", at, nil, "Authorization", "Bearer "+secret); !bytes.Equal(a.body, b) {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, wrong := range []string{"{", `{"id":"a"}`, `{"id":"","sha256":"` + reader.Hash + `"}`, `{"id":"a","sha256":"zz"}`, `{"id":"a","sha256":"` + reader.Hash + `","quota":-1}`} {
		if _, err := ParseKeys([]byte(wrong)); err == nil {
			t.Errorf("%s is a key", wrong)
		}
	}
	if _, err := ParseRights("read,all"); err == nil {
		t.Error("all is no right among others")
	}
}
