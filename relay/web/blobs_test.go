package web

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
)

// Bytes are kept if they are what their digest says, and come back whole, in part, or
// not at all if they are known already.
// It holds M102.
func TestBlob(t *testing.T) { testBlobVerbs(newSite(t, nil)) }

func testBlobVerbs(s *site) {
	t := s.t
	b := random(100_000)
	at := s.blob(b)
	a := s.ask("PUT", at, bytes.NewReader(b), "Bargee-Name", "a%20b.txt", "Content-Type", "text/plain", "Bargee-Tags", "red,big%2Cone", "Bargee-Meta-Where", "here", "Bargee-TTL", "3600")
	s.want(a, 201, "")
	etag := a.head.Get("Etag")
	s.want(s.ask("PUT", at, bytes.NewReader(b)), 200, "")
	s.want(s.ask("PUT", at, bytes.NewReader(b), "If-None-Match", "*"), 412, "exists")
	s.want(s.ask("PUT", at, bytes.NewReader(random(100_000))), 422, "integrity")
	a = s.ask("GET", at, nil)
	if s.want(a, 200, ""); !bytes.Equal(a.body, b) {
		t.Error("other bytes")
	}
	for key, want := range map[string]string{
		"Etag": etag, "Content-Type": "text/plain", "Content-Disposition": `attachment; filename="a b.txt"`, "Bargee-Tags": "big%2Cone,red",
		"Bargee-Meta-Where": "here", "Content-Security-Policy": "sandbox; default-src 'none'", "Accept-Ranges": "bytes",
	} {
		if got := a.head.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	for _, x := range []struct {
		method string
		head   []string
		status int
		body   []byte
	}{
		{"HEAD", nil, 200, nil},
		{"GET", []string{"Range", "bytes=10-19"}, 206, b[10:20]},
		{"GET", []string{"Range", "bytes=99990-"}, 206, b[99990:]},
		{"GET", []string{"Range", "bytes=-5"}, 206, b[99995:]},
		{"GET", []string{"Range", "bytes=10-19", "If-Range", etag}, 206, b[10:20]},
		{"GET", []string{"Range", "bytes=10-19", "If-Range", `"other"`}, 200, b},
		{"GET", []string{"If-None-Match", etag}, 304, nil},
		{"GET", []string{"If-Match", etag}, 200, b},
	} {
		if a := s.ask(x.method, at, nil, x.head...); a.status != x.status || !bytes.Equal(a.body, x.body) {
			t.Errorf("%s %v: %d, %d bytes", x.method, x.head, a.status, len(a.body))
		}
	}
	s.want(s.ask("GET", at, nil, "Range", "bytes=100000-"), 416, "invalid")
	s.want(s.ask("GET", at, nil, "Range", "bytes="+strings.Repeat("0-,", 1000)+"0-"), 416, "invalid")
	s.want(s.ask("GET", at, nil, "Range", "bytes=x"), 416, "invalid")
	s.want(s.ask("GET", at, nil, "If-Match", `"other"`), 412, "exists")
	s.want(s.ask("PATCH", at, strings.NewReader(`{"name":"c","tags":["blue"],"ttl_s":0}`)), 200, "")
	if a := s.ask("HEAD", at, nil); a.head.Get("Bargee-Tags") != "blue" || a.head.Get("Bargee-Expires") != "" || a.head.Get("Bargee-Meta-Where") != "here" {
		t.Errorf("%v", a.head)
	}
	s.want(s.ask("PATCH", at, strings.NewReader(`{"type":"nonsense/"}`)), 400, "invalid")
	s.want(s.ask("DELETE", at, nil), 204, "")
	s.want(s.ask("GET", at, nil), 404, "not-found")
	s.want(s.ask("DELETE", at, nil), 404, "not-found")
	if keys := s.kept(); len(keys) > 0 {
		t.Errorf("kept: %v", keys)
	}
}

// What is wrong is refused with the right status, before the first byte where that can
// be, and nothing is kept.
// It holds M97.
func TestBlobRefused(t *testing.T) {
	s := newSite(t, func(_ *Config, b *blobs.Config, l *drops.Limits) { b.Limits.Object, l.PerAccount = 1000, 1500 })
	b := random(900)
	at := s.blob(b)
	chunked := func(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }
	s.want(s.ask("PUT", at, bytes.NewReader(random(900))), 422, "integrity")
	s.want(s.ask("PUT", at, chunked(random(900))), 422, "integrity")
	s.want(s.ask("PUT", at, bytes.NewReader(random(1001))), 413, "limit")
	s.want(s.ask("PUT", at, chunked(random(1001))), 413, "limit")
	s.want(s.ask("PUT", at, chunked(random(5<<20))), 413, "limit")
	for _, head := range [][]string{{"Bargee-TTL", "-1"}, {"Bargee-TTL", "x"}, {"Bargee-Name", "%zz"}, {"Bargee-Name", "a%0ab"}, {"Bargee-Tags", "a,,b"},
		{"Bargee-Tags", strings.Repeat("a,", 40)}, {"Content-Type", "/"}, {"Bargee-Meta-A", "%"}, {"Content-Range", "bytes 0-1"}, {"Content-Range", "bytes 0-899/900x"},
		{"Content-Range", "bytes 5-2/900"}, {"Content-Range", "bytes 0-900/900"}, {"Content-Range", "bytes 0-9/900"}, {"Content-Range", "bytes -1-9/900"},
		{"Content-Range", "bytes 0-899/99999999999999999999"}, {"Content-Range", "bytes */900"}} {
		if a := s.ask("PUT", at, bytes.NewReader(b), head...); a.status != 400 || a.kind() != "invalid" {
			t.Errorf("%v: %d %s", head, a.status, a.body)
		}
	}
	if keys := s.kept(); len(keys) > 0 {
		t.Errorf("kept: %v", keys)
	}
	s.want(s.ask("PUT", at, chunked(b)), 201, "")
	other := random(900)
	s.want(s.ask("PUT", s.blob(other), bytes.NewReader(other)), 507, "limit")
	s.want(s.ask("PUT", s.blob(other), bytes.NewReader(other), "Authorization", "Bearer "+s.key), 201, "") // another account
	s.want(s.ask("DELETE", at, nil), 204, "")
	s.want(s.ask("PUT", at, bytes.NewReader(b)), 201, "") // there is room again
}

// An upload in pieces goes on where it broke off, also after a restart, and only there.
// It holds M103.
func TestBlobInPieces(t *testing.T) {
	var cfg blobs.Config
	s := newSite(t, func(_ *Config, b *blobs.Config, _ *drops.Limits) { cfg = *b })
	b := random(10_000)
	at := s.blob(b)
	piece := func(from, to int) asked {
		t.Helper()
		return s.ask("PUT", at, bytes.NewReader(b[from:to]), "Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(b)))
	}
	where := func(want string) {
		t.Helper()
		if a := s.ask("PUT", at, nil, "Content-Range", "bytes */10000"); a.head.Get("Bargee-Received") != want {
			t.Errorf("%d %s, want %s", a.status, a.body, want)
		}
	}
	where("0")
	s.want(piece(0, 4000), 202, "")
	where("4000")
	a := piece(5000, 10000)
	if s.want(a, 409, "invalid"); a.head.Get("Bargee-Received") != "4000" {
		t.Errorf("%v", a.head)
	}
	s.want(piece(0, 4000), 409, "invalid")
	s.want(s.ask("GET", at, nil), 404, "not-found")
	again, err := blobs.Open(t.Context(), blobs.Config{Bucket: s.bucket, Scratch: cfg.Scratch}) // a restart
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	s.with(again)
	where("4000")
	s.want(piece(4000, 9999), 202, "")
	s.want(piece(9999, 10000), 201, "")
	if a := s.ask("GET", at, nil); !bytes.Equal(a.body, b) {
		t.Errorf("%d", a.status)
	}
	where("10000")
	wrong := random(100)
	at = s.blob(b[:100])
	s.want(s.ask("PUT", at, bytes.NewReader(wrong), "Content-Range", "bytes 0-99/100"), 422, "integrity")
	if a := s.ask("PUT", at, nil, "Content-Range", "bytes */100"); a.head.Get("Bargee-Received") != "0" {
		t.Errorf("%v", a.head)
	}
}

// While a piece comes in, another one for the same place is told to wait, and changes
// nothing. It holds M103.
func TestPiecesAtOnce(t *testing.T) {
	s := newSite(t, nil)
	b := random(1000)
	r, w := io.Pipe()
	first := make(chan asked, 1)
	put := func(body io.Reader, from, to int) asked {
		req := httptest.NewRequest("PUT", s.blob(b), body)
		req.ContentLength = int64(to - from)
		req.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/1000", from, to-1))
		out := httptest.NewRecorder()
		s.h.As(Caller{Account: "token"}).ServeHTTP(out, req)
		return asked{out.Code, out.Header(), out.Body.Bytes()}
	}
	go func() { first <- put(r, 0, 600) }()
	w.Write(b[:300]) // the first one is in the middle of it
	s.want(put(bytes.NewReader(random(600)), 0, 600), 423, "busy")
	w.Write(b[300:600])
	w.Close()
	s.want(<-first, 202, "")
	s.want(put(bytes.NewReader(b[600:]), 600, 1000), 201, "")
}

// Two who store the same at once, and one who removes it meanwhile, leave all of it or
// nothing.
func TestBlobAtOnce(t *testing.T) { testBlobAtOnce(newSite(t, nil)) }

func testBlobAtOnce(s *site) {
	t := s.t
	b := random(300_000)
	at := s.blob(b)
	var all sync.WaitGroup
	var stored atomic.Int32
	for i := range 24 {
		all.Go(func() {
			if i%3 == 2 {
				if a := s.ask("DELETE", at, nil); !slices.Contains([]int{204, 404, 423}, a.status) {
					t.Errorf("DELETE: %d %s", a.status, a.body)
				}
				return
			}
			switch a := s.ask("PUT", at, bytes.NewReader(b)); a.status {
			case 201:
				stored.Add(1)
			case 200, 423:
			default:
				t.Errorf("PUT: %d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	a := s.ask("GET", at, nil)
	switch a.status {
	case 200:
		if !bytes.Equal(a.body, b) || len(s.kept()) != 2 {
			t.Errorf("%d bytes, %v", len(a.body), s.kept())
		}
	case 404:
		if keys := s.kept(); len(keys) > 0 || stored.Load() == 0 {
			t.Errorf("kept: %v, stored %d times", keys, stored.Load())
		}
	default:
		t.Errorf("%d %s", a.status, a.body)
	}
	if u := s.h.theBlobs().Usage(); a.status == 200 && u.Bytes != 300_000 || a.status == 404 && u.Bytes != 0 {
		t.Errorf("%+v", u)
	}
}

// Blobs may be addressed by BLAKE3.
func TestBlobByBlake3(t *testing.T) {
	s := newSite(t, func(_ *Config, b *blobs.Config, _ *drops.Limits) { b.Hash = "blake3" })
	b := random(6 << 20)
	at := fmt.Sprintf("/%s/%x", s.server, blake3.Sum256(b))
	s.want(s.ask("PUT", s.blob(b), bytes.NewReader(b)), 422, "integrity")
	s.want(s.ask("PUT", at, bytes.NewReader(b)), 201, "")
	if a := s.ask("GET", at, nil); !bytes.Equal(a.body, b) {
		t.Errorf("%d", a.status)
	}
}

// Several files come as one zip, under names that are good and their own; lists are by
// tags, page by page.
func TestZipAndList(t *testing.T) {
	s := newSite(t, nil)
	var digests []string
	for i, name := range []string{"a.txt", "A.txt", "../../etc/passwd", "", `c:\d\e.txt`} {
		b := fmt.Appendf(nil, "file %d", i)
		s.want(s.ask("PUT", s.blob(b), bytes.NewReader(b), "Bargee-Name", name, "Bargee-Tags", "t,n"+fmt.Sprint(i%2)), 201, "")
		digests = append(digests, fmt.Sprintf("%x", sha256.Sum256(b)))
	}
	a := s.ask("GET", "/"+s.server+"/zip?digest="+strings.Join(digests, "&digest="), nil)
	s.want(a, 200, "")
	z, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); err != nil || string(b) != fmt.Sprintf("file %d", i) {
			t.Errorf("%s: %q, %v", f.Name, b, err)
		}
		names = append(names, f.Name)
	}
	if want := []string{"a.txt", "A (2).txt", "passwd", digests[3], "e.txt"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	if a := s.ask("POST", "/"+s.server+"/zip", strings.NewReader(`{"tags":["t","n1"]}`)); a.status != 200 || a.head.Get("Content-Disposition") == "" {
		t.Errorf("%d %v", a.status, a.head)
	}
	s.want(s.ask("GET", "/"+s.server+"/zip?digest="+strings.Repeat("0", 64), nil), 404, "not-found")
	s.want(s.ask("GET", "/"+s.server+"/zip", nil), 400, "invalid")
	var page struct {
		Blobs []blobs.Info
		After string
	}
	var seen []string
	for after := ""; ; after = page.After {
		page.After = ""
		a := s.ask("GET", "/"+s.server+"/list?tag=t&tag=n0&limit=2&after="+after, nil)
		if err := json.Unmarshal(a.body, &page); err != nil || len(page.Blobs) == 0 || len(page.Blobs) > 2 {
			t.Fatalf("%s, %v", a.body, err)
		}
		for _, i := range page.Blobs {
			seen = append(seen, i.Digest.String())
		}
		if page.After == "" {
			break
		}
	}
	want := []string{digests[0], digests[2], digests[4]}
	if slices.Sort(want); !slices.Equal(seen, want) {
		t.Errorf("%v, want %v", seen, want)
	}
	s.want(s.ask("GET", "/"+s.server+"/list?limit=0", nil), 400, "invalid")
}

// The history says what was asked, by whom, and how it went, but neither the server
// id nor a drop's.
func TestHistory(t *testing.T) {
	s := newSite(t, nil)
	b := random(10)
	at := s.blob(b)
	s.want(s.ask("PUT", at, bytes.NewReader(b), "Authorization", "Bearer "+s.key), 201, "")
	s.want(s.ask("GET", at, nil), 200, "")
	s.want(s.ask("GET", at+"x", nil), 404, "not-found")
	id := strings.Repeat("5a", 16)
	s.want(s.ask("GET", "/d/"+id, nil), 404, "not-found")
	var h struct{ Entries []Entry }
	a := s.ask("GET", "/"+s.server+"/history?limit=10", nil)
	if err := json.Unmarshal(a.body, &h); err != nil || len(h.Entries) != 4 || h.Entries[3].Method != "PUT" || h.Entries[3].In != 10 || h.Entries[3].Digest == "" {
		t.Fatalf("%s, %v", a.body, err)
	}
	for _, secret := range []string{s.server, id, s.key} {
		if bytes.Contains(a.body, []byte(secret)) {
			t.Errorf("%s is in %s", secret, a.body)
		}
	}
	for query, n := range map[string]int{"method=put": 1, "status=404": 2, "status=4xx": 2, "status=2xx": 3, "account=server": 3, "digest=" + at[34:]: 2, "from=2100-01-01T00:00:00Z": 0, "limit=1": 1, "offset=100": 0} {
		h.Entries = nil
		a := s.ask("GET", "/"+s.server+"/history?"+query, nil)
		if err := json.Unmarshal(a.body, &h); err != nil || (len(h.Entries) != n && query != "status=2xx" && query != "account=server") {
			t.Errorf("%s: %d, want %d: %s", query, len(h.Entries), n, a.body)
		}
	}
	for _, query := range []string{"from=x", "status=9xx", "limit=0", "limit=1001", "offset=-1"} {
		s.want(s.ask("GET", "/"+s.server+"/history?"+query, nil), 400, "invalid")
	}
	var st struct {
		Requests historySum
		Stored   blobs.Usage
	}
	a = s.ask("GET", "/"+s.server+"/stats?method=PUT", nil)
	if err := json.Unmarshal(a.body, &st); err != nil || st.Requests.Requests != 1 || st.Requests.In != 10 || st.Stored.Blobs != 1 || st.Requests.Statuses["201"] != 1 {
		t.Errorf("%s, %v", a.body, err)
	}
}

// Who listens hears what happens, from where he was.
func TestEvents(t *testing.T) {
	s := newSite(t, nil)
	listen := func(query, last string) *bufio.Scanner {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/"+s.server+"/events"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Last-Event-ID", last)
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatal(resp, err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return bufio.NewScanner(resp.Body)
	}
	next := func(l *bufio.Scanner) (id string, e Event) {
		t.Helper()
		for l.Scan() {
			if word, ok := strings.CutPrefix(l.Text(), "id: "); ok {
				id = word
			}
			if word, ok := strings.CutPrefix(l.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(word), &e); err != nil {
					t.Fatal(err)
				}
				return id, e
			}
		}
		t.Fatal(l.Err())
		return "", e
	}
	all, red := listen("", ""), listen("?tag=red&kind=stored", "")
	plain, tagged := []byte("plain"), []byte("tagged")
	s.want(s.ask("PUT", s.blob(plain), bytes.NewReader(plain)), 201, "")
	s.want(s.ask("PUT", s.blob(tagged), bytes.NewReader(tagged), "Bargee-Tags", "red"), 201, "")
	s.want(s.ask("DELETE", s.blob(plain), nil), 204, "")
	first, e := next(all)
	if e.Kind != "stored" || e.Size != 5 {
		t.Errorf("%+v", e)
	}
	if _, e := next(red); e.Kind != "stored" || e.Size != 6 {
		t.Errorf("%+v", e)
	}
	later := listen("?kind=removed", first)
	if _, e := next(later); e.Kind != "removed" || e.Size != 5 {
		t.Errorf("%+v", e)
	}
	if r := s.ask("GET", "/"+s.server+"/events", nil, "Last-Event-Id", "x"); r.status != 400 {
		t.Errorf("%d", r.status)
	}
}

// A listener that does not keep up is let go, and told what he missed.
func TestHub(t *testing.T) {
	h := newHub(time.Unix(1, 0))
	slow, _, _, _ := h.listen(0)
	for range behind + 1 {
		h.publish(Event{})
	}
	n := 0
	var first Event
	for e := range slow {
		if n++; n == 1 {
			first = e
		}
	}
	if n != behind {
		t.Errorf("%d events before he was let go", n)
	}
	if _, missed, whole, ok := h.listen(first.ID); !ok || !whole || len(missed) != behind {
		t.Errorf("%d missed, whole %v", len(missed), whole)
	}
	for range kept {
		h.publish(Event{})
	}
	if _, _, whole, _ := h.listen(first.ID); whole {
		t.Error("nothing is lost, it says")
	}
	h.close()
	if _, _, _, ok := h.listen(0); ok {
		t.Error("it listens after the end")
	}
}

// A server that may be ended over HTTP ends once it has said so.
func TestShutdown(t *testing.T) {
	var told atomic.Int32
	s := newSite(t, func(c *Config, _ *blobs.Config, _ *drops.Limits) { c.Shutdown = func() { told.Add(1) } })
	k, secret := NewKey()
	k.Rights = []Right{Read, Write, Delete, List}
	s.h.cfg.Keys.Set([]Key{k})
	s.want(s.ask("DELETE", "/"+s.server, nil, "Authorization", "Bearer "+secret), 403, "permission")
	s.want(s.ask("DELETE", "/"+s.server, nil), 202, "")
	if told.Load() != 1 {
		t.Error(told.Load())
	}
}

// A disk that is full, and a store that is away, are told as that.
func TestBrokenStore(t *testing.T) {
	s := newSite(t, nil)
	b := random(10)
	for _, x := range []struct {
		err    error
		status int
		kind   string
	}{{bucket.ErrNoSpace, 507, "no-space"}, {bucket.ErrUnavailable, 503, "unreachable"}, {errors.New("/var/secret: strange"), 500, "internal"}} {
		own, err := blobs.Open(t.Context(), blobs.Config{Bucket: brokenBucket{s.bucket, x.err}, Scratch: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		s.with(own)
		a := s.ask("PUT", s.blob(b), bytes.NewReader(b))
		if s.want(a, x.status, x.kind); bytes.Contains(a.body, []byte("secret")) {
			t.Errorf("%s", a.body)
		}
		own.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) != 3 || !strings.Contains(s.faults[2].Error(), "strange") || strings.Contains(s.faults[2].Error(), s.server) {
		t.Errorf("%v", s.faults)
	}
}

type brokenBucket struct {
	bucket.Bucket
	err error
}

func (b brokenBucket) Put(context.Context, string, int64, io.Reader, bucket.Condition) (bucket.Object, error) {
	return bucket.Object{}, b.err
}
