package dav

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/webdav"

	"github.com/bargee/bargee/session"
)

// A bed is a directory that a Handler shows, and a client of it.
type bed struct {
	t     *testing.T
	dir   string
	spool string
	tree  *faultyTree
	url   string
}

// A faultyTree does what a test says in place of its own methods.
type faultyTree struct {
	session.Tree
	rename func(from, to session.Path) error
	list   func(session.Path) error // after the first entry
	put    error
	same   bool // what is put is there already
}

func (f *faultyTree) Rename(ctx context.Context, from, to session.Path) error {
	if f.rename != nil {
		if err := f.rename(from, to); err != nil {
			return err
		}
	}
	return f.Tree.Rename(ctx, from, to)
}

func (f *faultyTree) List(ctx context.Context, p session.Path) iter.Seq2[session.Entry, error] {
	return func(yield func(session.Entry, error) bool) {
		for e, err := range f.Tree.List(ctx, p) {
			if !yield(e, err) {
				return
			}
			if f.list != nil {
				if err := f.list(p); err != nil {
					yield(session.Entry{}, err)
					return
				}
			}
		}
	}
}

func newBed(t *testing.T, change func(*Config)) *bed {
	b := &bed{t: t, dir: t.TempDir(), spool: t.TempDir()}
	dir, err := session.OpenDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	b.tree = &faultyTree{Tree: dir}
	cfg := Config{Tree: b.tree, Put: b.put, Spool: b.spool, Wait: time.Minute, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	s := httptest.NewUnstartedServer(NewHandler(cfg))
	s.Config.ConnContext = withOwner
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	s.Start()
	t.Cleanup(s.Close)
	b.url = s.URL
	return b
}

// put is Config.Put by way of the disk.
func (b *bed) put(_ context.Context, u Upload) error {
	if b.tree.put != nil || b.tree.same {
		return b.tree.put
	}
	name := filepath.Join(b.dir, u.To.Raw())
	text, err := os.ReadFile(u.File)
	if err != nil {
		return err
	}
	fi, err := os.Stat(u.File)
	if err != nil {
		return err
	}
	if u.KeepMode {
		err = errors.Join(os.RemoveAll(name), os.WriteFile(name, text, fi.Mode()))
	} else {
		err = os.WriteFile(name, text, 0o644)
	}
	return errors.Join(err, os.Chtimes(name, time.Time{}, fi.ModTime()))
}

// do sends a request, whose headers are "Name: value", and returns status and body.
func (b *bed) do(method, path, text string, headers ...string) (int, string) {
	b.t.Helper()
	status, body, err := b.try(method, path, strings.NewReader(text), headers...)
	if err != nil {
		b.t.Fatal(err)
	}
	return status, body
}

func (b *bed) try(method, path string, text io.Reader, headers ...string) (int, string, error) {
	q, err := http.NewRequest(method, b.url+path, text)
	if err != nil {
		return 0, "", err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if q.Header.Set(name, value); name == "Host" {
			q.Host = value
		}
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	return a.StatusCode, string(body), err
}

func (b *bed) write(name, text string) {
	b.t.Helper()
	file := filepath.Join(b.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		b.t.Fatal(err)
	}
}

// has compares what lies in the directory, as "name=text name/ ...".
func (b *bed) has(want string) {
	b.t.Helper()
	var all []string
	err := filepath.WalkDir(b.dir, func(name string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(b.dir, name)
		switch {
		case err != nil || rel == ".":
		case d.IsDir():
			all = append(all, rel+"/")
		default:
			text, _ := os.ReadFile(name)
			all = append(all, rel+"="+string(text))
		}
		return err
	})
	if got := strings.Join(all, " "); err != nil || got != want {
		b.t.Errorf("there is %q, want %q (%v)", got, want, err)
	}
	if left, err := os.ReadDir(b.spool); err != nil || len(left) > 0 {
		b.t.Errorf("in the spool is %v (%v)", left, err)
	}
}

// An incomplete PUT, however it ends, leaves what there was.
func TestPutThatIsCutLeavesTheOldFile(t *testing.T) {
	b := newBed(t, nil)
	b.write("a", "old")
	cut := io.MultiReader(strings.NewReader("new, and more"), iotestReader{errors.New("cut")})
	if _, _, err := b.try("PUT", "/a", cut); err == nil {
		t.Error("a request that was cut off was answered")
	}
	eventually(t, func() bool { // the request's lock goes when the server has seen its end
		status, _ := b.do("MKCOL", "/a", "")
		return status == http.StatusMethodNotAllowed
	})
	b.tree.put = &session.Error{Kind: session.NoSpace, Err: errors.New("the disk is full")}
	if status, body := b.do("PUT", "/a", "new"); status != http.StatusInsufficientStorage || body != "the disk is full\n" {
		t.Errorf("answered %d %q", status, body)
	}
	b.tree.put = nil
	if status, _ := b.do("PUT", "/a", "ne", "Content-Range: bytes 0-1/3"); status != http.StatusBadRequest {
		t.Errorf("a part was answered with %d", status)
	}
	if status, _ := b.do("PUT", "/none/a", "new"); status != http.StatusConflict {
		t.Errorf("without a directory: %d", status)
	}
	eventually(t, func() bool { left, err := os.ReadDir(b.spool); return err == nil && len(left) == 0 })
	b.has("a=old")
	if status, _ := b.do("PUT", "/a", "new", "X-OC-Mtime: 981173106"); status != http.StatusCreated {
		t.Errorf("answered %d", status)
	}
	b.has("a=new")
	b.tree.same = true
	if status, _ := b.do("PUT", "/a", "new", "X-OC-Mtime: 1577934245"); status != http.StatusCreated {
		t.Errorf("answered %d", status)
	}
	if fi, err := os.Stat(filepath.Join(b.dir, "a")); err != nil || fi.ModTime().Unix() != 1577934245 || fi.Mode() != 0o644 {
		t.Errorf("it is %v", fi)
	}
}

type iotestReader struct{ err error }

func (r iotestReader) Read([]byte) (int, error) { return 0, r.err }

// eventually waits for what a goroutine of the server does after its client has gone.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("it did not come to that in a minute")
		}
	}
}

