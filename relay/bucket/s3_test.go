package bucket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/s3test"
)

// startS3 starts a server; where there is none to start the test is skipped.
func startS3(t *testing.T) *s3test.Server {
	t.Helper()
	s := s3test.New(t)
	s.Start()
	return s
}

func openS3(t *testing.T, s *s3test.Server, prefix string) *S3 {
	t.Helper()
	b, err := Open(t.Context(), s.Location(prefix))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b.(*S3)
}

func TestS3(t *testing.T) {
	server := startS3(t)
	t.Run("whole bucket", func(t *testing.T) { conform(t, openS3(t, server, "")) })
	t.Run("below a prefix", func(t *testing.T) {
		b := openS3(t, server, "/below/this")
		conform(t, b)
		if got := keysOf(t, openS3(t, server, ""), "below"); len(got) == 0 {
			t.Error("nothing is below the prefix")
		}
	})
}

// What is longer than a part goes in parts; one that breaks leaves nothing.
func TestS3Parts(t *testing.T) {
	b := openS3(t, startS3(t), "")
	b.part = 5 << 20 // the least that a store takes
	content := make([]byte, 11<<20+5)
	rand.Read(content)
	put := func(r io.Reader, c Condition) error {
		_, err := b.Put(t.Context(), "parts/x", int64(len(content)), r, c)
		return err
	}
	broken := errors.New("broken")
	for want, r := range map[error]io.Reader{
		ErrLength: strings.NewReader(string(content[:len(content)-1])),
		broken:    io.MultiReader(strings.NewReader(string(content[:6<<20])), &failingReader{broken}),
	} {
		if err := put(r, Condition{}); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if keys := keysOf(t, b, "parts"); len(keys) > 0 {
		t.Errorf("kept: %q", keys)
	}
	if err := put(strings.NewReader(string(content)), Condition{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := ReadAll(t.Context(), b, "parts/x", 1<<30); err != nil || string(got) != string(content) {
		t.Errorf("%d bytes: %v", len(got), err)
	}
	if err := put(strings.NewReader(string(content)), Condition{IfAbsent: true}); !errors.Is(err, ErrExists) {
		t.Errorf("once more: %v", err)
	}
}

type failingReader struct{ err error }

func (f *failingReader) Read([]byte) (int, error) { return 0, f.err }

// A server that ends and comes back: what is asked meanwhile is unavailable, soon, and
// what is asked afterwards is as before.
func TestS3ThatEndsAndComesBack(t *testing.T) {
	server := startS3(t)
	b := openS3(t, server, "")
	if _, err := b.Put(t.Context(), "a/b", 5, strings.NewReader("hello"), Condition{}); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	var wg sync.WaitGroup
	for what, ask := range map[string]func() error{
		"stat": func() error { _, err := b.Stat(t.Context(), "a/b"); return err },
		"open": func() error { _, _, err := b.Open(t.Context(), "a/b"); return err },
		"put":  func() error { _, err := b.Put(t.Context(), "a/c", 1, strings.NewReader("x"), Condition{}); return err },
		"list": func() error {
			for _, err := range b.List(t.Context(), "a") {
				return err
			}
			return nil
		},
		"names": func() error {
			for _, err := range b.Names(t.Context(), "a") {
				return err
			}
			return nil
		},
		"delete":       func() error { return b.Delete(t.Context(), "a/b") },
		"delete all":   func() error { return b.DeleteAll(t.Context(), "a") },
		"open a store": func() error { _, err := Open(t.Context(), server.Location("")); return err },
	} {
		wg.Go(func() {
			if err := ask(); !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	wg.Wait()
	server.Start()
	if got, _, err := ReadAll(t.Context(), b, "a/b", 10); err != nil || string(got) != "hello" {
		t.Errorf("%q %v", got, err)
	}
}

func TestS3WithoutBucketOrKeys(t *testing.T) {
	server := startS3(t)
	if _, err := Open(t.Context(), strings.Replace(server.Location(""), "//bucket", "//no-bucket", 1)); err == nil || !strings.Contains(err.Error(), "no bucket no-bucket") || !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if _, err := Open(t.Context(), server.Location("")); err == nil || !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "SignatureDoesNotMatch") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("%v", err)
	}
}

// fakeS3 is a store of a test's that answers as it wants.
func fakeS3(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "y")
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return "s3://bucket?endpoint=" + server.URL
}

// stored says that all went well.
func stored(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"1"`)
	if r.Method == http.MethodDelete {
		w.WriteHeader(http.StatusNoContent)
	}
}

// One that takes every PUT, whatever its condition, cannot count downloads.
func TestS3WithoutConditions(t *testing.T) {
	location := fakeS3(t, stored)
	if _, err := Open(t.Context(), location); err == nil || !strings.Contains(err.Error(), "If-None-Match") {
		t.Errorf("%v", err)
	}
}

// One that is busy is asked again, a few times; one that has no room says so.
func TestS3ThatIsBusyOrFull(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	location := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path]++
		switch {
		case strings.Contains(r.URL.Path, "probe") && r.Method == http.MethodPut && asked[r.URL.Path] > 1:
			w.WriteHeader(http.StatusPreconditionFailed)
			fmt.Fprint(w, "<Error><Code>PreconditionFailed</Code></Error>")
		case strings.HasSuffix(r.URL.Path, "busy") && asked[r.URL.Path] < 3, strings.HasSuffix(r.URL.Path, "gone"):
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "<Error><Code>SlowDown</Code></Error>")
		case strings.HasSuffix(r.URL.Path, "full"):
			w.WriteHeader(http.StatusInsufficientStorage)
			fmt.Fprint(w, "<Error><Code>XMinioStorageFull</Code></Error>")
		default:
			stored(w, r)
		}
	})
	b, err := Open(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]error{"busy": nil, "gone": ErrUnavailable, "full": ErrNoSpace} {
		if _, err := b.Put(t.Context(), key, 1, strings.NewReader("x"), Condition{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", key, err, want)
		}
	}
	if asked["/bucket/busy"] != 3 || asked["/bucket/gone"] != s3Tries {
		t.Errorf("asked so often: %v", asked)
	}
}

// Who waits for a store that does not answer can be called off.
func TestS3ThatIsSlow(t *testing.T) {
	ended := make(chan struct{})
	location := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	})
	defer close(ended)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() {
		_, err := Open(ctx, location)
		got <- err
	}()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A connection on which nothing moves fails by itself.
func TestRestless(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	var set []time.Time
	c := &restless{Conn: &deadlines{Conn: a, set: &set}}
	go b.Write([]byte("x"))
	c.Read(make([]byte, 1))
	go b.Read(make([]byte, 1))
	c.Write([]byte("y"))
	if len(set) != 2 || time.Until(set[0]) > s3Idle || time.Until(set[1]) > s3Idle {
		t.Errorf("deadlines: %v", set)
	}
}

type deadlines struct {
	net.Conn
	set *[]time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { *d.set = append(*d.set, t); return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { *d.set = append(*d.set, t); return nil }

func TestLocations(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	for location, want := range map[string]S3Options{
		"s3://b":                                  {Bucket: "b", Region: "us-east-1", host: "s3.amazonaws.com", secure: true, virtual: true},
		"s3://b/p/q/?region=eu":                   {Bucket: "b", Prefix: "p/q/", Region: "eu", host: "s3.amazonaws.com", secure: true, virtual: true},
		"s3://b?endpoint=http://h:1":              {Bucket: "b", Region: "us-east-1", host: "h:1"},
		"s3://b?endpoint=https://h&style=virtual": {Bucket: "b", Region: "us-east-1", host: "h", secure: true, virtual: true},
	} {
		got, err := ParseS3(location)
		if strings.Contains(fmt.Sprint(got), "very-secret") {
			t.Errorf("%s tells a secret: %v", location, got)
		}
		want.keys, want.endpoint = got.keys, got.endpoint
		if err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", location, got, err, want)
		}
	}
	for _, location := range []string{"s3://", "s3:b", "s3://id:very-secret@b", "s3://b/../c", "s3://b?x=1", "s3://b?style=odd", "s3://b#f",
		"s3://b?endpoint=h", "s3://b?endpoint=ftp://h", "s3://b?endpoint=http://h/path", "s3://b?%zz", "s3://very-secret:@b\x7f", "file://host/x", "file:x"} {
		if got, err := Open(t.Context(), location); err == nil || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%q: %v %v", location, got, err)
		}
		if !IsURL(location) {
			t.Errorf("%q is a URL", location)
		}
	}
	dir := t.TempDir()
	for _, location := range []string{filepath.Join(dir, "plain"), "file://" + filepath.ToSlash(filepath.Join(dir, "url"))} {
		b, err := Open(t.Context(), location)
		if err != nil {
			t.Error(err)
			continue
		}
		b.Close()
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if _, err := ParseS3("s3://b"); err == nil || !strings.Contains(err.Error(), "AWS_SECRET_ACCESS_KEY") {
		t.Errorf("%v", err)
	}
}
