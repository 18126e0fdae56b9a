package web

import (
	"bytes"
	"sync"
	"testing"

	"github.com/bargee/bargee/internal/s3test"
	"github.com/bargee/bargee/relay/bucket"
)

// siteOnS3 is a site whose bucket is in a real S3 server.
func siteOnS3(t *testing.T, server *s3test.Server, prefix string) *site {
	t.Helper()
	b, err := bucket.Open(t.Context(), server.Location(prefix))
	if err != nil {
		t.Fatal(err)
	}
	return newSiteOn(t, b, nil)
}

// In an object store all is as in a directory: verbs, ranges, several who store
// and remove at once.
func TestBlobsOnS3(t *testing.T) {
	server := s3test.New(t)
	server.Start()
	t.Run("verbs", func(t *testing.T) { testBlobVerbs(siteOnS3(t, server, "/verbs")) })
	t.Run("at once", func(t *testing.T) { testBlobAtOnce(siteOnS3(t, server, "/once")) })
}

// The object store goes away in the middle of an upload in pieces, and comes back: what
// is asked meanwhile is 503, what was acknowledged is there, and the upload goes on
// where it was. What is stored is longer than a part of an upload.
func TestBlobsWhileS3IsAway(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for seconds")
	}
	server := s3test.New(t)
	server.Start()
	s := siteOnS3(t, server, "")
	long, short := random(17<<20), random(1000)
	s.want(s.ask("PUT", s.blob(short), bytes.NewReader(short)), 201, "")
	s.want(s.ask("PUT", s.blob(long), bytes.NewReader(long[:9<<20]), "Content-Range", "bytes 0-9437183/17825792"), 202, "")
	server.Stop()
	var all sync.WaitGroup
	for _, x := range []struct {
		method string
		b      []byte
	}{{"GET", short}, {"PUT", long}, {"DELETE", short}, {"GET", long}, {"PUT", long[:2000]}} {
		all.Go(func() {
			a := s.ask(x.method, s.blob(x.b), bytes.NewReader(x.b))
			if s.want(a, 503, "unreachable"); a.head.Get("Retry-After") == "" {
				t.Errorf("%s: %v", x.method, a.head)
			}
		})
	}
	all.Wait()
	server.Start()
	s.want(s.ask("PUT", s.blob(long), bytes.NewReader(long[9<<20:]), "Content-Range", "bytes 9437184-17825791/17825792"), 201, "")
	for _, b := range [][]byte{short, long} {
		if a := s.ask("GET", s.blob(b), nil); a.status != 200 || !bytes.Equal(a.body, b) {
			t.Errorf("%d, %d bytes", a.status, len(a.body))
		}
		s.want(s.ask("DELETE", s.blob(b), nil), 204, "")
	}
	if keys := s.kept(); len(keys) > 0 {
		t.Errorf("kept: %v", keys)
	}
}