// What a MOVE or COPY would replace is there again if it fails, and so is what was to
// be moved.
func TestWhatIsReplacedComesBack(t *testing.T) {
	b := newBed(t, nil)
	b.write("a", "new")
	b.write("b", "old")
	to := "Destination: " + b.url + "/b"
	b.tree.rename = func(from, to session.Path) error {
		if from.Raw() == "a" {
			return &session.Error{Kind: session.Permission, Err: errors.New("not that one")}
		}
		return nil
	}
	if status, _ := b.do("MOVE", "/a", "", to); status != http.StatusForbidden {
		t.Errorf("MOVE: %d", status)
	}
	b.has("a=new b=old")
	b.tree.rename, b.tree.put = nil, &session.Error{Kind: session.Unreachable, Err: errors.New("gone")}
	if status, _ := b.do("COPY", "/a", "", to); status != http.StatusGatewayTimeout {
		t.Errorf("COPY: %d", status)
	}
	b.has("a=new b=old")
	b.tree.put = nil
	if status, _ := b.do("MOVE", "/a", "", to, "Overwrite: F"); status != http.StatusPreconditionFailed {
		t.Errorf("MOVE that replaces nothing: %d", status)
	}
	if status, _ := b.do("COPY", "/a", "", to); status != http.StatusNoContent {
		t.Errorf("COPY: %d", status)
	}
	b.has("a=new b=new")
	b.write("b", "old")
	if status, _ := b.do("MOVE", "/a", "", to); status != http.StatusNoContent {
		t.Errorf("MOVE: %d", status)
	}
	b.has("b=new")
}

// A move that was done although it seemed to fail has brought the only copy there is.
func TestMoveThatOnlySeemedToFail(t *testing.T) {
	b := newBed(t, nil)
	b.write("a", "new")
	b.write("b", "old")
	b.tree.rename = func(from, to session.Path) error {
		if from.Raw() != "a" {
			return nil
		}
		return errors.Join(os.Rename(filepath.Join(b.dir, "a"), filepath.Join(b.dir, "b")), &session.Error{Kind: session.Timeout, Err: errors.New("no answer")})
	}
	b.do("MOVE", "/a", "", "Destination: "+b.url+"/b")
	if text, err := os.ReadFile(filepath.Join(b.dir, "b")); err != nil || string(text) != "new" {
		t.Errorf("b is %q (%v)", text, err)
	}
	left, err := filepath.Glob(filepath.Join(b.dir, ".bargee-aside-*"))
	if err != nil || len(left) != 1 {
		t.Errorf("beside it lies %v (%v)", left, err)
	}
}

func TestNothingGoesIntoItself(t *testing.T) {
	b := newBed(t, nil)
	b.write("a/b/c", "text")
	for _, to := range [][2]string{{"/a", "/a/d"}, {"/a", "/a/b/c/d"}, {"/a/b", "/a"}, {"/a/b", "/"}, {"/", "/x"}} {
		for _, method := range []string{"COPY", "MOVE"} {
			if status, _ := b.do(method, to[0], "", "Destination: "+b.url+to[1]); status != http.StatusForbidden {
				t.Errorf("%s %s to %s: %d", method, to[0], to[1], status)
			}
		}
	}
	if status, _ := b.do("DELETE", "/", ""); status != http.StatusForbidden {
		t.Errorf("DELETE of the root: %d", status)
	}
	b.has("a/ a/b/ a/b/c=text")
}

// A listing that is cut short must not look like one of a smaller directory.
func TestListingIsWholeOrFails(t *testing.T) {
	for _, kind := range []session.Kind{session.Permission, session.NotFound, session.Unreachable} {
		b := newBed(t, nil)
		b.write("d/a", "")
		b.write("d/b", "")
		if status, body := b.do("PROPFIND", "/d", "", "Depth: 1"); status != http.StatusMultiStatus || strings.Count(body, "<D:response>") != 3 {
			t.Fatalf("%d %s", status, body)
		}
		b.tree.list = func(session.Path) error { return &session.Error{Kind: kind, Err: errors.New("no more")} }
		status, body, err := b.try("PROPFIND", "/d", strings.NewReader(""), "Depth: 1")
		if err == nil && status == http.StatusMultiStatus {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}

func TestLinksAreNotShownNorReplaced(t *testing.T) {
	b := newBed(t, nil)
	b.write("d/a", "text")
	if err := os.Symlink("a", filepath.Join(b.dir, "d", "link")); err != nil {
		t.Skip(err)
	}
	if _, body := b.do("PROPFIND", "/d", "", "Depth: 1"); strings.Contains(body, "link") {
		t.Error("a link was listed")
	}
	if status, _ := b.do("GET", "/d/link", ""); status != http.StatusNotFound {
		t.Errorf("GET: %d", status)
	}
	if status, _ := b.do("PUT", "/d/link", "new"); status != http.StatusForbidden {
		t.Errorf("PUT: %d", status)
	}
	b.has("d/ d/a=text d/link=text")
}

func TestReadOnly(t *testing.T) {
	b := newBed(t, func(c *Config) { c.ReadOnly = true })
	b.write("a", "0123456789")
	if status, body := b.do("GET", "/a", "", "Range: bytes=3-5"); status != http.StatusPartialContent || body != "345" {
		t.Errorf("GET: %d %q", status, body)
	}
	set := `<?xml version="1.0"?><d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><x xmlns="y">1</x></d:prop></d:set></d:propertyupdate>`
	for _, q := range [][]string{{"PUT", "/a", "x"}, {"PUT", "/b", "x"}, {"DELETE", "/a", ""}, {"MKCOL", "/d", ""},
		{"MOVE", "/a", "", "Destination: " + b.url + "/b"}, {"COPY", "/a", "", "Destination: " + b.url + "/b"}} {
		if status, _ := b.do(q[0], q[1], q[2], q[3:]...); status != http.StatusForbidden {
			t.Errorf("%s: %d", q[0], status)
		}
	}
	if _, body := b.do("PROPPATCH", "/a", set); !strings.Contains(body, "403 Forbidden") {
		t.Errorf("PROPPATCH: %s", body)
	}
	b.has("a=0123456789")
}

func TestConditions(t *testing.T) {
	b := newBed(t, nil)
	b.write("a", "old")
	_, body := b.do("PROPFIND", "/a", "", "Depth: 0")
	_, rest, _ := strings.Cut(body, "<D:getetag>")
	tag, _, _ := strings.Cut(rest, "</D:getetag>")
	tag = strings.ReplaceAll(tag, "&#34;", `"`)
	for _, c := range []struct {
		method, path, header string
		status               int
	}{
		{"PUT", "/a", "If-None-Match: *", 412},
		{"PUT", "/a", `If-Match: "other"`, 412},
		{"PUT", "/new", "If-Match: *", 412},
		{"DELETE", "/a", `If-Match: "other"`, 412},
		{"PUT", "/a", `If: (["other"])`, 412},
		{"PUT", "/a", `If: (Not ["other"])`, 201},
		{"PUT", "/new", "If-None-Match: *", 201},
	} {
		if status, _ := b.do(c.method, c.path, "x", c.header); status != c.status {
			t.Errorf("%s %s with %s: %d, want %d", c.method, c.path, c.header, status, c.status)
		}
	}
	b.write("a", "old")
	if fi, err := os.Stat(filepath.Join(b.dir, "a")); err == nil {
		tag = etag(session.Entry{Modified: fi.ModTime(), Size: fi.Size()})
	}
	if status, _ := b.do("DELETE", "/a", "", `If-Match: "x", `+tag); status != http.StatusNoContent {
		t.Errorf("DELETE of %s: %d", tag, status)
	}
	b.has("new=x")
}

func TestBodiesInXMLAreBounded(t *testing.T) {
	b := newBed(t, nil)
	if status, _ := b.do("PROPFIND", "/", string(bytes.Repeat([]byte(" "), maxXML+1))); status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", status)
	}
}

func TestPropertiesAreBounded(t *testing.T) {
	p := newProperties()
	set := func(name string, bytes int) bool {
		return p.change(name, func(all map[xml.Name]webdav.Property) {
			all[xml.Name{Local: "x"}] = webdav.Property{InnerXML: make([]byte, bytes)}
		})
	}
	if !set("/d/a", maxPropBytes-1) || set("/d/b", 10) || !set("/d/a", 1) || !set("/d/b", maxPropBytes/2) {
		t.Error("bytes are not bounded as they should be")
	}
	p.move("/d", "/e")
	if len(p.get("/e/b")) != 1 || len(p.get("/d/b")) != 0 {
		t.Error("what is moved does not keep its properties")
	}
	if p.remove("/e"); p.count != 0 || p.bytes != 0 || len(p.of) != 0 {
		t.Errorf("%d properties of %d bytes are left", p.count, p.bytes)
	}
	for i := range maxProps {
		set(fmt.Sprint("/", i), 1)
	}
	if set("/more", 1) {
		t.Error("their number is not bounded")
	}
}
